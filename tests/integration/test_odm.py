"""ODM that the official schema and an independent reader take."""

from collections.abc import Iterator
from pathlib import Path

import odmlib
import pytest
from lxml import etree

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.names import Target
from btb_pro.services.mappings import make_template
from tests.integration.export_readers import odm_items, read_odm
from tests.integration.export_world import EMAIL, PHONE, ExportWorld, make_export_world, told_world

pytestmark = pytest.mark.usefixtures("engine")

SCHEMA = etree.XMLSchema(
    etree.parse(f"{Path(odmlib.__file__).parent / 'schemas' / 'odm' / '1.3.2' / 'ODM1-3-2.xsd'}")
)
NS = {"odm": "http://www.cdisc.org/ns/odm/v1.3"}
BOTH = pytest.mark.parametrize("file_format", [ExportFormat.ODM, ExportFormat.ODM_TRANSACTIONAL])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def root(folder: Path) -> etree._Element:
    """The file, once the schema has taken it."""
    document = etree.parse(f"{folder / 'odm.xml'}")
    assert SCHEMA.validate(document), SCHEMA.error_log
    return document.getroot()


@BOTH
@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_official_schema_takes_it(
    world: ExportWorld, tmp_path: Path, file_format: ExportFormat, language: str
) -> None:
    world.take(file_format, tmp_path / "out", language=language)
    assert root(tmp_path / "out").get("ODMVersion") == "1.3.2"


@BOTH
def test_the_official_schema_takes_the_packaged_study(tmp_path: Path, file_format: ExportFormat) -> None:
    world = make_export_world(tmp_path / "instance", None)
    world.add("BTB-001", "oslo")
    world.start("BTB-001", "baseline")
    world.save("BTB-001", {"shc_headache": "1"}, visit="baseline", instrument="shc")
    world.submit("BTB-001", "baseline")
    world.take(file_format, tmp_path / "out")
    world.close()
    root(tmp_path / "out")


def test_the_schema_refuses_what_is_wrong(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.ODM, tmp_path / "out")
    spoilt = root(tmp_path / "out")
    del spoilt.attrib["FileOID"]
    assert not SCHEMA.validate(spoilt)


@BOTH
def test_everything_that_is_referred_to_is_defined(
    world: ExportWorld, tmp_path: Path, file_format: ExportFormat
) -> None:
    world.take(file_format, tmp_path / "out")
    document = root(tmp_path / "out")
    for attribute, definition in (
        ("StudyEventOID", "StudyEventDef"), ("FormOID", "FormDef"), ("ItemGroupOID", "ItemGroupDef"),
        ("ItemOID", "ItemDef"), ("CodeListOID", "CodeList"), ("MeasurementUnitOID", "MeasurementUnit"),
        ("LocationOID", "Location"), ("UserOID", "User"), ("MetaDataVersionOID", "MetaDataVersion"),
    ):  # fmt: skip
        defined = [one.get("OID") for one in document.iterfind(f".//odm:{definition}", NS)]
        assert len(defined) == len(set(defined)), definition
        used = {one.get(attribute) for one in document.iter() if one.get(attribute)}
        assert used <= set(defined), attribute


def test_every_coded_value_is_in_its_code_list(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.ODM, tmp_path / "out")
    document = root(tmp_path / "out")
    lists = {
        one.get("OID"): {item.get("CodedValue") for item in one.iterfind("odm:CodeListItem", NS)}
        for one in document.iterfind(".//odm:CodeList", NS)
    }
    of_item = {
        one.get("OID"): lists[reference.get("CodeListOID")]
        for one in document.iterfind(".//odm:ItemDef", NS)
        for reference in one.iterfind("odm:CodeListRef", NS)
    }
    coded = [one for one in document.iterfind(".//odm:ItemData[@Value]", NS) if one.get("ItemOID") in of_item]
    assert len(coded) > 50
    for one in coded:
        assert one.get("Value") in of_item[one.get("ItemOID")]


