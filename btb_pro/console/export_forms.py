"""The form that says what to take out."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import get_locale, gettext, lazy_gettext
from wtforms import BooleanField, FileField, HiddenField, SelectField, SelectMultipleField, StringField

from btb_pro import clock
from btb_pro.console.export_words import format_names
from btb_pro.console.forms import ConsoleForm
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.services.asked_exports import BUNDLE, AskedExport
from btb_pro.services.export_history import KnownMapping
from btb_pro.services.export_making import takes_mapping
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.study import Study

LARGEST_MAPPING = 100_000
_LONGEST_NAME = 80


class ExportForm(ConsoleForm):
    """What to take out; `sealed` holds what was looked at, once it was."""

    format = SelectField(lazy_gettext("Format"))
    formats = SelectMultipleField(lazy_gettext("In the bundle beside CSV"))
    visits = SelectMultipleField(lazy_gettext("Visits"))
    sites = SelectMultipleField(lazy_gettext("Hospitals"))
    submitted_only = BooleanField(lazy_gettext("Only visits that are sent in"))
    language = SelectField(lazy_gettext("Language of labels"))
    until = StringField(lazy_gettext("As it stood at"))
    mapping = FileField(lazy_gettext("Mapping file"))
    known_mapping = SelectField(lazy_gettext("Or one from an earlier export"))
    sealed = HiddenField()

    def offer(self, study: Study, person: SignedIn, known: Sequence[KnownMapping]) -> None:
        """Fill the lists with what there is for this person."""
        language, names = str(get_locale()), format_names()
        self.format.choices = [*names.items()]
        self.formats.choices = [one for one in names.items() if one[0] not in (BUNDLE, "csv")]
        self.visits.choices = [(one.code, one.title[language]) for one in study.visits if one.parts]
        self.sites.choices = [(one.code, one.name) for one in study.sites if person.works_for(one.code)]
        both = gettext("Both in the code book, %(first)s elsewhere", first=LANGUAGE_NAMES[study.languages[0]])
        self.language.choices = [("", both), *((code, LANGUAGE_NAMES[code]) for code in study.languages)]
        self.known_mapping.choices = [
            ("", gettext("No mapping file")),
            *((one.sha256, f"{one.name} ({one.sha256[:8]})") for one in known),
        ]

    def asked(self, person: SignedIn, known: Sequence[KnownMapping]) -> AskedExport | None:
        """What is asked for; None when something is wrong, which then stands at its field."""
        until, mapping = self._until(), self._mapping(known)
        if any(field.errors for field in (self.until, self.mapping, self.known_mapping)):
            return None
        is_bundle = self.format.data == BUNDLE
        sites = tuple(self.sites.data or ())
        if not sites and person.sites is not None:
            sites = tuple(str(code) for code, _ in self.sites.choices)
        return AskedExport(
            format=self.format.data,
            formats=tuple(self.formats.data or ()) if is_bundle else (),
            visits=tuple(self.visits.data or ()),
            sites=sites,
            until=until,
            submitted_only=bool(self.submitted_only.data),
            language=self.language.data or None,
            mapping=mapping.content if mapping else None,
            mapping_name=mapping.name if mapping else "",
        )

    def _until(self) -> str | None:
        typed = (self.until.data or "").strip()
        if not typed:
            return None
        try:
            naive = datetime.fromisoformat(typed)
        except ValueError:
            self.until.errors = [gettext("Write a day and a time, like 2026-01-31 10:00.")]
            return None
        return (naive if naive.tzinfo else naive.replace(tzinfo=clock.OSLO)).isoformat()

    def _mapping(self, known: Sequence[KnownMapping]) -> KnownMapping | None:
        found = self._brought() or next((one for one in known if one.sha256 == self.known_mapping.data), None)
        if found is not None and not takes_mapping(self.format.data):
            self.mapping.errors = [gettext("This format goes by our own names: choose no mapping file.")]
        return found

    def _brought(self) -> KnownMapping | None:
        if not self.mapping.data:
            return None
        content = self.mapping.data.read(LARGEST_MAPPING + 1)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = ""
        if not text or len(content) > LARGEST_MAPPING:
            sentence = gettext("This is no mapping file: it must be a text in UTF-8, at most 100 kB.")
            self.mapping.errors = [sentence]
            return None
        name = "".join(one for one in self.mapping.data.filename or "" if one.isprintable())
        return KnownMapping("", name[-_LONGEST_NAME:], text)
