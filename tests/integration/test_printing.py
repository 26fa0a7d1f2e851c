"""btb-pro instruments print: questionnaires as one HTML file, without a database."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from btb_pro.__main__ import main
from btb_pro.instruments.catalogue import load_instruments
from tests.support.page_check import parse
from tests.support.world import World

Print = Callable[..., Result]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BTB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def printing(tmp_path: Path) -> Print:
    """`btb-pro instruments print` where there is no instance at all."""

    def run(*words: str, instance: Path = tmp_path / "none") -> Result:
        out = ["--out", str(tmp_path / "paper.html")]
        return CliRunner().invoke(
            main, ["instruments", "print", *words, *out], env={"BTB_INSTANCE": str(instance)}
        )

    return run


def titles(folder: Path) -> list[str]:
    document = parse((folder / "paper.html").read_text(encoding="utf-8"))
    return ["".join(one.itertext()) for one in document.iter("h1")]


def test_an_instrument_is_printed_in_its_first_language_without_an_instance(
    printing: Print, tmp_path: Path
) -> None:
    result = printing("fabq")
    assert result.exit_code == 0, result.output
    assert result.stdout == "fabq  version 1  nb  e1467115043b\n"
    assert titles(tmp_path) == ["Spørreskjema om frykt og unngåelse (FABQ)"]
    assert not (tmp_path / "none").exists()


def test_another_language_can_be_asked_for(printing: Print, tmp_path: Path) -> None:
    assert printing("fabq", "--language", "en").exit_code == 0
    assert titles(tmp_path) == ["Fear-Avoidance Beliefs Questionnaire (FABQ)"]


def test_all_instruments_go_into_one_file(printing: Print, tmp_path: Path) -> None:
    result = printing("--all", "--language", "en")
    assert result.exit_code == 0, result.output
    assert titles(tmp_path) == [one.title["en"].text for one in load_instruments().values()]


@pytest.mark.spoilt
def test_a_visits_set_is_printed_in_the_visits_order_without_its_database(
    printing: Print, tmp_path: Path, world: World
) -> None:
    world.runtime.database.close()
    (world.folder / "btb.db").unlink(missing_ok=True)
    result = printing("--visit", "baseline", instance=world.folder)
    assert result.exit_code == 0, result.output
    order = ["background", "pain", "expectations", "fabq", "hscl25", "shc"]
    assert titles(tmp_path) == [load_instruments()[code].title["nb"].text for code in order]
    text = (tmp_path / "paper.html").read_text(encoding="utf-8")
    assert text.count("<span>Før behandlingen starter</span>") == 6
    assert not (world.folder / "btb.db").exists()


def test_an_instrument_of_a_visit_is_printed_as_far_as_the_visit_asks_it(
    printing: Print, tmp_path: Path, world: World
) -> None:
    result = printing("pain", "--visit", "day14", "--language", "en", instance=world.folder)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "paper.html").read_text(encoding="utf-8")
    assert text.count('class="question"') == 3
    assert "2 weeks after the start" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], "'nonsense' is no instrument"),
        (["fabq", "--language", "sv"], "fabq has no wording in 'sv': use one of nb, en."),
        (["--visit", "day15"], 'The study has no visit "day15"'),
        (["--visit", "screening"], "The visit screening of backtobasic asks nothing."),
        (["shc", "--visit", "day14"], "The visit day14 does not ask shc. It asks pain."),
        (["--visit", "day14", "--language", "sv"], "pain has no wording in 'sv'"),
    ],
)
def test_what_cannot_be_printed_is_refused_and_writes_no_file(
    printing: Print, tmp_path: Path, world: World, words: list[str], sentence: str
) -> None:
    result = printing(*words, instance=world.folder)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "paper.html").exists()


@pytest.mark.parametrize("words", [[], ["--all", "fabq"], ["--all", "--visit", "baseline"]])
def test_saying_nothing_or_too_much_is_bad_usage(printing: Print, words: list[str]) -> None:
    result = printing(*words)
    assert result.exit_code == 2
    assert "Say what to print" in result.stderr


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["instruments", "print", "fabq", "--out", str(tmp_path / "no" / "f.html")]
    )
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory." in result.stderr
