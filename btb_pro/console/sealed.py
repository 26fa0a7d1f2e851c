"""What a page carries to the next one, sealed: nobody can confirm anything but what that person was shown."""

import base64
import zlib

from btb_pro.console.desk import signed_in
from btb_pro.security import SealBroken
from btb_pro.this_request import runtime


def seal(text: str, purpose: str) -> str:
    """Text as a hidden field carries it."""
    packed = base64.b85encode(zlib.compress(text.encode())).decode()
    return base64.urlsafe_b64encode(runtime().sealer.seal(packed, _context(purpose))).decode()


def unseal(sealed: str, purpose: str) -> str:
    """The text that was sealed for that purpose and this person. Raises SealBroken."""
    try:
        packed = runtime().sealer.open(base64.urlsafe_b64decode(sealed.encode()), _context(purpose))
    except ValueError as error:
        raise SealBroken from error
    return zlib.decompress(base64.b85decode(packed)).decode()


def _context(purpose: str) -> str:
    return f"{purpose}/{signed_in().staff_id}"
