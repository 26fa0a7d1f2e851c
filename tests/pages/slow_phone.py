"""A phone of five years ago on a train: Chromium slowed down, with a meter on its line and on its screen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, CDPSession, Locator, Page

LATENCY_MS = 400
BYTES_PER_S = 400_000 / 8
CPU_SLOWDOWN = 4
_QUIET_S = 0.5
_PATIENCE_S = 60

# What Chromium tells a page about itself. Blocking time is what goes beyond 50 ms in any task.
_OBSERVE = """(() => {
  const seen = window.measured = {paint: 0, shift: 0, blocking: 0, taps: []};
  const watch = (type, take, more) => new PerformanceObserver(list => list.getEntries().forEach(take))
    .observe({type, buffered: true, ...more});
  watch('largest-contentful-paint', entry => { seen.paint = entry.startTime; });
  watch('layout-shift', entry => { if (!entry.hadRecentInput) seen.shift += entry.value; });
  watch('longtask', entry => { seen.blocking += Math.max(0, entry.duration - 50); });
  watch('event', entry => { if (entry.name === 'click') seen.taps.push([entry.startTime, entry.duration]); },
    {durationThreshold: 16});
})();"""


@dataclass(slots=True)
class Exchange:
    """One request on the line and what came back. Sizes are in bytes, as compressed."""

    url: str
    sent_at: float
    """Seconds since 1970."""
    body: int = 0
    wire: int = 0
    """Headers and body."""


@dataclass
class Meter:
    """Listens to Chromium's own events, so that it works where the page may run no script."""

    exchanges: list[Exchange] = field(default_factory=list)
    paints: list[float] = field(default_factory=list)
    """When a larger piece of a page than before was painted, in seconds since 1970."""
    shift: float = 0
    """Sum of the layout shifts that no tap explains."""
    quiet_since: float = field(default_factory=time.time)
    _under_way: dict[str, Exchange] = field(default_factory=dict)

    def listen(self, session: CDPSession) -> None:
        """Take note of a page from now on."""
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.responseReceived", self._received)
        session.on("Network.requestServedFromCache", self._cached)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", self._finished)
        session.on("PerformanceTimeline.timelineEventAdded", self._seen)
        session.send("Network.enable")
        types = ["largest-contentful-paint", "layout-shift"]
        session.send("PerformanceTimeline.enable", {"eventTypes": types})

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has been under way for a while."""
        return not self._under_way and time.time() - self.quiet_since > _QUIET_S

    @property
    def bodies(self) -> int:
        """Compressed bytes of all response bodies so far."""
        return sum(exchange.body for exchange in self.exchanges)

    def _sent(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("data:"):
            return
        if "redirectResponse" in event:
            self._take_sizes(self._under_way[event["requestId"]], event["redirectResponse"])
        exchange = Exchange(event["request"]["url"], event["wallTime"])
        self.exchanges.append(exchange)
        self._under_way[event["requestId"]] = exchange

    def _received(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._under_way:
            self._take_sizes(self._under_way[event["requestId"]], event["response"])
        if event["type"] == "Fetch":
            # Chromium tells of no end where the script does not read the body.
            self._finished(event)

    def _take_sizes(self, exchange: Exchange, response: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in response["headers"].items()}
        exchange.body = int(headers["content-length"]) if response["status"] not in (204, 304) else 0

    def _cached(self, event: dict[str, Any]) -> None:
        exchange = self._under_way.pop(event["requestId"], None)
        if exchange is not None:
            self.exchanges.remove(exchange)

    def _finished(self, event: dict[str, Any]) -> None:
        exchange = self._under_way.pop(event["requestId"], None)
        if exchange is not None:
            exchange.wire = int(event.get("encodedDataLength", 0))
            self.quiet_since = time.time()

    def _seen(self, event: dict[str, Any]) -> None:
        what = event["event"]
        if what["type"] == "largest-contentful-paint":
            self.paints.append(what["lcpDetails"]["renderTime"])
        elif not what["layoutShiftDetails"]["hadRecentInput"]:
            self.shift += what["layoutShiftDetails"]["value"]


@dataclass
class SlowPhone:
    """One window with an empty cache."""

    page: Page
    meter: Meter
    runs_scripts: bool

    @property
    def kind(self) -> str:
        """The kind of page that is shown."""
        return self.page.locator("body").get_attribute("data-page") or ""

    @property
    def place(self) -> str:
        """The kind of page that is shown; of a page of questions, its number."""
        kind = self.kind
        if kind != "items":
            return kind
        return f"page {self.page.locator('progress').get_attribute('value')}"

    def open(self, address: str) -> None:
        """Go to an address and wait until it has come to rest."""
        self.page.goto(address)
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is under way: the time in which somebody reads."""
        end = time.monotonic() + _PATIENCE_S
        self.page.wait_for_timeout(_QUIET_S * 1000)
        while not self.meter.is_quiet:
            assert time.monotonic() < end, [one.url for one in self.meter.exchanges[-3:]]
            self.page.wait_for_timeout(50)

    def tap(self, target: Locator) -> float:
        """Tap the middle of something; the time of the tap, in seconds since 1970."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None, f"{target} is not on the page"
        at = time.time()
        self.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return at

    def tap_to_next_page(self, target: Locator) -> float:
        """Seconds from a tap to the last large paint of the page that the server answers with."""
        with self.page.expect_navigation():
            at = self.tap(target)
        self.rest()
        # On a busy machine the browser tells of a paint well after the network has come to rest.
        end = time.monotonic() + _PATIENCE_S
        while not any(paint > at for paint in self.meter.paints):
            assert time.monotonic() < end, f"no paint of {self.page.url} was told of"
            self.page.wait_for_timeout(50)
        return max(self.meter.paints) - at

    def tap_to_next_view(self, target: Locator) -> float | None:
        """Seconds from a tap to the paint that follows what the page's script does; None if it left the page.

        Chromium rounds to 8 ms and does not tell of what took less than 16.
        """
        before, start = self.page.url, self.page.evaluate("performance.now()")
        self.page.evaluate("window.isSamePage = true")
        self.tap(target)
        end = time.monotonic() + _PATIENCE_S
        while self.page.url == before:
            assert time.monotonic() < end, f"a tap left {before} as it was"
            self.page.wait_for_timeout(20)
        self.page.wait_for_load_state()
        self.rest()
        if not self.page.evaluate("window.isSamePage === true"):
            return None
        taps: list[tuple[float, float]] = self.page.evaluate("window.measured.taps")
        return max((took for at, took in taps if at >= start), default=16) / 1000

    def measured(self, name: str) -> float:
        """What the page was told since it was loaded: `paint`, `blocking` (milliseconds) or `shift`."""
        return float(self.page.evaluate("name => window.measured[name]", name))


@contextmanager
def slow_phone(browser: Browser, *, runs_scripts: bool, is_slow: bool = True) -> Iterator[SlowPhone]:
    """A phone with an empty cache, gone with the block."""
    context = browser.new_context(
        viewport={"width": 360, "height": 800},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="nb-NO",
        java_script_enabled=runs_scripts,
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    meter = Meter()
    meter.listen(session)
    if runs_scripts:
        page.add_init_script(_OBSERVE)
    if is_slow:
        speed = {"downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S}
        session.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **speed})
        session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    yield SlowPhone(page, meter, runs_scripts)
    context.close()
