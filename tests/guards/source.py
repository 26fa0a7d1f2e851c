"""Looks at source text. Each takes text, so that a guard can be fed something bad on purpose."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "btb_pro"


@dataclass(frozen=True, slots=True)
class Import:
    """One import of ours: the module it names, and whether it stands inside a function."""

    target: str
    is_hidden: bool


def modules() -> dict[str, str]:
    """Every module of the package but migrations: dotted name to source text."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if "migrations" in parts:
            continue
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path.read_text(encoding="utf-8")
    return found


@cache
def imports(source: str) -> tuple[Import, ...]:
    """All imports of a module, those for types alone left out."""
    return tuple(_imports(source))


def _imports(source: str) -> Iterator[Import]:
    tree = ast.parse(source)
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (Import(f"{base}.{alias.name}", node in inside) for alias in node.names)


def calls(source: str) -> Iterator[str]:
    """Dotted text of everything that a module calls: ``session.add``, ``datetime.now``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def resolve(target: str, known: dict[str, str]) -> str | None:
    """The module that an import's target lies in; None if it is not one of ours."""
    while target:
        if target in known:
            return target
        target = target.rpartition(".")[0]
    return None
