"""What can be wrong with an instrument file, and how it is told."""

from dataclasses import dataclass, field
from enum import StrEnum


class ReadingRule(StrEnum):
    """Rules that a file must keep before it is an instrument at all."""

    FILE_UNREADABLE = "file-unreadable"
    YAML_BROKEN = "yaml-broken"
    KEY_TWICE = "key-twice"
    KEY_MISSING = "key-missing"
    KEY_UNKNOWN = "key-unknown"
    VALUE_ILLEGAL = "value-illegal"
    TEXT_EMPTY = "text-empty"
    STATUS_ILLEGAL = "status-illegal"
    CHOICES_UNKNOWN = "choices-unknown"
    DEPENDENT_UNKNOWN = "dependent-unknown"
    OVERLAY_CODE_UNKNOWN = "overlay-code-unknown"
    OVERLAY_LANGUAGE_TWICE = "overlay-language-twice"
    OVERLAY_ALONE = "overlay-alone"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the file's name, the code of the culprit, the rule's id and a sentence."""

    file: str
    item: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.item}: {self.message} [{self.rule}]"


class InstrumentFileError(Exception):
    """An instrument file breaks a rule; `problems` holds every mistake that was found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class ProblemLog:
    """Collects the mistakes of one instrument while its files are read."""

    file: str
    language_files: dict[str, str] = field(default_factory=dict)
    """The file that brings a language, where it is another than the instrument's own."""
    problems: list[Problem] = field(default_factory=list)

    def add(self, item: str, rule: ReadingRule, message: str, file: str = "") -> None:
        """Note a mistake, in the instrument's own file unless another is named."""
        self.problems.append(Problem(file or self.file, item, rule, message))

    def raise_if_any(self) -> None:
        """Raise InstrumentFileError when a mistake was noted."""
        if self.problems:
            raise InstrumentFileError(tuple(self.problems))
