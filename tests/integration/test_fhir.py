"""A bundle that the FHIR model library takes, with what the SDC profiles require."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.services.exporting import ExportRefused
from tests.integration.export_readers import fhir_answers, fhir_entries
from tests.integration.export_world import ExportWorld, make_export_world, told_world

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def of_type(folder: Path, name: str) -> list[Any]:
    """The bundle's resources of one type."""
    return [one for one in fhir_entries(folder) if one.get_resource_type() == name]


def link_ids(items: Any) -> list[str]:
    """Every linkId, in order."""
    return [link for item in items or () for link in (item.linkId, *link_ids(item.item))]


def test_responses_have_what_sdc_requires(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.FHIR, tmp_path / "out")
    questionnaires = {f"{one.url}|{one.version}": one for one in of_type(tmp_path / "out", "Questionnaire")}
    responses = of_type(tmp_path / "out", "QuestionnaireResponse")
    assert len(responses) == 7
    for one in responses:
        assert one.authored is not None
        assert one.authored.tzinfo is not None
        assert one.subject.identifier.value in ("N-001", "N-002", "S-001")
        links = link_ids(one.item)
        assert len(links) == len(set(links))
        assert set(links) <= set(link_ids(questionnaires[one.questionnaire].item))


def test_each_visit_has_the_status_that_fhir_has_for_it(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.FHIR, tmp_path / "out")
    told = {one.identifier.value: one.status for one in of_type(tmp_path / "out", "QuestionnaireResponse")}
    assert told["N-001/start/weather"] == "completed"
    assert told["N-001/later/weather"] == "in-progress"
    assert told["N-002/start/weather"] == "stopped"


def test_each_way_of_missing_has_its_reason(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.FHIR, tmp_path / "out")
    (walks,) = [
        one
        for one in of_type(tmp_path / "out", "QuestionnaireResponse")
        if one.identifier.value == "N-001/start/walks"
    ]
    answers = fhir_answers(walks.item)
    assert answers["words"][0] == "declined"
    assert answers["dog_walks"][0] == "not_applicable"
    assert answers["since_months"][0] == "not_reached"
    assert answers["clothes"] == ("answered", ["coat", "other"])


@pytest.mark.parametrize(("language", "text", "other"), [("nb", "Regn", "Rain"), ("en", "Rain", "Regn")])
def test_a_questionnaire_speaks_one_language_and_knows_the_other(
    world: ExportWorld, tmp_path: Path, language: str, text: str, other: str
) -> None:
    world.take(ExportFormat.FHIR, tmp_path / "out", language=language)
    (weather,) = [one for one in of_type(tmp_path / "out", "Questionnaire") if one.url.endswith(":weather")]
    rain = weather.item[0].item[0].item[0]
    assert rain.text == text
    contents = [one.valueString for one in rain.text__ext.extension[0].extension if one.url == "content"]
    assert contents == [other]
    assert [option.valueCoding.code for option in rain.answerOption] == ["0", "1", "2"]


def test_a_score_that_was_not_computed_says_why(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.FHIR, tmp_path / "out")
    observations = {one.identifier[0].value: one for one in of_type(tmp_path / "out", "Observation")}
    assert observations["S-001/start/weather_mean"].dataAbsentReason.text.startswith("not computed: 3 of 3")
    assert str(observations["N-001/start/weather_mean"].valueQuantity.value) == "1"


def test_a_study_without_answers_is_a_bundle_of_questionnaires(tmp_path: Path) -> None:
    world = make_export_world(tmp_path / "instance", None)
    world.take(ExportFormat.FHIR, tmp_path / "out")
    world.close()
    assert {one.get_resource_type() for one in fhir_entries(tmp_path / "out")} == {"Questionnaire"}
    assert json.loads((tmp_path / "out" / "bundle.json").read_bytes())["type"] == "collection"


def test_fhir_takes_no_mapping(world: ExportWorld, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="goes by our own names"):
        world.take(ExportFormat.FHIR, tmp_path / "out", mapping=b'target = "csv"')
