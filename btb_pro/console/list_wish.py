"""What the list of participants is asked for, in its address: read, and written again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from btb_pro.services.participant_list import ListedState, Sort, Wish
from btb_pro.services.waiting import Waiting

LONGEST_SEARCH = 26
NO_LANGUAGE = "none"


@dataclass(frozen=True, slots=True)
class Choices:
    """What this person may choose among, each code with its words."""

    sites: Mapping[str, str]
    visits: Mapping[str, str]
    languages: Mapping[str, str]
    waiting: Mapping[str, str]
    """Without what this person may not know of."""


@dataclass(frozen=True, slots=True)
class ReadWish:
    """A wish, and a sentence for each part of the address that made no sense and was left out."""

    wish: Wish
    ignored: tuple[str, ...]


def read_wish(asked: MultiDict[str, str], choices: Choices) -> ReadWish:
    """The nearest sensible reading of an address; nothing in one can fail."""
    ignored: list[str] = []
    search = "".join(one for one in asked.get("q", "").strip() if one.isprintable())
    if len(search) > LONGEST_SEARCH:
        ignored.append(gettext("A study number has at most %(num)s characters.", num=LONGEST_SEARCH))
        search = search[:LONGEST_SEARCH]
    waits = _one_of(asked, "waiting", choices.waiting, ignored)
    state = _one_of(asked, "state", dict.fromkeys(ListedState, ""), ignored)
    sort = asked.get("sort", "")
    wish = Wish(
        search=search,
        site=_one_of(asked, "site", choices.sites, ignored),
        visit=_one_of(asked, "visit", choices.visits, ignored),
        state=ListedState(state) if state else None,
        language=_one_of(asked, "language", choices.languages, ignored),
        waiting=Waiting(waits) if waits else None,
        sort=_sort_of(sort, ignored),
        is_downwards=sort.startswith("-") and sort[1:] in set(Sort),
        page=_page_of(asked.get("page", "1"), ignored),
    )
    return ReadWish(wish, tuple(ignored))


def query_of(wish: Wish, language: str = "", **changes: object) -> str:
    """The address of a wish, from its question mark on; the same wish is always the same address."""
    changed = replace(wish, **changes)  # type: ignore[arg-type]  # the callers name fields of Wish
    sort = ("-" if changed.is_downwards else "") + changed.sort.value
    parts = {
        "q": changed.search,
        "site": changed.site,
        "visit": changed.visit,
        "state": changed.state.value if changed.state else "",
        "language": changed.language,
        "waiting": changed.waiting.value if changed.waiting else "",
        "sort": "" if sort == Sort.NUMBER.value else sort,
        "page": str(changed.page) if changed.page > 1 else "",
        "lang": language,
    }
    return "?" + urlencode({name: value for name, value in parts.items() if value})


def _one_of(asked: MultiDict[str, str], name: str, known: Mapping[str, str], ignored: list[str]) -> str:
    given = asked.get(name, "")
    if not given or given in known:
        return given
    ignored.append(_not_known(name))
    return ""


def _sort_of(given: str, ignored: list[str]) -> Sort:
    name = given.removeprefix("-")
    if name in set(Sort):
        return Sort(name)
    if given:
        ignored.append(gettext("The list cannot be sorted like that. It is sorted by study number."))
    return Sort.NUMBER


def _page_of(given: str, ignored: list[str]) -> int:
    if given.isascii() and given.isdigit() and 0 < len(given) < 10 and int(given) > 0:
        return int(given)
    ignored.append(gettext("There is no such page. This is the first one."))
    return 1


def _not_known(name: str) -> str:
    known: dict[str, str] = {
        "site": gettext("The hospital in the address is not one of yours. All of yours are shown."),
        "visit": gettext("The study has no such visit. Each participant’s present visit is shown."),
        "state": gettext("There is no such state. All states are shown."),
        "language": gettext("There is no such language. All languages are shown."),
        "waiting": gettext("Nothing waits for such a reason. All participants are shown."),
    }
    return known[name]
