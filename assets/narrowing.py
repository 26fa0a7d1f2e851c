"""Narrows Designsystemet's selectors: a tap has a browser look at one question, not at the page.

Its fields are told apart by what they contain, as in `.ds-field:has(input[type=radio])`, for any page that
somebody may write. A browser then has to find out after every tap, every move of the focus and every change
of a text what contains what: on a slow phone that took longer than drawing the next page. Our own pages name
such fields by class (`choice`, `cell`), and have no fields that are shut or only to be read.
"""

import re
from collections.abc import Sequence

# What stands there, and what says the same of our pages.
OF_OUR_PAGES = (
    (":has(input[type=radio],input[type=checkbox])", ":is(.choice,.cell)"),
    (":has(input:focus-visible) *", ":has(input:focus-visible) .ds-input"),
    (":has(label):not(:has(label:hover)) .ds-input", ".ds-input"),
)
# Rules that our pages have no use for: fields that are shut or only to be read, pictures inside of links.
USELESS = re.compile(r":has\([^{]*(?:readonly|disabled)|:has\(>\s*span\)")
_RULE = re.compile(r"([^{};]+)\{[^{}]*\}")


class SelectorGone(Exception):
    """Designsystemet no longer has a selector that is narrowed here: look what came in its place."""


def narrowed(sheets: Sequence[str]) -> list[str]:
    """The style sheets of Designsystemet's components with the selectors that suffice for our pages.

    Raises:
        SelectorGone: see the class.
    """
    whole = "\0".join(sheets)
    for wide, narrow in OF_OUR_PAGES:
        if wide not in whole:
            raise SelectorGone(wide)
        whole = whole.replace(wide, narrow)
    return _RULE.sub(lambda rule: "" if USELESS.search(rule[1]) else rule[0], whole).split("\0")
