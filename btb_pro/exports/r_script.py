"""The script that reads an export's CSV files into R, with factors, labels and the reason of each gap.

It needs no package of R's. A gap is NA in `wide`; `states` beside it says which kind of gap.
"""

import re
from collections.abc import Iterator, Mapping

from btb_pro.exports.codebook import (
    choice_labels,
    count_label,
    key_codes,
    key_label,
    score_label,
    variable_label,
)
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.tables import TableStyle
from btb_pro.exports.variables import WIDE_KEYS, FieldVariable
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.model import FieldKind

R_SCRIPT = "read_in.R"

_BEGIN = """\
# Reads the tables of this folder: source("read_in.R", chdir = TRUE)
# wide: a row for each participant and visit. states: the same shape, with the state of each answer.
# visits: a row for each planned visit, answered or not. responses: one for each instrument filled in.

read_table <- function(name) {
  read.csv(name, colClasses = "character", na.strings = character(0), encoding = "UTF-8", check.names = FALSE)
}
wide <- read_table("wide.csv")
long <- read_table("long.csv")
visits <- read_table("visits.csv")
responses <- read_table("responses.csv")

key_of <- function(participant, visit, item) paste(participant, visit, item, sep = "\\r")
state_of <- setNames(long$state, key_of(long$participant, long$visit, long$item))
states <- wide
state_levels <- c("answered", "left_blank", "declined", "not_reached", "not_applicable")

labelled <- function(values, label) {
  attr(values, "label") <- label
  values
}
answers <- function(name) {
  keys <- key_of(wide[[%(participant)s]], wide[[%(visit)s]], name)
  states[[name]] <<- factor(unname(state_of[keys]), levels = state_levels)
  ifelse(states[[name]] %%in%% "answered", wide[[name]], NA)
}
as_choice <- function(name, label, codes) {
  wide[[name]] <<- labelled(factor(answers(name), levels = names(codes), labels = codes), label)
}
as_number <- function(name, label) wide[[name]] <<- labelled(as.numeric(answers(name)), label)
as_text <- function(name, label) wide[[name]] <<- labelled(answers(name), label)
as_key <- function(name, label, codes) {
  wide[[name]] <<- labelled(factor(wide[[name]], levels = names(codes), labels = codes), label)
}
as_time <- function(name, label) {
  times <- as.POSIXct(wide[[name]], format = "%%Y-%%m-%%dT%%H:%%M:%%OSZ", tz = "UTC")
  wide[[name]] <<- labelled(times, label)
}
as_score <- function(name, label) {
  values <- wide[[name]]
  wide[[name]] <<- labelled(as.numeric(ifelse(values == "", NA, values)), label)
}

"""


def r_script(dataset: Dataset, options: WriteOptions) -> bytes:
    """The script in ASCII, with labels in the language asked for."""
    style = TableStyle(options.names)
    begin = _BEGIN % {
        "participant": _text(style.column("participant")),
        "visit": _text(style.column("visit")),
    }
    lines = "".join(f"{line}\n" for line in _lines(dataset, options.labels, style))
    return f"{begin}{lines}".encode("ascii")


def _lines(dataset: Dataset, language: str, style: TableStyle) -> Iterator[str]:
    # Answers first: they are found by the visits' codes, which then become factors.
    for field in dataset.variables.fields:
        if style.column(field.code):
            yield _field_line(field, language, style.column(field.code))
    for score in dataset.variables.scores:
        labels = {score.code: score_label(score, language), f"{score.code}_n": count_label(score, language)}
        for code, label in labels.items():
            if style.column(code):
                yield f"as_score({_text(style.column(code))}, {_text(label)})"
    for key in WIDE_KEYS:
        if style.column(key):
            yield from _key_line(key, dataset, language, style)


def _field_line(variable: FieldVariable, language: str, name: str) -> str:
    words = f"{_text(name)}, {_text(variable_label(variable, language))}"
    codes = choice_labels(variable, language)
    if codes:
        return f"as_choice({words}, {_codes(codes)})"
    return f"as_number({words})" if variable.field.kind is FieldKind.INTEGER else f"as_text({words})"


def _key_line(key: str, dataset: Dataset, language: str, style: TableStyle) -> Iterator[str]:
    words = f"{_text(style.column(key))}, {_text(key_label(key, language))}"
    codes = key_codes(key, dataset.study, language)
    if key == "site":
        codes = {style.site(code): label for code, label in codes.items()}
    if key == "visit":
        codes = {style.visit(code): label for code, label in codes.items()}
    if codes:
        yield f"as_key({words}, {_codes(codes)})"
    elif key.endswith("_at"):
        yield f"as_time({words})"


def _codes(codes: Mapping[str, str]) -> str:
    """A named vector. R makes one level of two labels that are alike, so these then carry their code."""
    is_unique = len(set(codes.values())) == len(codes)
    labels = codes if is_unique else {code: f"{label} ({code})" for code, label in codes.items()}
    return f"c({', '.join(f'{_text(code)} = {_text(label)}' for code, label in labels.items())})"


def _text(text: str) -> str:
    """A string of R's in ASCII: a session that does not speak UTF-8 could not read any other."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + re.sub(r"[^\x00-\x7f]", lambda found: f"\\U{ord(found[0]):08x}", escaped) + '"'
