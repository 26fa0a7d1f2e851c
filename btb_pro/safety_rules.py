"""The study file's safety rules: which answer, and who is told. `docs/study-file.md` explains the keys."""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import phonenumbers

from btb_pro.instruments.model import Field
from btb_pro.study import EVERY_OTHER_SITE, SafetyContact, SafetyRule
from btb_pro.study_values import hint, read_code, refuse_twice, refuse_unknown_keys
from btb_pro.toml_lines import Table

SAFETY_KEYS = ("code", "item", "answers", "contact")

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}\.[A-Za-z]{2,63}")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


def read_safety_rules(
    document: Table, fields: Sequence[Field], sites: Collection[str]
) -> tuple[SafetyRule, ...]:
    """The rules of every ``[[safety]]``; none where the file has none. Mistakes are noted in the document.

    `fields` are those that a visit of the study asks.
    """
    tables = document.tables("safety", is_optional=True)
    for table in tables:
        refuse_unknown_keys(table, SAFETY_KEYS)
    rules = [
        SafetyRule(read_code(table, "thoughts"), *_watched(table, fields), _contacts(table, sites))
        for table in tables
    ]
    refuse_twice("safety rule", tables, [rule.code for rule in rules])
    return tuple(rules)


def _watched(table: Table, fields: Sequence[Field]) -> tuple[str, frozenset[str]]:
    """The field that a rule watches, and the answers that it waits for."""
    with_choices = {field.code: field for field in fields if field.choices}
    item = table.text("item", 'a question\'s code in quotes such as "hscl_suicidal"')
    if table.is_sound("item") and item not in with_choices:
        sentence = f'No visit asks a question "{item}" with answers to choose from.'
        table.note(f"{sentence} {hint(item, with_choices)}", "item")
    answers = table.texts("answers", 'a list of answers\' codes in quotes such as ["3", "4"]')
    if not answers and table.is_sound("answers"):
        table.note("answers is empty. Expected the codes that raise the alert.", "answers")
    if table.is_sound("item"):
        known = [choice.code for choice in with_choices[item].choices]
        for position, answer in answers.items():
            if answer not in known:
                table.note(f'{item} has no answer "{answer}". {hint(answer, known)}', "answers", position)
    return item, frozenset(answers.values())


def _contacts(table: Table, sites: Collection[str]) -> Mapping[str, SafetyContact]:
    below = table.table("contact", 'who is told, such as contact.others = "safety@hospital.example"')
    if not table.is_sound("contact"):
        return {}
    known = [*sites, EVERY_OTHER_SITE]
    contacts = {}
    for site in below.keys:
        if site not in known:
            below.note(f'The study has no site "{site}". {hint(site, known)}', site)
        contact = _contact(below.text(site))
        if contact is not None:
            contacts[site] = contact
        elif below.is_sound(site):
            below.note(
                f"contact.{site} is no address that a message reaches."
                ' Expected an e-mail address, or a phone number such as "+4799999999".',
                site,
            )
    missing = [site for site in sites if site not in below.keys]
    if missing and EVERY_OTHER_SITE not in below.keys:
        table.note(
            f"Nobody is told for {', '.join(missing)}. Expected a contact for each site,"
            f" or contact.{EVERY_OTHER_SITE}.",
            "contact",
        )
    return MappingProxyType(contacts)


def _contact(text: str) -> SafetyContact | None:
    if _EMAIL.fullmatch(text):
        return SafetyContact("email", text)
    number = text.replace(" ", "")
    return SafetyContact("sms", number) if _PHONE.fullmatch(number) and _exists(number) else None


def _exists(number: str) -> bool:
    """Whether the numbering plan of its country has such a number; a digit too few is found only so."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
