"""One more language for an instrument, from a file beside its own: `shc.sv.yaml` beside `shc.yaml`.

The overlay's wordings are put into the instrument's plain data at their codes, so that everything after it
sees one file with one language more.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from btb_pro.instruments.plain import Plain, load_plain
from btb_pro.instruments.problems import ProblemLog, ReadingRule

Mappings = Mapping[str, dict[str, Plain]]

_KEYS_WITH_CODES = ("stems", "items", "choices", "things", "units", "parts", "dependents", "scores")
_KEYS = ("language", "title", "recall", "stem", *_KEYS_WITH_CODES)


def is_overlay(path: Path) -> bool:
    """Whether the name says so: two dots, as in `shc.sv.yaml`."""
    return path.name.count(".") > 1


def main_file_of(overlay: Path) -> Path:
    """The instrument's own file, whether it is there or not."""
    return overlay.with_name(overlay.name.split(".")[0] + ".yaml")


def overlay_files(main: Path) -> list[Path]:
    """The overlays beside an instrument's file, in the order of their names."""
    return sorted(main.parent.glob(main.stem + ".*.yaml"))


def apply_overlay(path: Path, instrument: dict[str, Plain], log: ProblemLog) -> None:
    """Put the overlay's wordings into the instrument's plain data."""
    language = path.name.split(".")[-2]
    overlay = load_plain(path, log)
    languages = instrument.get("languages")
    if not overlay or not isinstance(languages, list):
        return
    if language in languages:
        message = f"the language {language} is in another file of this instrument already"
        log.add(language, ReadingRule.OVERLAY_LANGUAGE_TWICE, message, path.name)
        return
    if overlay.get("language") != language:
        message = f"'language' must be {language}, as the file's name says"
        log.add(language, ReadingRule.VALUE_ILLEGAL, message, path.name)
    languages.append(language)
    log.language_files[language] = path.name
    _Overlay(language, path.name, log).put_all(overlay, instrument)


class _Overlay:
    """Puts wordings of one language where they belong."""

    def __init__(self, language: str, file: str, log: ProblemLog) -> None:
        self.language = language
        self.file = file
        self.log = log

    def put_all(self, overlay: dict[str, Plain], instrument: dict[str, Plain]) -> None:
        for key in overlay:
            if key not in _KEYS:
                self._note(key, ReadingRule.KEY_UNKNOWN, f"unknown key {key!r}; known are {', '.join(_KEYS)}")
        for key in ("title", "recall", "stem"):
            if key in overlay:
                self._put(instrument, key, overlay[key])
        targets = _targets(instrument)
        for key in _KEYS_WITH_CODES:
            self._put_by_code(key, overlay.get(key, {}), targets)

    def _put_by_code(self, key: str, values: Plain, targets: Mapping[tuple[str, ...], "_Target"]) -> None:
        for path, wording in _leaves((key,), values):
            target = targets.get(path)
            if target is None:
                where = ": ".join(path)
                message = f"{where!r} is not in the instrument"
                self._note(path[-1], ReadingRule.OVERLAY_CODE_UNKNOWN, message)
            else:
                self._put(*target, wording)

    def _put(self, holder: dict[str, Plain], key: str, wording: Plain) -> None:
        texts = holder.setdefault(key, {})
        if isinstance(texts, dict):
            texts[self.language] = wording

    def _note(self, item: str, rule: ReadingRule, message: str) -> None:
        self.log.add(item, rule, message, self.file)


_Target = tuple[dict[str, Plain], str]


def _leaves(path: tuple[str, ...], value: Plain) -> Iterator[tuple[tuple[str, ...], Plain]]:
    """Every wording (a mapping with a text) with the codes that lead to it."""
    if isinstance(value, dict) and "text" not in value:
        for code, inner in value.items():
            yield from _leaves((*path, code), inner)
    else:
        yield path, value


def _targets(instrument: dict[str, Plain]) -> dict[tuple[str, ...], _Target]:
    """Where each wording of an overlay goes: the codes that lead to it, the mapping and its key."""
    targets: dict[tuple[str, ...], _Target] = {}
    for name, choices in _mapping(instrument.get("choices")).items():
        targets |= _choice_targets("choices", name, choices)
    for name, dependent in _mappings(instrument.get("dependents")).items():
        targets |= {("dependents", name, key): (dependent, key) for key in ("label", "unit")}
    for section in _coded(instrument.get("sections")):
        targets["stems", str(section["code"])] = (section, "stem")
        for item in _coded(section.get("items")):
            targets |= _item_targets(item)
    for score in _coded(instrument.get("scores")):
        targets["scores", str(score["code"])] = (score, "label")
    return targets


def _item_targets(item: dict[str, Plain]) -> dict[tuple[str, ...], _Target]:
    code = str(item["code"])
    targets: dict[tuple[str, ...], _Target] = {("items", code): (item, "text")}
    if "unit" in item:
        targets["units", code] = (item, "unit")
    for name, part in _mappings(item.get("parts")).items():
        targets |= {("parts", code, name, key): (part, key) for key in ("label", "unit")}
    targets |= _choice_targets("choices", code, item.get("choices"))
    targets |= _choice_targets("things", code, item.get("things"))
    return targets


def _choice_targets(key: str, name: str, choices: Plain | None) -> dict[tuple[str, ...], _Target]:
    labelled = [choice for choice in _coded(choices) if "label" in choice]
    return {(key, name, str(choice["code"])): (choice, "label") for choice in labelled}


def _mapping(value: Plain | None) -> dict[str, Plain]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Plain | None) -> Mappings:
    return {name: inner for name, inner in _mapping(value).items() if isinstance(inner, dict)}


def _coded(value: Plain | None) -> list[dict[str, Plain]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and "code" in entry]
