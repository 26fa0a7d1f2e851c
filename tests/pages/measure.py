"""Prints each number that is promised of the participant's pages beside its bar; 1 if one is missed.

    python -m tests.pages.measure [--runs N]

The real server, and Chromium slowed down to 400 ms a round trip, 400 kbit/s and a quarter of the processor.
Times are medians over the runs; of the pages of a visit, the slowest one's. A number of the script reads "not
yet" while the pages hold no script.
"""

import argparse
import gzip
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Browser

from btb_pro.assets import read_assets
from tests.pages.checks import axe_faults, html_faults, sightline_faults
from tests.pages.slow_phone import slow_phone
from tests.pages.visit import answer, every_kind_of_page, forward_button, invited, walk
from tests.support.chromium import launched
from tests.support.engines import EngineName
from tests.support.live_server import LiveServer, serving
from tests.support.world import make_world

LANGUAGES = ("nb", "en")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. A measured None is a number that cannot be had yet; a bar of None is no bar."""

    what: str
    measured: float | None
    bar: float | None
    unit: str = ""
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the number is beyond its bar."""
        return self.measured is not None and self.bar is not None and self.measured > self.bar

    def line(self) -> str:
        """The row as text."""
        verdict = "MISSED" if self.is_missed else "" if self.bar is None or self.measured is None else "ok"
        measured = "not yet" if self.measured is None else f"{self.measured:,.4g} {self.unit}".strip()
        bar = "" if self.bar is None else f"{self.bar:,.4g} {self.unit}".strip()
        return f"{self.what:<62} {measured:>12} {bar:>12}  {verdict:<6} {self.note}".rstrip()


@dataclass
class Times:
    """What was measured at each place of a visit, once a run."""

    at: dict[str, list[float]] = field(default_factory=dict)

    def add(self, place: str, number: float) -> None:
        """Note one number."""
        self.at.setdefault(place, []).append(number)

    def worst(self, is_wanted: Callable[[str], bool] = lambda place: True) -> tuple[float, str]:
        """The largest median and its place."""
        medians = {place: median(numbers) for place, numbers in self.at.items() if is_wanted(place)}
        place = max(medians, key=lambda one: medians[one])
        return medians[place], place


def first_page(browser: Browser, server: LiveServer, runs: int) -> Iterator[Row]:
    """The page behind a link, with an empty cache."""
    paints, requests, sizes = [], [], []
    for _ in range(max(runs, 3)):
        with slow_phone(browser, runs_scripts=True) as phone:
            phone.open(invited(server, "nb"))
            paint = phone.measured("paint")
            painted_at = (float(phone.page.evaluate("performance.timeOrigin")) + paint) / 1000
            paints.append(paint / 1000)
            requests.append(sum(one.sent_at <= painted_at for one in phone.meter.exchanges))
            sizes.append(sum(one.wire for one in phone.meter.exchanges) / 1000)
    yield Row("first page, requests before the largest paint", max(requests), 1)
    yield Row("first page on the wire, compressed, with headers", max(sizes), 14, "kB")
    yield Row("largest contentful paint, first page, throttled", median(paints), 1.0, "s")


def plain_visits(browser: Browser, server: LiveServer, runs: int) -> Iterator[Row]:
    """Visits on a phone that runs no script."""
    next_page, bodies, shifts = Times(), [], []
    for _ in range(runs):
        with slow_phone(browser, runs_scripts=False) as phone:
            for place in walk(phone, invited(server, "nb")):
                answer(phone.page)
                next_page.add(place, phone.tap_to_next_page(forward_button(phone.page)))
            bodies.append(phone.meter.bodies / 1000)
            shifts.append(phone.meter.shift)
    seconds, place = next_page.worst(is_question)
    typical = median(median(all_of) for name, all_of in next_page.at.items() if is_question(name))
    note = f"slowest: {place}; typical {typical:.3g} s"
    yield Row("Next to the next page's paint, no script, throttled", seconds, 1.4, "s", note)
    start = median(next_page.at["start"])
    yield Row("Start to the list of parts, with the style sheet, throttled", start, None, "s")
    yield Row("layout shift, whole visit, no script", max(shifts), 0)
    yield Row("whole visit, compressed response bodies, no script", max(bodies), 90, "kB")


