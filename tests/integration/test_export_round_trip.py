"""What was entered is what the files hold, value by value."""

import csv
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from btb_pro.instruments.answers import ValueRefused, read_value
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Field, FieldKind
from btb_pro.study_file import PACKAGED_STUDY, read_study
from tests.integration.export_world import MADE_UP_STUDY, make_export_world
from tests.support.engines import EngineName

INSTRUMENTS = {"made up": load_instruments(MADE_UP_STUDY), "packaged": load_instruments()}
BASELINE = read_study(PACKAGED_STUDY, INSTRUMENTS["packaged"]).visit("baseline")

TYPED = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40) | st.sampled_from(
    [
        "=1+1",
        "-9",
        '"',
        '",\n"',
        "a\r\nb",
        "\r",
        " x ",
        "]]>",
        "{{ 7 * 7 }}",
        "🙂",
        "NULL",
        "'; DROP TABLE answer;--",
    ]
)
UNANSWERED = -7
NOT_APPLICABLE = -6


def posted(draw: st.DrawFn, field: Field) -> list[str]:
    """Something that a browser might send for a field."""
    codes = [choice.code for choice in field.choices]
    match field.kind:
        case FieldKind.CODE:
            return [draw(st.sampled_from(codes))]
        case FieldKind.CODES:
            return draw(st.lists(st.sampled_from(codes), unique=True))
        case FieldKind.INTEGER:
            return [str(draw(st.integers(field.minimum, field.maximum)))]
        case FieldKind.TEXT:
            return [draw(TYPED)]


@st.composite
def answers(draw: st.DrawFn, study: str) -> dict[str, str]:
    """A stored value for some of the fields of a study."""
    entered = {}
    for instrument in INSTRUMENTS[study].values():
        for field in instrument.fields:
            if draw(st.booleans()):
                try:
                    value = read_value(field, posted(draw, field))
                except ValueRefused:
                    assume(False)
                if value is not None:
                    entered[field.code] = value
    return entered


def expected(field: Field, entered: Mapping[str, str]) -> str | int:
    """What a field must come out as: its value, or the code of what is missing."""
    if field.when is not None:
        if field.when.field not in entered:
            return UNANSWERED
        if field.when.codes.isdisjoint(entered[field.when.field].split(" ")):
            return NOT_APPLICABLE
    return entered.get(field.code, UNANSWERED)


def columns(field: Field, value: str | int) -> dict[str, str]:
    """The columns that a field fills."""
    if field.kind is not FieldKind.CODES:
        return {field.code: str(value)}
    chosen = value.split(" ") if isinstance(value, str) else None
    return {
        f"{field.code}___{choice.code}": str(value) if chosen is None else str(int(choice.code in chosen))
        for choice in field.choices
    }


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as another program reads it."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def check_round_trip(
    engine: EngineName, study: Path | None, visit: str, asked: tuple[str, ...], entered: Mapping[str, str]
) -> None:
    """Enter answers through the real services, take them out, and compare."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        world = make_export_world(folder / "instance", study, engine=engine)
        world.add("N-001", world.runtime.study.sites[0].code)
        world.start("N-001", visit)
        instruments = [world.runtime.instruments[code] for code in asked]
        for instrument in instruments:
            values = {field.code: entered[field.code] for field in instrument.fields if field.code in entered}
            world.save("N-001", values, visit=visit, instrument=instrument.code)
        world.submit("N-001", visit)
        world.export(folder / "out")
        world.close()
        (wide,) = read(folder / "out" / "wide.csv")
        long = {row["item"]: row for row in read(folder / "out" / "long.csv")}
        history = {row["item"]: row["value"] for row in read(folder / "out" / "history.csv")}
    assert history == entered
    count = 0
    for instrument in instruments:
        for field in instrument.fields:
            value = expected(field, entered)
            for column, cell in columns(field, value).items():
                count += 1
                assert wide[column] == cell
                assert long[column]["value"] == (cell if isinstance(value, str) else "")
                assert (long[column]["state"] == "answered") == isinstance(value, str)
    assert count == len(long)


@pytest.mark.parametrize("engine", EngineName)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entered=answers("made up"))
def test_every_kind_of_answer_comes_out_as_it_was_entered(
    engine: EngineName, entered: dict[str, str]
) -> None:
    check_round_trip(engine, MADE_UP_STUDY, "start", ("weather", "walks"), entered)


@pytest.mark.parametrize("engine", EngineName)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(entered=answers("packaged"))
def test_the_whole_baseline_comes_out_as_it_was_entered(engine: EngineName, entered: dict[str, str]) -> None:
    codes = tuple(dict.fromkeys(part.instrument for part in BASELINE.parts))
    check_round_trip(engine, None, "baseline", codes, entered)
