"""R itself reads the CSV files by the script beside them: factors, labels, numbers, times, kinds of gap."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.names import Target
from btb_pro.services.mappings import make_template
from tests.integration.export_readers import number, stored, variables_of
from tests.integration.export_world import ExportWorld, make_export_world, tell_story

pytestmark = pytest.mark.usefixtures("engine")

HARD = (
    "=1+1",
    'a "quoted" word',
    "back\\slash",
    "'",
    "NA",
    "-9",
    "line\nend\r\nof\rall",
    "# no comment",
    "Å🙂",
    "007",
)
TELL = r"""
arguments <- commandArgs(trailingOnly = TRUE)
source(arguments[1], chdir = TRUE)
bytes_of <- function(text) {
  if (is.na(text)) "NA" else paste0("=", paste(charToRaw(enc2utf8(as.character(text))), collapse = ""))
}
tell <- function(table, kind) {
  for (name in names(table)) {
    column <- table[[name]]
    told <- if (inherits(column, "POSIXct")) format(column, "%Y-%m-%dT%H:%M:%OS3Z", tz = "UTC") else column
    cells <- vapply(seq_along(told), function(row) bytes_of(told[row]), "")
    label <- bytes_of(if (is.null(attr(column, "label"))) NA else attr(column, "label"))
    cat(c(kind, bytes_of(name), class(column)[1], label, cells), sep = " "); cat("\n")
  }
}
tell(wide, "wide")
tell(states, "states")
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a data frame, as R tells it."""

    kind: str
    label: str | None
    cells: list[str | None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story, and with texts that a script may stumble over."""
    made = make_export_world(tmp_path / "instance")
    tell_story(made)
    for count, words in enumerate(HARD):
        made.add(f"X-{count:02d}", day0="2026-04-01")
        made.start(f"X-{count:02d}")
        made.save(f"X-{count:02d}", {"words": words}, instrument="walks")
        made.save(f"X-{count:02d}", {"rain": "2", "rain_days": f"{count}"})
    yield made
    made.close()


def in_r(folder: Path, locale: str = "C.UTF-8") -> dict[str, dict[str, Column]]:
    """What R holds after the script: `wide` and `states`, column by column."""
    program = shutil.which("Rscript")
    assert program, "install R (Debian: r-base-core); `make test` does it where it may"
    (folder.parent / "tell.R").write_text(TELL, encoding="ascii")
    told = subprocess.run(
        [program, "--vanilla", f"{folder.parent / 'tell.R'}", f"{folder / 'read_in.R'}"],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": locale, "TZ": "America/St_Johns"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "Warning" not in told.stderr
    tables: dict[str, dict[str, Column]] = {"wide": {}, "states": {}}
    for line in told.stdout.splitlines():
        table, name, kind, label, *cells = line.split(" ")
        tables[table][_words(name) or ""] = Column(kind, _words(label), [_words(cell) for cell in cells])
    return tables


def _words(told: str) -> str | None:
    return None if told == "NA" else bytes.fromhex(told[1:]).decode()


@pytest.mark.parametrize(("language", "locale"), [("nb", "C"), ("en", "C.UTF-8")])
def test_r_holds_what_the_store_holds(world: ExportWorld, tmp_path: Path, language: str, locale: str) -> None:
    summary = world.take(ExportFormat.CSV, tmp_path / "out", language=language)
    tables = in_r(tmp_path / "out", locale)
    wide, states = tables["wide"], tables["states"]
    held = stored(world, summary.cutoff_seq)
    rows = list(dict.fromkeys((who, visit) for who, visit, _ in held.values))
    assert wide["participant"].cells == [who for who, _ in rows]
    for code, variable in variables_of(world).items():
        labels = {choice.code: choice.label[language].text for choice in variable.field.choices}
        for row, where in enumerate(rows):
            state, value = held.values.get((*where, code), (None, ""))
            assert states[code].cells[row] == state
            if state != "answered":
                assert wide[code].cells[row] is None
            elif variable.choice is None:
                # R reads every line end as one.
                text = value.replace("\r\n", "\n").replace("\r", "\n")
                assert wide[code].cells[row] == labels.get(value, text)
    for (who, visit, code), score in held.scores.items():
        assert number(wide[code].cells[rows.index((who, visit))] or "") == score


def test_each_column_has_its_kind_its_label_and_its_levels(world: ExportWorld, tmp_path: Path) -> None:
    world.take(ExportFormat.CSV, tmp_path / "out")
    wide = in_r(tmp_path / "out")["wide"]
    kinds = {name: wide[name].kind for name in ("rain", "clothes___coat", "rain_days", "words", "site")}
    assert kinds == {
        "rain": "factor", "clothes___coat": "factor", "rain_days": "numeric", "words": "character",
        "site": "factor",
    }  # fmt: skip
    assert (wide["rain"].label, wide["site"].cells[0]) == ("Regn", "Nord")
    assert wide["started_at"].kind == "POSIXct"
    assert wide["started_at"].cells[0] == "2026-03-27T10:00:06.000Z"
    assert not [name for name, column in wide.items() if not column.label and name != "participant"]


def test_the_script_goes_by_their_names(world: ExportWorld, tmp_path: Path) -> None:
    mapping = make_template(world.runtime, Target.CSV)
    for ours, theirs in (
        ('"rain"', '"Nedbør"'), ('"wind"', '"v 2"'), ('"participant"', '"SubjectKey"'), ('"start"', '"V1"'),
        ('"mood"', '""'),
    ):  # fmt: skip
        mapping = mapping.replace(f" = {ours}", f" = {theirs}")
    world.take(ExportFormat.CSV, tmp_path / "out", mapping=mapping.encode())
    for locale in ("C", "C.UTF-8"):
        wide = in_r(tmp_path / "out", locale)["wide"]
        assert (wide["Nedbør"].cells[0], wide["v 2"].kind) == ("Noe", "factor")
        assert "mood" not in wide
