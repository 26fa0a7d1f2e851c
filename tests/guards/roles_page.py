"""Writes docs/roles.md from the table in the code: ``python -m tests.guards.roles_page``."""

import ast
from itertools import pairwise
from pathlib import Path

from btb_pro import roles
from btb_pro.roles import PERMISSIONS, Permission, Role
from tests.guards.console_routes import CONSOLE_ROUTES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"

_INTRODUCTION = """# Who may do what

Made from `btb_pro/roles.py` and the console's routes by `make roles`; do not change it by hand.

An account has one role. It is bound to hospitals or is for all of them, and finds participants of its own
hospitals only: another's participant is not found, by page and by form, just as a page that the role may not
open. What somebody may do is asked anew at each request, so a changed role counts from the next click on.

Investigators, data managers and monitors see how participants answered, under their study numbers. Data
managers and monitors see no contact detail. Coordinators and administrators never see how anybody answered.

## Roles
"""


def explained() -> dict[Permission, str]:
    """What the code says below each permission, in one line; empty where it says nothing."""
    tree = ast.parse(Path(roles.__file__).read_text(encoding="utf-8"))
    body = next(
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Permission"
    )
    found = dict.fromkeys(Permission, "")
    for before, after in pairwise(body):
        if isinstance(before, ast.Assign) and isinstance(after, ast.Expr):
            target, text = before.targets[0], after.value
            if isinstance(target, ast.Name) and isinstance(text, ast.Constant):
                found[Permission[target.id]] = " ".join(str(text.value).split())
    return found


def page() -> str:
    """The whole page."""
    names = [role.value for role in Role]
    lines = [_INTRODUCTION, f"| may | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for permission in Permission:
        marks = ["yes" if permission in PERMISSIONS[role] else "–" for role in Role]
        lines.append(f"| {permission.value} | {' | '.join(marks)} |")
    lines += ["", "## What each means", ""]
    for permission, text in explained().items():
        lines.append(f"- **{permission.value}**{': ' + text if text else ''}")
    lines += ["", "## Routes", "", "| route | needs |", "|---|---|"]
    lines += [f"| `{route}` | {rule} |" for route, rule in sorted(CONSOLE_ROUTES.items(), key=_by_path)]
    return "\n".join(lines) + "\n"


def _by_path(entry: tuple[str, object]) -> tuple[str, str]:
    method, _, path = entry[0].partition(" ")
    return path, method


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
