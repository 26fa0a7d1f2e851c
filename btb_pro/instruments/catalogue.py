"""The instruments of a folder, the packaged ones unless another is named."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from btb_pro.instruments.checks import read_and_check
from btb_pro.instruments.model import Instrument
from btb_pro.instruments.problems import InstrumentFileError


def instrument_files(folder: Path) -> list[Path]:
    """The instrument files of a folder, overlays included, in the order of their names."""
    return sorted(folder.glob("*.yaml"))


def load_instruments(folder: Path | None = None) -> Mapping[str, Instrument]:
    """Code to instrument, in the order of the files' names. The packaged ones are read once per process.

    Raises InstrumentFileError with every mistake, when there is one.
    """
    return _load_packaged() if folder is None else _load(folder)


@cache
def _load_packaged() -> Mapping[str, Instrument]:
    with resources.as_file(resources.files("btb_pro.instruments")) as folder:
        return _load(folder)


def _load(folder: Path) -> Mapping[str, Instrument]:
    instruments, problems = read_and_check(instrument_files(folder))
    if problems:
        raise InstrumentFileError(tuple(problems))
    return MappingProxyType({instrument.code: instrument for instrument in instruments.values()})
