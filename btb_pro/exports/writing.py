"""What every format is told beside the data set, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile
from btb_pro.exports.names import Names
from btb_pro.refusals import PlainRefusal


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a data set is written."""

    labels: str
    """The language of labels, where a format has room for one."""
    codebook: tuple[str, ...]
    """The languages of the code book."""
    names: Names
    """What things are called; of the format's own receiver where it has one."""


class CannotBeWritten(PlainRefusal):
    """A format has no room for what is stored. The message says what to do."""


Writer = Callable[[Dataset, Path, WriteOptions], tuple[WrittenFile, ...]]
"""A format: writes a data set's files into a folder.

It raises OSError when the folder cannot be written, and CannotBeWritten.
"""
