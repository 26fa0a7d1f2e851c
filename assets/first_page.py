"""Takes out of a style sheet what a few pages need, so that it can travel inside them.

`vocabulary_of` reads from the templates which elements, classes, ids and attributes those pages can
contain; `subset` keeps the rules whose selectors can match any of it, in their order and layers, then
drops the custom properties that nothing kept refers to. A rule too many costs bytes, one too few would
change the page: what is not understood is kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import tinycss2

_JINJA_NAMES_A_TEMPLATE = re.compile(r'\{%-?\s*(?:extends|include|import|from)\s+"([^"]+)"')
_JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_UNKNOWN = "\ufffd"
_CUSTOM_PROPERTY = re.compile(r"--[\w-]+")
_ALTERNATIVES = {"is", "where", "has", "matches", "any"}

Node = Any
"""A node of tinycss2, which ships no types."""


class ClassUnknown(Exception):
    """A template makes a class up as it runs, so nobody can tell which rules the page needs."""


@dataclass
class Vocabulary:
    """What some pages can contain. An attribute's values are None where any is possible."""

    elements: set[str] = field(default_factory=lambda: {"html", "head", "body"})
    classes: set[str] = field(default_factory=set)
    ids: set[str] | None = field(default_factory=set)
    attributes: dict[str, set[str] | None] = field(default_factory=dict)

    def add(self, name: str, value: str | None) -> None:
        """Note one attribute of one element.

        Raises:
            ClassUnknown: see the class.
        """
        value = value or ""
        is_known = _UNKNOWN not in value
        if name == "class":
            if not is_known:
                raise ClassUnknown(f'class="{value}": write every class of a first page out.')
            self.classes.update(value.split())
        elif name == "id":
            self.ids = self.ids | {value} if self.ids is not None and is_known else None
        values = self.attributes.setdefault(name, set())
        self.attributes[name] = values | {value} if values is not None and is_known else None


class _TemplateReader(HTMLParser):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._vocabulary.elements.add(tag)
        for name, value in attrs:
            if bare := name.strip(_UNKNOWN):
                self._vocabulary.add(bare, value)


def with_parents(folder: Path, names: Iterable[str]) -> list[Path]:
    """The templates of these names and every template that they name, each once, sorted."""
    found: set[str] = set()
    to_read = list(names)
    while to_read:
        name = to_read.pop()
        if name not in found:
            found.add(name)
            to_read += _JINJA_NAMES_A_TEMPLATE.findall((folder / name).read_text(encoding="utf-8"))
    return [folder / name for name in sorted(found)]


def extending(folder: Path, layout: str) -> list[str]:
    """Names of the templates in a folder and below that build on a layout, sorted."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return [name for name in names if name != layout and folder / layout in with_parents(folder, [name])]


def vocabulary_of(templates: Iterable[str]) -> Vocabulary:
    """What pages made from these template sources can contain, whichever way their conditions go.

    Raises:
        ClassUnknown: a class is made up as the template runs.
    """
    vocabulary = Vocabulary()
    for source in templates:
        reader = _TemplateReader(vocabulary)
        reader.feed(_JINJA.sub(_UNKNOWN, _JINJA_COMMENT.sub("", source)))
        reader.close()
    return vocabulary


def subset(css: str, vocabulary: Vocabulary) -> str:
    """The part of a style sheet that pages of that vocabulary need, one rule a line."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    _refuse_errors(rules)
    kept = _prune_properties([_Rule(node, vocabulary) for node in rules])
    return "".join(f"{text}\n" for text in kept)


