"""The metadata of a CDISC ODM 1.3.2 file: the study's events, forms, item groups, items and code lists.

Texts stand in both languages as TranslatedText. No code of LOINC's or SNOMED's is named: each item has our
own code as an Alias of the context `btb`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from btb_pro.exports.codebook import choice_labels, count_label, score_label, variable_label
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.names import FORM_FIELDS, FORM_GROUP, Names, form_code, section_code, state_code
from btb_pro.exports.records import VisitStatus
from btb_pro.exports.variables import FieldVariable
from btb_pro.exports.writing import WriteOptions
from btb_pro.i18n import LANGUAGES
from btb_pro.instruments.answers import ItemState
from btb_pro.instruments.model import FieldKind, Instrument, Section
from btb_pro.study import Study, Visit

NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"
NAMESPACES: Any = {None: NAMESPACE}
"""lxml takes no prefix as None; its published types do not."""
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_LONGEST_TEXT = 4000

Words = Mapping[str, str]
"""Language to text."""
Element = etree._Element

_STATES = "CL.state"
_OF_FORMS: Mapping[str, tuple[str, Iterable[str]]] = {
    "status": ("CL.status", [status.value for status in VisitStatus]),
    "lang": ("CL.lang", LANGUAGES),
    "mode": ("CL.mode", ("own_phone", "clinic_tablet", "paper", "phone_interview")),
}
"""What a form says of itself by a code."""


def study_oid(study: Study) -> str:
    """The study's OID."""
    return study.code


def version_oid(study: Study) -> str:
    """The OID of the version of its metadata: the study file's."""
    return f"MDV.{study.version}"


def make(parent: Element | None, tag: str, text: str | None = None, /, **attributes: str) -> Element:
    """An element of ODM, below a parent where one is given."""
    name = f"{{{NAMESPACE}}}{tag}"
    if parent is None:
        element = etree.Element(name, attributes, nsmap=NAMESPACES)
    else:
        element = etree.SubElement(parent, name, attributes)
    element.text = text
    return element


def study_element(dataset: Dataset, options: WriteOptions) -> Element:
    """The Study with its one MetaDataVersion."""
    return _Metadata(dataset, options).study()


def admin_element(dataset: Dataset, names: Names) -> Element:
    """Users by their kind, since no file says who somebody is; and the sites."""
    study = dataset.study
    admin = make(None, "AdminData", StudyOID=study_oid(study))
    for kind, name in (("participant", "A participant"), ("staff", "Staff"), ("system", "btb_pro")):
        user = make(admin, "User", OID=f"U.{kind}", UserType="Other")
        make(user, "DisplayName", name)
    user = make(admin, "User", OID="U.investigator", UserType="Investigator")
    make(user, "DisplayName", "An investigator")
    for site in study.sites:
        location = make(admin, "Location", OID=names.site(site.code), Name=site.name, LocationType="Site")
        make(
            location,
            "MetaDataVersionRef",
            StudyOID=study_oid(study),
            MetaDataVersionOID=version_oid(study),
            EffectiveDate=dataset.cutoff.at.date().isoformat(),
        )
    return admin


