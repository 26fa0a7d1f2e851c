"""What every HTML page must keep to; all tests open pages through a client that asks for it."""

import re
from xml.etree.ElementTree import Element

import html5lib

_PAGES = {"start", "parts", "items", "review", "receipt", "step", "dead"}


def parse(html: str) -> Element:
    """The page as a tree without namespaces; parse errors are failures."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    document = parser.parse(html)
    assert not parser.errors, [(error[0], error[1]) for error in parser.errors]
    assert isinstance(document, Element)
    # What stands in a template is no part of the page until a script puts it there.
    for template in document.iter("template"):
        template[:] = []
    return document


def faults_of(html: str, parsed: Element | None = None) -> list[str]:
    """What is wrong with a participant's page, empty when nothing is."""
    document = parse(html) if parsed is None else parsed
    ids = [element.get("id", "") for element in document.iter() if element.get("id")]
    faults = [f"id {one!r} twice" for one in sorted({one for one in ids if ids.count(one) > 1})]
    if len(list(document.iter("h1"))) != 1:
        faults.append("not one h1")
    title = document.find("head/title")
    if title is None or not (title.text or "").strip():
        faults.append("no title")
    if document.get("lang") not in ("nb", "en"):
        faults.append("no language")
    body = document.find("body")
    page = "" if body is None else body.get("data-page", "")
    if page not in _PAGES and not page.startswith("console-"):
        faults.append("no data-page")
    referred = [
        target
        for element in document.iter()
        for name in ("for", "form", "aria-describedby", "aria-labelledby")
        for target in (element.get(name) or "").split()
    ]
    faults += [f"nothing has the id {target!r}" for target in sorted(set(referred) - set(ids))]
    words = [text for one in document.iter() if one.tag != "style" for text in (one.text, one.tail) if text]
    if re.search(r"\{\{|\}\}|%\(\w+\)s|None\b(?!\w)", "".join(words)):
        faults.append("a placeholder is left in the text")
    if re.search(r"\son\w+=|\sstyle=", html):
        faults.append("an inline handler or style")
    return faults