def scripted_visits(browser: Browser, server: LiveServer, runs: int) -> Iterator[Row]:
    """Visits on a phone that runs the page's script, if there is one."""
    turn, blocking, bodies, shifts = Times(), Times(), [], []
    has_script = False
    for _ in range(runs):
        with slow_phone(browser, runs_scripts=True) as phone:
            shift = 0.0
            for place in walk(phone, invited(server, "nb")):
                blocking.add(place, phone.measured("blocking"))
                shift = max(shift, phone.measured("shift"))
                has_script = has_script or phone.page.locator("script[src]").count() > 0
                answer(phone.page)
                phone.rest()
                phone.page.evaluate("window.measured.blocking = 0")
                took = phone.tap_to_next_view(forward_button(phone.page))
                if took is not None:
                    turn.add(place, took * 1000)
            bodies.append(phone.meter.bodies / 1000)
            shifts.append(shift)
    took, place = turn.worst() if turn.at else (None, "")
    kilobytes = max(bodies) if has_script else None
    blocked, blocked_at = blocking.worst()
    yield Row("the same with JavaScript", took, 100, "ms", place and f"slowest: {place}")
    yield Row("layout shift, whole visit, scripts on", max(shifts), 0)
    yield Row("blocking time of a page, throttled", blocked, 50, "ms", f"worst: {blocked_at}")
    yield Row("whole visit, compressed response bodies, with JavaScript", kilobytes, 100, "kB")


def is_question(place: str) -> bool:
    """Whether a place is a page of questions."""
    return place.startswith("page ")


def script(server: LiveServer) -> Row:
    """All JavaScript, as it comes over the line."""
    folder = Path(server.world.app.static_folder or "")
    name = read_assets(folder).script
    opener = build_opener(ProxyHandler({}))
    opener.addheaders = [("Accept-Encoding", "gzip")]
    with opener.open(f"{server.base_url}/static/{name}") as response:
        body = response.read()
    assert gzip.decompress(body) == (folder / name).read_bytes()
    return Row("JavaScript, compressed, all of it", len(body) / 1000, 5, "kB")


def other_peoples_checks(browser: Browser, server: LiveServer) -> Iterator[Row]:
    """Findings of axe, html-validate and sightline, each told on standard error."""
    pages = {language: every_kind_of_page(browser, server, language) for language in LANGUAGES}
    found: Mapping[str, list[str]] = {
        "axe, nb and en, light and dark": [
            fault for each in pages.values() for fault in axe_faults(browser, server.base_url, each)
        ],
        "html-validate, nb and en": [fault for each in pages.values() for fault in html_faults(each)],
        "sightline (WCAG 2.2 A, AA), nb and en": [
            fault for each in pages.values() for fault in sightline_faults(browser, server.base_url, each)
        ],
    }
    for tool, faults in found.items():
        for fault in faults:
            print(f"{tool}: {fault}", file=sys.stderr)
        yield Row(f"{tool}, {len(pages['nb'])} kinds of page", len(faults), 0)


def rows(browser: Browser, server: LiveServer, runs: int) -> Iterator[Row]:
    """The whole table, as it is measured."""
    yield from first_page(browser, server, runs)
    yield from plain_visits(browser, server, runs)
    yield from scripted_visits(browser, server, runs)
    yield script(server)
    yield from other_peoples_checks(browser, server)


def warn_if_busy() -> None:
    """Say on standard error that other work on this machine makes the times longer than they are."""
    load, n_processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > n_processors / 2:
        words = f"This machine is busy (load {load:.1f}, {n_processors} processors): times come out too long."
        print(words, file=sys.stderr)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="Measures the participant's pages on a slow phone.")
    parser.add_argument("--runs", type=int, default=3, help="visits of each sort (default 3)")
    runs = parser.parse_args().runs
    is_missed = False
    warn_if_busy()
    with TemporaryDirectory() as folder:
        world = make_world(Path(folder) / "instance", engine=EngineName.SQLITE)
        print(f"{'':<62} {'measured':>12} {'bar':>12}", flush=True)
        with serving(world) as server, launched() as browser:
            for row in rows(browser, server, runs):
                print(row.line(), flush=True)
                is_missed = is_missed or row.is_missed
        world.close()
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