class _Metadata:
    """Builds one study's metadata."""

    def __init__(self, dataset: Dataset, options: WriteOptions) -> None:
        self._dataset = dataset
        self._names = options.names
        self._language = options.labels
        self._by_field = dataset.variables.by_field()

    def study(self) -> Element:
        study = self._dataset.study
        element = make(None, "Study", OID=study_oid(study))
        about = make(element, "GlobalVariables")
        make(about, "StudyName", study.name[self._language])
        make(about, "StudyDescription", study.asker[self._language])
        make(about, "ProtocolName", study.code)
        units = make(element, "BasicDefinitions")
        for variable in self._dataset.variables.fields:
            if variable.field.unit:
                words = {one: text.text for one, text in variable.field.unit.items()}
                unit = make(units, "MeasurementUnit", OID=f"MU.{variable.code}", Name=words[self._language])
                _translated(make(unit, "Symbol"), words)
        version = make(
            element, "MetaDataVersion", OID=version_oid(study), Name=f"{study.code} {study.version}"
        )
        self._protocol(version)
        return element

    def _protocol(self, version: Element) -> None:
        visits = [visit for visit in self._dataset.study.visits if visit.parts]
        protocol = make(version, "Protocol")
        for number, visit in enumerate(visits, start=1):
            oid = self._names.visit(visit.code)
            make(protocol, "StudyEventRef", StudyEventOID=oid, OrderNumber=f"{number}", Mandatory="No")
        for visit in visits:
            self._event(version, visit)
        instruments = self._dataset.variables.instruments
        for instrument in instruments:
            self._form(version, instrument)
        for instrument in instruments:
            for section in instrument.sections:
                self._section(version, instrument, section)
            self._form_group(version, instrument)
        for instrument in instruments:
            self._items(version, instrument)
        self._code_lists(version)

    def _event(self, version: Element, visit: Visit) -> None:
        event = make(
            version,
            "StudyEventDef",
            OID=self._names.visit(visit.code),
            Name=visit.title[self._language],
            Repeating="No",
            Type="Scheduled",
        )
        _translated(make(event, "Description"), visit.title)
        codes = dict.fromkeys(part.instrument for part in visit.parts)
        _refer(event, "FormRef", "FormOID", (self._names.instruments[code] for code in codes))
        _alias(event, visit.code)

    def _form(self, version: Element, instrument: Instrument) -> None:
        title = _texts_of(instrument.title)
        form = make(
            version,
            "FormDef",
            OID=self._names.instruments[instrument.code],
            Name=title[self._language],
            Repeating="No",
        )
        _translated(make(form, "Description"), title)
        groups = (*(section.code for section in instrument.sections), FORM_GROUP)
        oids = (self._names.sections[section_code(instrument, group)] for group in groups)
        _refer(form, "ItemGroupRef", "ItemGroupOID", oids)
        _alias(form, instrument.code)

    def _section(self, version: Element, instrument: Instrument, section: Section) -> None:
        codes = []
        for item in section.items:
            for field in item.fields:
                codes += [variable.code for variable in self._by_field[field.code]] + [state_code(field.code)]
        self._group(version, instrument, section.code, codes, _texts_of(section.stem or {}))

    def _form_group(self, version: Element, instrument: Instrument) -> None:
        scores = [name for score in instrument.scores for name in (score.code, f"{score.code}_n")]
        codes = [*(form_code(instrument, one) for one in FORM_FIELDS), *scores]
        self._group(version, instrument, FORM_GROUP, codes, {})

    def _group(
        self, version: Element, instrument: Instrument, part: str, codes: Iterable[str], stem: Words
    ) -> None:
        oid = self._names.sections[section_code(instrument, part)]
        group = make(version, "ItemGroupDef", OID=oid, Name=f"{instrument.code} {part}", Repeating="No")
        if stem:
            _translated(make(group, "Description"), stem)
        oids = (self._names.variable(code) for code in codes)
        _refer(group, "ItemRef", "ItemOID", (oid for oid in oids if oid))
        _alias(group, section_code(instrument, part))

    def _items(self, version: Element, instrument: Instrument) -> None:
        for field in instrument.fields:
            for variable in self._by_field[field.code]:
                self._field(version, variable)
            words = {one: variable_label(self._by_field[field.code][0], one) for one in LANGUAGES}
            self._item(version, state_code(field.code), "text", words, _STATES, length=20)
        for score in self._dataset.variables.scores:
            if score.instrument is instrument:
                words = {one: score_label(score, one) for one in LANGUAGES}
                self._item(version, score.code, "float", words, length=20)
                words = {one: count_label(score, one) for one in LANGUAGES}
                self._item(version, f"{score.code}_n", "integer", words)
        for one in FORM_FIELDS:
            kind = "datetime" if one.endswith("_at") else "text"
            code_list = _OF_FORMS[one][0] if one in _OF_FORMS else None
            length = None if kind == "datetime" else 64
            self._item(version, form_code(instrument, one), kind, {}, code_list, length=length)

    def _field(self, version: Element, variable: FieldVariable) -> None:
        words = {one: variable_label(variable, one) for one in LANGUAGES}
        field = variable.field
        codes = choice_labels(variable, LANGUAGES[0])
        if field.kind is FieldKind.TEXT:
            item = self._item(version, variable.code, "text", words, length=field.max_length or _LONGEST_TEXT)
        elif codes:
            length = None if _code_type(codes) == "integer" else max(map(len, codes))
            code_list = f"CL.{variable.code}"
            item = self._item(version, variable.code, _code_type(codes), words, code_list, length=length)
        else:
            item = self._item(version, variable.code, "integer", words)
        if item is not None:
            _add_range(item, variable)

    def _item(
        self,
        version: Element,
        code: str,
        data_type: str,
        words: Words,
        code_list: str | None = None,
        *,
        length: int | None = None,
    ) -> Element | None:
        oid = self._names.variable(code)
        if not oid:
            return None
        lengths = {} if length is None else {"Length": f"{length}"}
        if data_type == "float":
            lengths["SignificantDigits"] = "4"
        item = make(version, "ItemDef", OID=oid, Name=code, DataType=data_type, **lengths)
        if words:
            _translated(make(item, "Question"), words)
        if code_list:
            make(item, "CodeListRef", CodeListOID=code_list)
        _alias(item, code)
        return item

    def _code_lists(self, version: Element) -> None:
        for variable in self._dataset.variables.fields:
            labels = {one: choice_labels(variable, one) for one in LANGUAGES}
            codes = labels[LANGUAGES[0]]
            if codes:
                decodes = {code: {one: labels[one][code] for one in LANGUAGES} for code in codes}
                _code_list(version, f"CL.{variable.code}", variable.code, _code_type(codes), decodes)
        for oid, codes_of_form in ((_STATES, [state.value for state in ItemState]), *_OF_FORMS.values()):
            plain: dict[str, Words] = {code: {"en": code} for code in codes_of_form}
            _code_list(version, oid, oid.removeprefix("CL."), "text", plain)