def _refuse_errors(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.type == "error":
            raise ValueError(f"line {node.source_line} of the style sheet: {node.message}")


class _Rule:
    """A rule with its head and, in their order, the declarations and rules in its block that can matter."""

    def __init__(self, node: Node, vocabulary: Vocabulary) -> None:
        self.keyword = node.lower_at_keyword if node.type == "at-rule" else ""
        self.content: list[tuple[str, str] | _Rule] = []
        self.is_statement = node.content is None
        self.block = ""
        if self.keyword:
            self.head = f"@{self.keyword} {_text(node.prelude)}".strip()
        else:
            self.head = ",".join(_text(one) for one in _split(node.prelude) if can_match(one, vocabulary))
        if self.keyword == "keyframes" and node.content is not None:
            self.block = _text(node.content)
        elif self.head and node.content is not None:
            self._read_block(node.content, vocabulary)

    def _read_block(self, content: Sequence[Node], vocabulary: Vocabulary) -> None:
        nodes = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        _refuse_errors(nodes)
        for node in nodes:
            if node.type == "declaration":
                important = " !important" if node.important else ""
                self.content.append((node.name, f"{_text(node.value)}{important}"))
            else:
                self.content.append(_Rule(node, vocabulary))

    def declarations(self) -> Iterator[tuple[str, str]]:
        """Name and value of every declaration in it, at any depth."""
        for one in self.content:
            if isinstance(one, _Rule):
                yield from one.declarations()
            else:
                yield one

    def text(self, is_used: Mapping[str, bool], animations: str) -> str:
        """The rule without unused custom properties, empty if nothing is left that matters."""
        if self.is_statement:
            return f"{self.head};"
        if self.block:
            return f"{self.head}{{{self.block}}}" if self.head.split()[1] in animations else ""
        inside = ""
        for one in self.content:
            if isinstance(one, _Rule):
                inside += one.text(is_used, animations)
            elif is_used.get(one[0], True):
                inside += f"{one[0]}:{one[1]};"
        if self.head and inside:
            return f"{self.head}{{{inside.removesuffix(';')}}}"
        # An empty layer still has its place in the order of layers.
        return f"{self.head};" if self.keyword == "layer" else ""


def _prune_properties(rules: Sequence[_Rule]) -> list[str]:
    declarations = [pair for rule in rules for pair in rule.declarations()]
    is_used = {name: False for name, _ in declarations if name.startswith("--")}
    reached = [value for name, value in declarations if name not in is_used]
    while reached:
        named = {name for value in reached for name in _CUSTOM_PROPERTY.findall(value)}
        fresh = {name for name in named if is_used.get(name) is False}
        is_used |= dict.fromkeys(fresh, True)
        reached = [value for name, value in declarations if name in fresh]
    animations = " ".join(value for name, value in declarations if name.startswith("animation"))
    return [text for rule in rules if (text := rule.text(is_used, animations))]


def can_match(selector: Sequence[Node], vocabulary: Vocabulary) -> bool:
    """Whether a selector without commas could match something in pages of that vocabulary.

    Each simple selector is looked at by itself: how they are combined is not.
    """
    before = ""
    for node in selector:
        if node.type == "ident" and before not in (".", ":", "::"):
            is_possible = node.lower_value in vocabulary.elements
        elif node.type == "ident" and before == ".":
            is_possible = node.value in vocabulary.classes
        elif node.type == "hash":
            is_possible = vocabulary.ids is None or node.value in vocabulary.ids
        elif node.type == "[] block":
            is_possible = _attribute_is_possible(node.content, vocabulary)
        elif node.type == "function" and node.lower_name in _ALTERNATIVES:
            is_possible = any(can_match(one, vocabulary) for one in _split(node.arguments))
        else:
            is_possible = True
        if not is_possible:
            return False
        before = node.value if node.type == "literal" else ""
    return True


def _attribute_is_possible(content: Sequence[Node], vocabulary: Vocabulary) -> bool:
    tokens = [node for node in content if node.type != "whitespace"]
    name = tokens[0].lower_value
    if name not in vocabulary.attributes:
        return False
    values = vocabulary.attributes[name]
    if values is None or len(tokens) != 3 or tokens[1].value != "=":
        return True
    return tokens[2].value in values


def _split(tokens: Sequence[Node]) -> list[list[Node]]:
    """A list at its commas, comments left out."""
    parts: list[list[Node]] = [[]]
    for node in tokens:
        if node.type == "literal" and node.value == ",":
            parts.append([])
        elif node.type != "comment":
            parts[-1].append(node)
    return parts


def _text(tokens: Sequence[Node]) -> str:
    return str(tinycss2.serialize([node for node in tokens if node.type != "comment"])).strip()
