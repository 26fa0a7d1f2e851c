"""What other people's tools find on the pages: axe, html-validate, sightline."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route
from sightline import audit, instrument

_ROOT = Path(__file__).resolve().parents[2]
_HTML_VALIDATE = _ROOT / "assets" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
# Its recommended rules but two: it knows no check-box group that shares its name with the hidden field which
# tells an emptied group from an absent one, and our buttons need no type, since they all send their form.
_CONFIG = Path(__file__).parent / "html-validate.json"
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


def html_faults(pages: Mapping[str, str]) -> list[str]:
    """What html-validate finds wrong in pages as the server sent them.

    Raises:
        RuntimeError: it did not run.
    """
    node = shutil.which("node")
    if node is None or not _HTML_VALIDATE.exists():
        raise RuntimeError("html-validate is missing: run make pages, which brings it.")
    with TemporaryDirectory() as folder:
        names = {}
        for number, (name, html) in enumerate(pages.items()):
            file = Path(folder) / f"{number}.html"
            file.write_text(html, encoding="utf-8")
            names[str(file)] = name
        report = Path(folder) / "report.json"
        command = [node, str(_HTML_VALIDATE), "--config", str(_CONFIG), "--formatter", f"json={report}"]
        done = subprocess.run([*command, *names], capture_output=True, text=True, cwd=folder)
        if done.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"html-validate did not run:\n{done.stdout}{done.stderr}")
        return [
            f"{names[result['filePath']]}: {message['ruleId']}: {message['message']}"
            for result in json.loads(report.read_text(encoding="utf-8"))
            for message in result["messages"]
        ]


def axe_faults(browser: Browser, base_url: str, pages: Mapping[str, str]) -> list[str]:
    """What axe finds by the rules of WCAG 2.0 to 2.2 A and AA and best practice, in light and dark."""
    faults = []
    with _shown(browser, base_url, pages) as shown:
        for name, page in shown:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                found = Axe().run(page, options={"runOnly": _AXE_TAGS, "resultTypes": ["violations"]})
                faults += [
                    f"{name}, {scheme}: {violation['id']}: {node['html'][:120]}"
                    for violation in found.response["violations"]
                    for node in violation["nodes"]
                ]
    return faults


def sightline_faults(browser: Browser, base_url: str, pages: Mapping[str, str]) -> list[str]:
    """What sightline finds by the rules of WCAG 2.2 that need a drawn page: focus, targets, dragging."""
    with _shown(browser, base_url, pages) as shown:
        return [
            f"{name}: {finding.sc} {finding.message} {finding.target}"
            for name, page in shown
            for finding in audit(page, levels=["A", "AA"]).violations
        ]


@contextmanager
def _shown(browser: Browser, base_url: str, pages: Mapping[str, str]) -> Iterator[Iterator[tuple[str, Page]]]:
    """Pages one after the other in one window, with the server's own style sheet and without our script."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    instrument(page)
    body = {"html": ""}

    def give(route: Route) -> None:
        route.fulfill(body=body["html"], content_type="text/html; charset=utf-8")

    context.route("**/as-it-was-sent", give)
    context.route("**/*.js", lambda route: route.abort())

    def each() -> Iterator[tuple[str, Page]]:
        for name, html in pages.items():
            body["html"] = html
            page.goto(f"{base_url}/as-it-was-sent")
            yield name, page

    yield each()
    context.close()
