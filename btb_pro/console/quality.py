"""Data quality: how complete the answers are, how they were given, and when. Read from the newest count."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_percent, get_locale, gettext

from btb_pro.console.bars import Bars, draw_bars
from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.export_words import moment
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.scope import site_names, visit_titles
from btb_pro.instruments.answers import ItemState
from btb_pro.instruments.model import Instrument
from btb_pro.roles import Permission
from btb_pro.services.jobs import JobKind, ask_for, open_jobs
from btb_pro.services.quality_report import (
    LONGER,
    SECONDS,
    Report,
    Sum,
    median_bin,
    read_report,
    share_answered,
)
from btb_pro.this_request import runtime

_SHORT = 44
_QUICK = "5"


@dataclass(frozen=True, slots=True)
class _Question:
    code: str
    text: str
    share: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    code: str
    title: str
    questions: tuple[_Question, ...]


@console.get("/quality")
@allow(Permission.SEE_QUALITY)
def quality() -> ResponseReturnValue:
    """The numbers of the newest count, by question and hospital."""
    with at_desk() as desk:
        return _show(desk)


@console.post("/quality")
@allow(Permission.SEE_QUALITY)
def count_again() -> ResponseReturnValue:
    """Have it counted anew; one count at a time is enough for all."""
    with at_desk(writes=True) as desk:
        if not ConsoleForm().is_sound():
            return _show(desk, stale_notice())
        under_way = open_jobs(desk.db, JobKind.QUALITY)
        number = (
            under_way[0].id if under_way else ask_for(desk.db, desk.signed_in.staff_id, JobKind.QUALITY, {})
        )
    return redirect(url_for("console.job", number=number), 303)


def _show(desk: Desk, notice: str = "") -> str:
    sites, visits = site_names(desk), visit_titles(desk)
    site = request.args.get("site", "") if request.args.get("site", "") in sites else ""
    visit = request.args.get("visit", "") if request.args.get("visit", "") in visits else ""
    report = read_report(desk.db, tuple(sites), site, visit)
    form = ConsoleForm(formdata=None)
    return render_template(
        "console/quality.html",
        form=form,
        notice=notice,
        sites=sites,
        visits=visits,
        site=site,
        visit=visit,
        report=report,
        **(_numbers(report, sites) if report else {}),
    )


def _numbers(report: Report, sites: Mapping[str, str]) -> dict[str, object]:
    whole, house = report.whole, runtime()
    codes = dict.fromkeys(part.instrument for visit in house.study.visits for part in visit.parts)
    instruments = [house.instruments[code] for code in codes]
    parts = [part for one in instruments if (part := _part(one, whole)) is not None]
    return {
        "counted_at": moment(report.counted_at),
        "whole": whole,
        "by_site": [_site_row(sites[code], one) for code, one in report.by_site.items()],
        "site_plot": _plot_of_shares((sites[code], one.answered()) for code, one in report.by_site.items()),
        "parts": parts,
        "part_plot": _plot_of_shares(
            (one.title[str(get_locale())].text, whole.answered({field.code for field in one.fields}))
            for one in instruments
        ),
        "straight": [
            (one.title[str(get_locale())].text, counted["looked"], counted["lowest"], counted["other"])
            for one in instruments
            if (counted := whole.straight.get(one.code))
        ],
        "pages": [*_pages(instruments, whole)],
        "time_plot": _plot_times(whole),
        "left_out": _left_out(whole),
        "left_out_plot": _plot_left_out(whole),
        "timing": [
            (
                sites[code],
                one.submitted,
                one.late,
                _percent(one.late, one.submitted),
                one.after,
                _percent(one.after, one.submitted),
            )
            for code, one in report.by_site.items()
        ],
    }


def _site_row(name: str, one: Sum) -> tuple[str, int, str]:
    return name, one.submitted, _percent(*one.answered())


def _percent(part: int, whole: int) -> str:
    return str(format_percent(part / whole, "#,##0.0 %")) if whole else "–"


def _plot_of_shares(rows: "Iterator[tuple[str, tuple[int, int]]]") -> Bars:
    return draw_bars(
        [(_cut(label), part / whole, _percent(part, whole)) for label, (part, whole) in rows if whole], 1
    )


def _part(instrument: Instrument, whole: Sum) -> _Part | None:
    language = str(get_locale())
    found = []
    for item in instrument.items:
        for field in item.fields:
            states = whole.states.get(field.code)
            if states:
                text = field.label[language].text or item.text[language].text
                numbers = tuple(states.get(state.value, 0) for state in ItemState)
                found.append(_Question(field.code, text, _percent(*share_answered(states)), numbers))
    return _Part(instrument.code, instrument.title[language].text, tuple(found)) if found else None


def _pages(instruments: list[Instrument], whole: Sum) -> Iterator[tuple[str, str, int, str, str, str]]:
    """Page in the order of its first question: its instrument, how often, median, quick, long."""
    language = str(get_locale())
    for instrument in instruments:
        for item in instrument.items:
            bins = whole.seconds.get(f"{instrument.code}/{item.code}")
            if bins:
                number = sum(bins.values())
                yield (
                    item.code,
                    instrument.title[language].text,
                    number,
                    _median(bins),
                    _percent(bins.get(_QUICK, 0), number),
                    _percent(bins.get(LONGER, 0), number),
                )


def _plot_times(whole: Sum) -> Bars:
    bins = sum(whole.seconds.values(), Counter[str]())
    ends = [*SECONDS, None]
    return draw_bars(
        [
            (_span(start, end), bins[str(end or LONGER)], _percent(bins[str(end or LONGER)], bins.total()))
            for start, end in zip([0, *SECONDS], ends, strict=True)
        ]
    )


def _median(bins: Mapping[str, int]) -> str:
    return _span(*median_bin(bins))


def _span(start: int, end: int | None) -> str:
    if end is None:
        return str(gettext("over %(start)s s", start=start))
    return str(gettext("%(start)s–%(end)s s", start=start, end=end))


def _left_out(whole: Sum) -> list[tuple[int, int, str]]:
    total = sum(whole.left_out.values())
    return [
        (number, whole.left_out[str(number)], _percent(whole.left_out[str(number)], total))
        for number in sorted(int(one) for one in whole.left_out)
    ]


def _plot_left_out(whole: Sum) -> Bars:
    rows = [(str(number), float(count), str(count)) for number, count, _ in _left_out(whole)]
    return draw_bars(
        [(gettext("%(number)s left out", number=label), size, words) for label, size, words in rows]
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
