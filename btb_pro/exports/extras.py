"""Libraries that only some exports need, and that a plain install leaves out."""

from importlib import import_module
from typing import Any

from btb_pro.exports.writing import CannotBeWritten


def extra_library(module: str, extra: str) -> Any:
    """A library of one of the package's extras.

    Raises:
        CannotBeWritten: it is not installed. The message says what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise CannotBeWritten(
            f"This needs a library that is not installed ({error.name}): "
            f"run pip install 'btb-pro[{extra}]', then try again."
        ) from error
