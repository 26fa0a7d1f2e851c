"""Everything that a running instance knows, joined once at its start.

The types stand here for the reader and the type checker: whoever is handed a runtime uses what is in it and
need not know how settings are read or keys are derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from btb_pro.config import Settings
    from btb_pro.db import Database
    from btb_pro.instruments.model import Instrument
    from btb_pro.links import LinkSigner
    from btb_pro.security import Sealer
    from btb_pro.study import Study


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings, study, instruments, database and keys of one instance."""

    settings: "Settings"
    study: "Study"
    instruments: "Mapping[str, Instrument]"
    database: "Database"
    links: "LinkSigner"
    sealer: "Sealer"
