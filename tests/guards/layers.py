"""The rules of the house as functions of a source tree: each gives the sentences of what breaks it."""

import ast
from collections.abc import Iterator, Mapping

from tests.guards.source import imports, resolve

Sources = Mapping[str, str]
"""Dotted module name to source text."""

RANKS = {
    # ground
    "config": 0, "clock": 0, "links": 0, "i18n": 0, "logs": 0, "security": 0, "refusals": 0,
    "assets": 0, "compression": 0, "outside": 0, "damage": 0, "file_systems": 0,
    # knowledge
    "instruments": 1, "scoring": 1, "study": 1, "study_file": 1, "study_values": 1, "study_visits": 1,
    "safety_rules": 1, "toml_lines": 1, "roles": 1, "states": 1,
    # rows
    "models": 2, "db": 2, "migrations": 2, "migrate": 2,
    # ports
    "messaging": 3, "exports": 3,
    # work
    "services": 4,
    # what both faces share: of one request, of what comes in, and of the app
    "this_request": 5, "incoming": 5, "refused_values": 5,
    "web": 6,
    # edges
    "participant": 7, "console": 7, "api": 7, "cli": 7,
    # what joins everything
    "": 8, "__main__": 8, "wsgi": 8,
}  # fmt: skip
_EDGE = 7
_ROWS = 2
_PURE = ("instruments", "scoring")
_WEB_LIBRARIES = (
    "flask",
    "werkzeug",
    "jinja2",
    "wtforms",
    "flask_wtf",
    "flask_babel",
    "itsdangerous",
    "gunicorn",
)
_WITHOUT_WEB = (
    "instruments",
    "scoring",
    "study",
    "study_file",
    "study_values",
    "study_visits",
    "models",
    "db",
    "messaging",
    "exports",
    "services",
)


def room(module: str) -> str:
    """``btb_pro.participant.items`` lies in ``participant``."""
    return module.split(".")[1] if "." in module else ""


def upward_imports(tree: Sources) -> Iterator[str]:
    """Imports run downwards only, and no edge knows another."""
    known = dict(tree)
    for module, text in tree.items():
        for one in imports(text):
            target = resolve(one.target, known)
            if target is None:
                continue
            here, there = room(module), room(target)
            if not {here, there} <= set(RANKS):
                yield f"{module} and {target}: nobody has said in which layer they lie"
            elif here != there and RANKS[here] == RANKS[there] == _EDGE:
                yield f"{module} imports another edge: {target}"
            elif RANKS[there] > RANKS[here]:
                yield f"{module} imports upwards: {target}"
            elif here != there and RANKS[there] == RANKS[here] > _ROWS:
                yield f"{module} imports sideways: {target}"


def impure_knowledge(tree: Sources) -> Iterator[str]:
    """Instruments and scores can be used in a notebook; nothing below the edges knows the web."""
    for module, text in tree.items():
        here = room(module)
        for one in imports(text):
            library, *rest = one.target.split(".")
            is_web = library in _WEB_LIBRARIES
            if here in _WITHOUT_WEB and is_web:
                yield f"{module} knows the web: it imports {one.target}"
            if here in _PURE and library in ("sqlalchemy", "alembic"):
                yield f"{module} is not pure: it imports {one.target}"
            if here in _PURE and library == "btb_pro" and rest[:1] not in ([here], ["instruments"]):
                yield f"{module} is not pure: it imports {one.target}"
            if here == "study" and library == "btb_pro":
                yield f"{module} is not pure: it imports {one.target}"


def hidden_imports(tree: Sources) -> Iterator[str]:
    """No import of ours hides inside a function, except in create_app; none is relative."""
    for module, text in tree.items():
        for one in imports(text):
            # create_app imports when it is called, so that importing an instrument loads no web server.
            if one.is_hidden and one.target.split(".")[0] == "btb_pro" and module != "btb_pro":
                yield f"{module} hides an import of {one.target} in a function"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{module}:{node.lineno} imports by a relative name"


def imports_in_models(tree: Sources) -> Iterator[str]:
    """models/__init__ gathers nothing, so that reading one model needs no other."""
    for one in imports(tree["btb_pro.models"]):
        yield f"btb_pro.models imports {one.target}"


_WRITING_METHODS = ("add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings")
_WRITING_FUNCTIONS = ("insert", "update", "delete")
_WRITING_WORDS = ("INSERT", "UPDATE", "DELETE", "REPLACE", "DROP", "ALTER", "TRUNCATE")


def writes_outside_services(tree: Sources) -> Iterator[str]:
    """Only services add, change or delete rows; migrations change tables."""
    for module, text in tree.items():
        if room(module) in ("services", "migrations"):
            continue
        from_sqlalchemy = {
            alias.asname or alias.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
            for alias in node.names
            if alias.name in _WRITING_FUNCTIONS
        }
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _writes(node, from_sqlalchemy):
                yield f"{module}:{node.lineno} writes rows: {ast.unparse(node)[:60]}"


def _writes(call: ast.Call, from_sqlalchemy: set[str]) -> bool:
    if isinstance(call.func, ast.Name) and call.func.id in from_sqlalchemy:
        return True
    if isinstance(call.func, ast.Attribute):
        receiver = ast.unparse(call.func.value).rpartition(".")[2]
        is_session = receiver in ("session", "db", "connection")
        if is_session and call.func.attr in _WRITING_METHODS:
            return True
    first = call.args[0] if call.args else None
    words = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return words.lstrip().upper().startswith(tuple(f"{word} " for word in _WRITING_WORDS))


_TIME = {
    "datetime": ("now", "utcnow", "today"),
    "date": ("today",),
    "time": ("time", "time_ns", "localtime", "ctime"),
    "func": ("now", "current_timestamp", "localtimestamp"),
}


def clocks_beside_the_clock(tree: Sources) -> Iterator[str]:
    """Only clock.py asks what time it is."""
    for module, text in tree.items():
        if module == "btb_pro.clock":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute):
                receiver = ast.unparse(node.value).rpartition(".")[2]
                if node.attr in _TIME.get(receiver, ()):
                    yield f"{module}:{node.lineno} asks for the time: {ast.unparse(node)}"
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                yield from (
                    f"{module}:{node.lineno} asks for the time: {alias.name}"
                    for alias in node.names
                    if alias.name in _TIME["time"]
                )


def readers_of_the_environment(tree: Sources) -> Iterator[str]:
    """Only config.py reads the environment."""
    names = ("environ", "environb", "getenv", "putenv")
    for module, text in tree.items():
        if module == "btb_pro.config":
            continue
        for node in ast.walk(ast.parse(text)):
            is_read = (
                isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os"
            )
            is_taken = (
                isinstance(node, ast.ImportFrom)
                and node.module == "os"
                and any(alias.name in names for alias in node.names)
            )
            if is_read or is_taken:
                yield f"{module}:{getattr(node, 'lineno', 0)} reads the environment"


def makers_of_audit_events(tree: Sources) -> Iterator[str]:
    """Only services/audit.py makes audit events."""
    for module, text in tree.items():
        if module == "btb_pro.services.audit":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "AuditEvent":
                yield f"{module}:{node.lineno} makes an audit event"


def catchers_of_everything(tree: Sources) -> Iterator[str]:
    """No fault is swallowed: nobody catches Exception, nor with a bare except."""
    for module, text in tree.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "Exception"
                if {"Exception", "BaseException"} & {one.strip(" ()") for one in caught.split(",")}:
                    yield f"{module}:{node.lineno} catches everything"
