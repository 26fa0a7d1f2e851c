"""Reading a page that was sent back: which fields changed, which are wrong, which button was pressed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_wtf import FlaskForm
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.form import BaseForm
from wtforms.validators import ValidationError

from btb_pro.instruments.answers import (
    AnswerState,
    Current,
    Refusal,
    StoredAnswer,
    ValueRefused,
    condition_holds,
    read_value,
)
from btb_pro.instruments.model import Field, FieldKind, Item
from btb_pro.instruments.paging import Page

BUTTONS = frozenset({"next", "back", "later", "lang", "decline", "clear"})
_OF_THE_SCRIPT = frozenset({"key", "at", "shown"})
_OTHER_NAMES = BUTTONS | _OF_THE_SCRIPT | {"csrf_token", "state"}


class _SessionCSRF(CSRF):  # type: ignore[misc]  # wtforms ships no types
    """A token that is bound to the participant's session and never grows old.

    Flask-WTF's own token dies after an hour, with the cookie, and with a rotated key; each would cost
    somebody a page of answers.
    """

    def setup_form(self, form: BaseForm) -> Sequence[tuple[str, CSRFTokenField]]:
        self._handle, keys = form.meta.csrf_context
        self._serializer = URLSafeSerializer(list(reversed(keys)), salt="btb_pro.csrf")
        fields: Sequence[tuple[str, CSRFTokenField]] = super().setup_form(form)
        return fields

    def generate_csrf_token(self, csrf_token_field: CSRFTokenField) -> str:
        return str(self._serializer.dumps(self._handle))

    def validate_csrf_token(self, form: BaseForm, field: CSRFTokenField) -> None:
        try:
            handle = self._serializer.loads(field.data or "")
        except BadData as error:
            raise ValidationError("stale") from error
        if handle != self._handle:
            raise ValidationError("of another session")


class MainForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """The one form of a page: the token, and what the page remembers of itself."""

    class Meta:
        csrf = True
        csrf_class = _SessionCSRF

    state = HiddenField()


def main_form(handle: str, keys: Sequence[str]) -> MainForm:
    """The form of a participant's page, filled from the request if there is one to read."""
    return MainForm(meta={"csrf_context": (handle, keys)})


@dataclass(slots=True)
class Reading:
    """What a page sent back."""

    values: dict[str, str | None] = field(default_factory=dict)
    """Field code to canonical value, None for emptied; only fields that were sent and make sense."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    """Field code to what is wrong with it."""
    unknown: list[str] = field(default_factory=list)
    """Names that no field of the page has."""

    @property
    def is_wrong(self) -> bool:
        """Whether anything was refused; then nothing of the page is stored."""
        return bool(self.refused or self.unknown)


def read_page(page: Page, sent: MultiDict[str, str], current: Current) -> Reading:
    """Read all fields of a page.

    An absent field changes nothing. A field whose condition no longer holds, given what was sent with it, is
    left out: it is not on the screen, so nobody could mend it there.
    """
    reading = Reading()
    fields = {one.code: one for item in page.items for one in item.fields}
    reading.unknown = sorted(name for name in sent if name not in fields and name not in _OTHER_NAMES)
    after = dict(current)
    for one in sorted(fields.values(), key=lambda each: each.when is not None):
        if one.code not in sent or (one.when is not None and condition_holds(one.when, after) is False):
            continue
        try:
            value = read_value(one, sent.getlist(one.code))
        except ValueRefused as error:
            reading.refused[one.code] = error.reason
            continue
        if value is None and one.kind is FieldKind.CODE:
            continue
        reading.values[one.code] = value
        if value is not None:
            after[one.code] = StoredAnswer(AnswerState.ANSWERED, value)
        else:
            after.pop(one.code, None)
    return reading


def changed(values: Mapping[str, str | None], shown: Mapping[str, str]) -> dict[str, str | None]:
    """The values that differ from what the page showed."""
    return {code: value for code, value in values.items() if (value or "") != shown.get(code, "")}


def item_named(items: Sequence[Item], code: str) -> Item | None:
    """The item of a page that a button names, by its own code or by one of its fields'."""
    for item in items:
        if item.code == code or any(one.code == code for one in item.fields):
            return item
    return None


def fields_of(page: Page) -> tuple[Field, ...]:
    """Every form field of a page, in order."""
    return tuple(one for item in page.items for one in item.fields)
