"""What the apps of one process need not do again each: compile the same templates, addresses and statements.

A process that serves compiles each once; a process that tests makes an app for each test. Nothing here
changes what is compiled, only how often: a third of the tests' time went into it.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from btb_pro import db

Builder = Callable[..., tuple[str, str]]
_MOST_STATEMENTS = 5_000


class _Templates(BytecodeCache):
    """Jinja asks by the template's name and a checksum of its source."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key, bucket.checksum] = bucket.code


def share() -> None:
    """From here on, for every app of this process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
    _share_addresses()
    _share_statements()


def _share_addresses() -> None:
    builders: dict[tuple[object, ...], Builder] = {}
    compile_builder = Rule._compile_builder

    def compiled(self: Rule, append_unknown: bool = True) -> Builder:
        key = (self.rule, tuple(self._trace), repr(self.defaults), append_unknown)
        if key not in builders:
            builders[key] = compile_builder(self, append_unknown)
        return builders[key]

    Rule._compile_builder = compiled  # type: ignore[method-assign]


def _share_statements() -> None:
    """SQLAlchemy keeps them by dialect and engine; ours differ in nothing but the address of the database."""
    statements: dict[type, Any] = {}
    make_engine = db._engine

    def made(url: str) -> Engine:
        engine = make_engine(url)
        kind = type(engine.dialect)
        engine._compiled_cache = statements.setdefault(kind, LRUCache(_MOST_STATEMENTS))
        return engine

    db._engine = made
    # Part of the key that a statement is kept by.
    DefaultDialect.__hash__ = _hash_of_kind  # type: ignore[method-assign]
    DefaultDialect.__eq__ = _is_same_kind  # type: ignore[method-assign]


def _hash_of_kind(self: object) -> int:
    return hash(type(self))


def _is_same_kind(self: object, other: object) -> bool:
    return type(self) is type(other)
