"""A browser without JavaScript and without pictures: follows links, fills in the main form, presses buttons.

It knows what every browser knows about forms, and nothing of btb_pro.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.page_check import faults_of, parse


@dataclass
class PlainBrowser:
    """One browser with its own cookies. `language` is its Accept-Language."""

    client: FlaskClient
    language: str = "nb"
    address: str = ""
    status: int = 0
    html: str = ""
    document: Element = field(default_factory=lambda: Element("html"))
    values: list[tuple[str, str]] = field(default_factory=list)
    form_id: str = ""
    """Of the form that is being filled in; the first in main if none was picked."""

    def open(self, address: str) -> "PlainBrowser":
        """Go to an address and follow redirects."""
        return self._take(self.client.get(address, headers=self._headers()), address)

    @property
    def page(self) -> str:
        """The kind of page that is shown."""
        body = self.document.find("body")
        assert body is not None
        return body.get("data-page", "")

    @property
    def text(self) -> str:
        """All text of the page, white space made single."""
        return " ".join("".join(self.document.itertext()).split())

    @property
    def heading(self) -> str:
        """The page's h1."""
        return " ".join("".join(next(self.document.iter("h1")).itertext()).split())

    @property
    def main_form(self) -> Element:
        """The form that was picked, else the first in main."""
        forms = list(next(self.document.iter("main")).iter("form"))
        return next(one for one in forms if not self.form_id or one.get("id") == self.form_id)

    def pick(self, form_id: str) -> "PlainBrowser":
        """Turn to another form of the page."""
        self.form_id = form_id
        self.values = list(self._controls())
        return self

    def names(self) -> list[str]:
        """Names of the form's fields that a person fills in, in order, each once."""
        kinds = ("hidden", "submit")
        found = [one.get("name", "") for one in self.main_form.iter("input") if one.get("type") not in kinds]
        return list(dict.fromkeys(found))

    def inputs(self, name: str) -> list[Element]:
        """The visible inputs of that name."""
        return [
            one
            for one in self.main_form.iter("input")
            if one.get("name") == name and one.get("type") != "hidden"
        ]

    def value(self, name: str) -> list[str]:
        """What the form would send for a name."""
        return [value for key, value in self.values if key == name]

    def fill(self, name: str, *given: str) -> "PlainBrowser":
        """Choose, tick or type."""
        hidden = [(key, value) for key, value in self._controls() if key == name and value == ""]
        kinds = {one.get("type") for one in self.inputs(name)}
        kept = [pair for pair in self.values if pair[0] != name]
        ticks = hidden if "checkbox" in kinds else []
        self.values = kept + ticks + [(name, value) for value in given]
        return self

    def press(self, button: str = "", value: str = "") -> "PlainBrowser":
        """Send the main form with a button: the first one (as Enter does), or the one of that name."""
        pressed = self._button(button, value)
        name = pressed.get("name")
        sent = [*self.values, *([(name, pressed.get("value", ""))] if name else [])]
        return self.send(self.main_form.get("action") or self.address, sent)

    def send(self, address: str, sent: Iterable[tuple[str, str]]) -> "PlainBrowser":
        """Post pairs, as a form would."""
        response = self.client.post(
            urljoin(self.address, address),
            data=urlencode(list(sent)),
            content_type="application/x-www-form-urlencoded",
            headers=self._headers(),
        )
        return self._take(response, urljoin(self.address, address))

    def link(self, text: str) -> str:
        """Address of the first link whose text holds some words."""
        for one in self.document.iter("a"):
            if text in " ".join("".join(one.itertext()).split()):
                return urljoin(self.address, one.get("href", ""))
        raise AssertionError(f"no link {text!r} on {self.address}")

    def _headers(self) -> dict[str, str]:
        return {"Accept-Language": self.language}

    def _take(self, response: TestResponse, address: str) -> "PlainBrowser":
        while response.status_code in (301, 302, 303, 307, 308):
            address = urljoin(address, response.headers["Location"])
            parts = urlsplit(address)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            response = self.client.get(path, headers=self._headers())
        parts = urlsplit(address)
        self.address = parts.path + (f"?{parts.query}" if parts.query else "")
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        self.document = parse(self.html)
        faults = faults_of(self.html, self.document)
        assert not faults, (self.address, faults)
        self.form_id = ""
        has_form = any(True for _ in next(self.document.iter("main")).iter("form"))
        self.values = list(self._controls()) if has_form and self.page not in ("dead", "receipt") else []
        return self

    def _controls(self) -> Iterable[tuple[str, str]]:
        for one in self.main_form.iter("input"):
            kind, name = one.get("type", "text"), one.get("name")
            if name and (kind not in ("radio", "checkbox") or one.get("checked") is not None):
                yield name, one.get("value", "")
        for one in self.main_form.iter("select"):
            options = list(one.iter("option"))
            chosen = [option for option in options if option.get("selected") is not None] or options[:1]
            yield from ((one.get("name", ""), option.get("value", "")) for option in chosen)
        for one in self.main_form.iter("textarea"):
            yield one.get("name", ""), "\r\n".join((one.text or "").split("\n"))

    def _button(self, name: str, value: str) -> Element:
        form_id = self.main_form.get("id")
        inside = set(self.main_form.iter("button"))
        for one in self.document.iter("button"):
            if one not in inside and one.get("form") != form_id:
                continue
            if not name or (one.get("name") == name and (not value or one.get("value") == value)):
                return one
        raise AssertionError(f"no button {name!r} {value!r} on {self.address}")
