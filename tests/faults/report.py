"""Meeting one fault, and the table: fault, points, acknowledged, lost, doubled, changed, seconds."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from traceback import format_exception

from tests.faults.load import Verdict
from tests.support.engines import close_server


@dataclass(frozen=True, slots=True)
class Result:
    """One fault, tried at so many points."""

    fault: str
    points: int
    verdict: Verdict
    slowest_recovery_s: float = 0
    must_fail: bool = False
    """A control: had it lost nothing, the harness would be blind."""

    @property
    def is_as_it_must_be(self) -> bool:
        """Nothing lost, or for a control, something."""
        return self.verdict.lost > 0 if self.must_fail else self.verdict.is_good


class NotAsItMustBe(AssertionError):
    """Something acknowledged was lost, doubled or changed, or the fault was not met to its end."""


Fault = Callable[[Path], Result]

_COLUMNS = f"{'acknowledged':>13}{'lost':>7}{'doubled':>9}{'changed':>9}{'bare 5xx':>10}{'recovery':>10}"
HEADING = f"{'fault':<52}{'points':>7}{_COLUMNS}{'seconds':>9}"


def line(result: Result, seconds: float) -> str:
    """One row of the table."""
    found = result.verdict
    what = f"{result.fault:<52}{result.points:>7}"
    numbers = f"{found.acknowledged:>13}{found.lost:>7}{found.doubled:>9}{found.changed:>9}"
    recovery = f"{result.slowest_recovery_s:.1f} s" if result.slowest_recovery_s else "-"
    return f"{what}{numbers}{found.bare_errors:>10}{recovery:>10}{seconds:>9.0f}"


def meet(fault: Fault) -> str:
    """One fault, in a folder and on a database server of its own: its row of the table.

    Raises:
        NotAsItMustBe: with the row, and with what broke if the fault could not be met to its end.
    """
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="btb-faults-") as folder:
            result = fault(Path(folder))
    except Exception as error:
        raise NotAsItMustBe(f"{fault}  <- BROKE\n{''.join(format_exception(error))}") from error
    finally:
        close_server()
    row = line(result, time.monotonic() - began)
    if not result.is_as_it_must_be:
        raise NotAsItMustBe(f"{row}  <- NOT AS IT MUST BE")
    return row
