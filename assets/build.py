"""Joins the participant's style sheet into one hashed file that the package ships, the page script too.

    python -m assets.build

Needs node on PATH, and `npm ci` to have run in this folder (`make assets` sees to both).
Designsystemet's tool makes our theme from designsystemet.config.json; this script puts the theme, the
component files that our pages use and participant.css into cascade layers, and writes
btb_pro/static/participant.<hash>.css. From that it takes first-page.<hash>.css: the rules that a page
outside a session needs, which the app writes into that page. participant.js loses its comments. Each
file has a .gz beside it; the licence of what is in them and manifest.json ({"participant.css":
"participant.<hash>.css", ...}) lie there too. The same input gives the same bytes.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assets.first_page import extending, subset, vocabulary_of, with_parents
from assets.narrowing import narrowed

ASSETS = Path(__file__).resolve().parent
STATIC = ASSETS.parent / "btb_pro" / "static"
BUILD = ASSETS / "build"
TEMPLATES = ASSETS.parent / "btb_pro" / "templates"
DESIGNSYSTEM = ASSETS / "node_modules" / "@digdir" / "designsystemet-css"
TOKENS_TOOL = ASSETS / "node_modules" / "@digdir" / "designsystemet" / "dist" / "bin" / "designsystemet.js"
CONFIG = "designsystemet.config.json"

LAYERS = "@layer ds.theme, ds.base, ds.components, btb;"
BASE = ("base",)
COMPONENTS = (
    "heading",
    "label",
    "paragraph",
    "validation-message",
    "link",
    "data-size-workaround",
    "button",
    "input",
    "field",
    "fieldset",
    "skip-link",
    "details",
    "list",
    "tag",
    "error-summary",
    "alert",
)
# What the staff's pages use beside those.
CONSOLE_COMPONENTS = (*COMPONENTS, "table", "card", "badge", "divider")
# The layout of what somebody may see before a session is there, or instead of one.
FIRST_PAGE = "participant/first_page.html"
CHARSET = re.compile(r'^\s*@charset\s+"[^"]*";', re.IGNORECASE)
_IN_QUOTES = re.compile(r"('(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)")
NOTICE = "/*! Contains Designsystemet, MIT licence, see licences.txt */"


def join(theme: str, base: Sequence[str], components: Sequence[str], ours: str) -> str:
    """One style sheet: layer order, theme (it names its own layers), base, components, our rules."""
    parts = [NOTICE, LAYERS, CHARSET.sub("", theme).strip()]
    for layer, sheets in (("ds.base", base), ("ds.components", components), ("btb", [ours])):
        body = "\n".join(CHARSET.sub("", sheet).strip() for sheet in sheets)
        parts.append(f"@layer {layer} {{\n{body}\n}}")
    return squeeze("\n".join(parts)) + "\n"


def squeeze(css: str) -> str:
    """Drops comments (but those that begin with an exclamation mark), indentation and empty lines."""
    css = re.sub(r"/\*(?!!).*?\*/", "", css, flags=re.DOTALL)
    return "\n".join(line for line in (line.strip() for line in css.splitlines()) if line)


def squeeze_script(script: str) -> str:
    """Drops indentation, empty lines, comments, and the blanks beside signs that need none.

    Words in quotes stay as they are, and so do the ends of lines that may end a statement. A regular
    expression must hold no blank beside one of these signs.
    """
    lines = [line.strip() for line in re.sub(r"/\*.*?\*/", "", script).splitlines()]
    kept = [line for line in lines if line and not line.startswith("//")]
    return re.sub(r"(?<=[;{,])\n", "", "\n".join(_without_blanks(line) for line in kept)) + "\n"


def _without_blanks(line: str) -> str:
    # Every second part is in quotes.
    parts = _IN_QUOTES.split(line)
    parts[::2] = [re.sub(r" ?([=<>!&|?:,;{}()*+]) ?", r"\1", part) for part in parts[::2]]
    return "".join(parts)


def first_page_sheet(sheet: str, templates: Path) -> str:
    """The rules of a style sheet that first pages need, with the licence's notice.

    Raises:
        ClassUnknown: a template makes a class up as it runs.
    """
    names = extending(templates, FIRST_PAGE)
    sources = [path.read_text(encoding="utf-8") for path in with_parents(templates, names)]
    return f"{NOTICE}\n{subset(sheet, vocabulary_of(sources))}"


def hashed_name(name: str, content: bytes) -> str:
    """`participant.css` with the first ten hex digits of its SHA-256 before the ending."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}"


def publish(files: Mapping[str, str], licences: str, static: Path) -> dict[str, str]:
    """Writes the files and their manifest into `static`, and removes what earlier builds left there."""
    static.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    for name, text in files.items():
        content = text.encode()
        manifest[name] = hashed_name(name, content)
        stem, _, ending = name.rpartition(".")
        for old in [*static.glob(f"{stem}.*.{ending}"), *static.glob(f"{stem}.*.{ending}.gz")]:
            old.unlink()
        (static / manifest[name]).write_bytes(content)
        (static / f"{manifest[name]}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (static / "licences.txt").write_text(licences, encoding="utf-8")
    # Last, so that a build that broke half-way is done again.
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (static / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def build_theme(node: str) -> str:
    """Runs Designsystemet's tool twice (colours to tokens, tokens to CSS) and returns the CSS."""
    for arguments in (
        ["tokens", "create", "--config", CONFIG],
        ["tokens", "build", "-t", "build/design-tokens", "-o", "build/theme"],
    ):
        command = [node, str(TOKENS_TOOL), *arguments]
        done = subprocess.run(command, cwd=ASSETS, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"designsystemet {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return (BUILD / "theme" / "btb.css").read_text(encoding="utf-8")


def read_components(names: Sequence[str]) -> list[str]:
    """The named files of Designsystemet's CSS package."""
    return [(DESIGNSYSTEM / "dist" / "src" / f"{name}.css").read_text(encoding="utf-8") for name in names]


def main() -> int:
    """Builds everything; prints each file with its size and compressed size in bytes."""
    node = shutil.which("node")
    if node is None or not DESIGNSYSTEM.is_dir():
        print("assets: run `make assets`, which brings Node and the style sheets' sources.", file=sys.stderr)
        return 1
    theme = build_theme(node)
    base = read_components(BASE)
    ours = (ASSETS / "participant.css").read_text(encoding="utf-8")
    sheet = join(theme, base, narrowed(read_components(COMPONENTS)), ours)
    console = (ASSETS / "console.css").read_text(encoding="utf-8")
    licence = (DESIGNSYSTEM / "LICENSE").read_text(encoding="utf-8")
    files = {
        "console.js": squeeze_script((ASSETS / "console.js").read_text(encoding="utf-8")),
        "participant.css": sheet,
        "first-page.css": first_page_sheet(sheet, TEMPLATES),
        "console.css": join(theme, base, read_components(CONSOLE_COMPONENTS), console),
        "participant.js": squeeze_script((ASSETS / "participant.js").read_text(encoding="utf-8")),
    }
    manifest = publish(files, f"Designsystemet\n\n{licence.strip()}\n", STATIC)
    # sample.html links to it by a name that stays.
    (BUILD / "participant.css").write_text(sheet, encoding="utf-8")
    for name in manifest.values():
        size, small = (STATIC / name).stat().st_size, (STATIC / f"{name}.gz").stat().st_size
        print(f"assets: btb_pro/static/{name} {size} bytes, {small} compressed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