def test_questions_and_choices_stand_in_both_languages(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.ODM, tmp_path / "out")
    document = root(tmp_path / "out")
    language = "{http://www.w3.org/XML/1998/namespace}lang"

    def words(path: str) -> dict[str | None, str | None]:
        return {one.get(language): one.text for one in document.iterfind(f"{path}/odm:TranslatedText", NS)}

    assert words(".//odm:ItemDef[@OID='I.rain']/odm:Question") == {"nb": "Regn", "en": "Rain"}
    path = ".//odm:CodeList[@OID='CL.rain']/odm:CodeListItem[@CodedValue='2']/odm:Decode"
    assert words(path) == {"nb": "Mye", "en": "Much"}


def test_a_transactional_file_applied_in_order_gives_the_snapshot(world: ExportWorld, tmp_path: Path) -> None:
    world.save("N-001", {"rain": "2", "rain_days": "7"}, visit="later")
    world.save("N-001", {"rain": "0"}, visit="later")
    world.take(ExportFormat.ODM, tmp_path / "snapshot")
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "transactional")

    def final(folder: Path) -> dict[tuple[str, str, str], str | None]:
        return {
            (subject, event, item.ItemOID): None if item.IsNull == "Yes" else item.Value
            for subject, event, item in odm_items(folder / "odm.xml")
        }

    assert final(tmp_path / "transactional") == final(tmp_path / "snapshot")
    read = read_odm(tmp_path / "transactional", world)
    assert read.values["N-001", "later", "rain_days"] == ("not_applicable", "")


def test_every_change_has_its_audit_record(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "out")
    document = root(tmp_path / "out")
    assert document.get("FileType") == "Transactional"
    items = document.findall(".//odm:ItemData", NS)
    assert all(item.get("TransactionType") == "Upsert" for item in items)
    told = [
        (item.get("Value"), item.findtext("odm:AuditRecord/odm:DateTimeStamp", None, NS))
        for item in items
        if item.get("ItemOID") == "I.rain"
        and item.find("odm:AuditRecord/odm:UserRef", NS).get("UserOID") == "U.participant"  # type: ignore[union-attr]
    ]
    assert told[:2] == [("2", "2026-03-27T10:00:06.000Z"), ("1", "2026-03-27T10:00:07.000Z")]
    sources = [item.findtext("odm:AuditRecord/odm:SourceID", None, NS) for item in items]
    assert None not in sources
    assert sources[0] == "event 8"


def test_nothing_in_it_tells_who_somebody_is(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "out")
    text = (tmp_path / "out" / "odm.xml").read_text(encoding="utf-8")
    assert EMAIL not in text
    assert PHONE.replace(" ", "") not in text
    assert "tester" not in text


def test_it_goes_under_their_oids(world: ExportWorld, tmp_path: Path) -> None:
    text = make_template(world.runtime, Target.ODM)
    for ours, theirs in (
        ("I.rain", "WX_01"), ("SE.start", "V1"), ("F.weather", "WX"), ("IG.weather.sky", "G"),
        ("I.wind_st", ""),
    ):  # fmt: skip
        text = text.replace(f'"{ours}"', f'"{theirs}"')
    world.take(ExportFormat.ODM, tmp_path / "out", mapping=text.encode())
    document = root(tmp_path / "out")
    assert document.find(".//odm:ItemDef[@OID='WX_01']", NS) is not None
    assert document.find(".//odm:ItemData[@ItemOID='WX_01']", NS) is not None
    assert {"I.wind_st", "I.rain"}.isdisjoint({one.get("ItemOID") for one in document.iter()})
    alias = document.find(".//odm:ItemDef[@OID='WX_01']/odm:Alias", NS)
    assert alias is not None
    assert (alias.get("Context"), alias.get("Name")) == ("btb", "rain")


def test_a_follow_up_names_the_file_before_it(world: ExportWorld, tmp_path: Path) -> None:
    first = world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "first")
    world.save("N-001", {"wind": "2"}, visit="later")
    world.take(ExportFormat.ODM_TRANSACTIONAL, tmp_path / "second", since=first.number)
    before, after = root(tmp_path / "first"), root(tmp_path / "second")
    assert after.get("PriorFileOID") == before.get("FileOID")
    assert {subject for subject, _, _ in odm_items(tmp_path / "second" / "odm.xml")} == {"N-001"}