def _code_list(version: Element, oid: str, name: str, data_type: str, decodes: Mapping[str, Words]) -> None:
    element = make(version, "CodeList", OID=oid, Name=name, DataType=data_type)
    for number, (code, words) in enumerate(decodes.items(), start=1):
        item = make(element, "CodeListItem", CodedValue=code, OrderNumber=f"{number}")
        _translated(make(item, "Decode"), words)


def _add_range(item: Element, variable: FieldVariable) -> None:
    """Unit and range, where ODM wants them: after the question, before the code list."""
    field = variable.field
    at = next((place for place, child in enumerate(item, start=1) if child.tag.endswith("Question")), 0)
    if field.unit:
        item.insert(at, make(None, "MeasurementUnitRef", MeasurementUnitOID=f"MU.{variable.code}"))
        at += 1
    for comparator, end in (("GE", field.minimum), ("LE", field.maximum)):
        if field.kind is FieldKind.INTEGER and end is not None:
            check = make(None, "RangeCheck", Comparator=comparator, SoftHard="Soft")
            make(check, "CheckValue", f"{end}")
            item.insert(at, check)
            at += 1


def _code_type(codes: Iterable[str]) -> str:
    return "integer" if all(code.isascii() and code.isdigit() for code in codes) else "text"


def _refer(parent: Element, tag: str, attribute: str, oids: Iterator[str]) -> None:
    for number, oid in enumerate(oids, start=1):
        make(parent, tag, **{attribute: oid}, OrderNumber=f"{number}", Mandatory="No")


def _translated(parent: Element, words: Words) -> None:
    for language, text in words.items():
        make(parent, "TranslatedText", text).set(_LANGUAGE, language)


def _texts_of(texts: Mapping[str, object]) -> Words:
    return {language: getattr(wording, "text", "") for language, wording in texts.items()}


def _alias(parent: Element, code: str) -> None:
    make(parent, "Alias", Context="btb", Name=code)
