"""The forms that add and change a participant. What was typed is checked by the services, not here."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from btb_pro.console.fault_words import fault_text
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.services.participant_faults import Fault
from btb_pro.study import Study


class ChangeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that knows by which event its participant was shown, so that nobody saves over a colleague."""

    seen = HiddenField()

    @property
    def seen_event(self) -> int:
        """The event; 0 for a form that does not say, to which everything is news."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class NewForm(FlaskForm):  # type: ignore[misc]  # as above
    """One participant more."""

    id = StringField(lazy_gettext("Study number"))
    site = SelectField(lazy_gettext("Hospital"), validate_choice=False)
    language = SelectField(lazy_gettext("Language"), validate_choice=False)
    email = StringField(lazy_gettext("E-mail"))
    phone = StringField(lazy_gettext("Mobile phone"))
    day0 = StringField(lazy_gettext("Day 0"))


class FileForm(FlaskForm):  # type: ignore[misc]  # as above
    """A file of participants; and, once it was looked at, what it held, sealed."""

    file = FileField(lazy_gettext("File"))
    sealed = HiddenField()


class DetailsForm(ChangeForm):
    """Language and contact details."""

    shown_language = HiddenField()
    """What the language was when it was shown: who leaves it alone does not set it back."""
    language = SelectField(lazy_gettext("Language"), validate_choice=False)
    email = StringField(lazy_gettext("New e-mail address"))
    no_email = BooleanField(lazy_gettext("Take the e-mail address off the file"))
    phone = StringField(lazy_gettext("New mobile phone number"))
    no_phone = BooleanField(lazy_gettext("Take the phone number off the file"))


class Day0Form(ChangeForm):
    """The day that all visits count from."""

    day0 = StringField(lazy_gettext("Day 0"))


class VisitForm(ChangeForm):
    """The day and hour of one visit."""

    day = StringField(lazy_gettext("Day of the visit"))
    hour = StringField(lazy_gettext("Hour of the appointment"))
    is_counted = BooleanField(lazy_gettext("Count the day from day 0 again"))


class WithdrawForm(ChangeForm):
    """Leaving the study."""

    reason = TextAreaField(lazy_gettext("Reason"))
    erases = BooleanField(lazy_gettext("Erase e-mail address and phone number too"))


def set_choices(form: NewForm | DetailsForm, study: Study) -> None:
    """The languages that a participant may be written to in."""
    form.language.choices = [
        SelectChoice("", str(lazy_gettext("As the phone is set"))),
        *(SelectChoice(code, LANGUAGE_NAMES[code]) for code in study.languages),
    ]


def set_sites(form: NewForm, study: Study, sites: frozenset[str] | None) -> None:
    """The hospitals that a person may add participants to."""
    form.site.choices = [
        SelectChoice(site.code, site.name) for site in study.sites if sites is None or site.code in sites
    ]


def mark_faults(form: FlaskForm, faults: Sequence[Fault], fields: Mapping[str, str] | None = None) -> None:
    """Put each fault at the field of its column; `fields` says where the names differ."""
    for fault in faults:
        name = (fields or {}).get(fault.column, fault.column)
        form[name].errors = [*form[name].errors, fault_text(fault)]
