"""What the apps of one process need not do again each: compile the same templates, addresses and statements,
read the same study file and the same words.

A process that serves does each once; a process that tests makes an app for each test. Nothing here changes
what is compiled or read, only how often: half of the tests' time went into it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from babel.support import Translations
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from btb_pro import db
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument
from btb_pro.services import opening
from btb_pro.study import Study

_COMPILED = ("_parts", "_trace", "_converters", "_build", "_build_unknown")
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
    _share_studies()
    _share_words()


def _share_addresses() -> None:
    """What a rule is compiled to hangs on nothing but its text and how its map reads it; ours has one map."""
    compiled: dict[tuple[object, ...], Mapping[str, Any]] = {}
    compile_rule = Rule.compile

    def compile_once(self: Rule) -> None:
        key = (self.rule, self.subdomain, self.host, repr(self.defaults), self.merge_slashes)
        if key not in compiled:
            compile_rule(self)
            made = {name: getattr(self, name) for name in _COMPILED}
            # These two are bound to the rule.
            compiled[key] = {**made, **{name: made[name].__func__ for name in ("_build", "_build_unknown")}}
            return
        for name, value in compiled[key].items():
            setattr(self, name, value.__get__(self, None) if name.startswith("_build") else value)
        self.arguments |= set(compiled[key]["_converters"])

    Rule.compile = compile_once  # type: ignore[method-assign]


def _share_words() -> None:
    """Each app merges them into a catalogue of its own."""
    load = cache(Translations.load)

    def load_once(folder: str, locales: Sequence[object], domain: str = "messages") -> NullTranslations:
        return load(folder, tuple(str(locale) for locale in locales), domain)

    Translations.load = load_once  # type: ignore[method-assign,assignment]


def _share_studies() -> None:
    """A study is what its file's bytes say, and cannot be changed."""
    studies: dict[bytes, Study] = {}
    read_study = opening.read_study  # type: ignore[attr-defined]  # its own name for it

    def read_once(path: Path, instruments: Mapping[str, Instrument]) -> Study:
        content = path.read_bytes() if path.is_file() and instruments is load_instruments() else None
        if content is None:
            return read_study(path, instruments)
        if content not in studies:
            studies[content] = read_study(path, instruments)
        return studies[content]

    opening.read_study = read_once  # type: ignore[attr-defined]


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
