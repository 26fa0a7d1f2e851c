"""Letters for many at once, in pieces, so that no participant's save waits long for the lock on writing.

First come the links, then the file, and only when the file was handed over is it noted that the letters went
out. Whatever ends the work in the middle leaves links that live and letters that are still due: printed again
they bear the same links.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from btb_pro.services.audit import Context
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.known_participants import ParticipantUnknown, find_participant
from btb_pro.services.known_visits import NoLink, find_visit, why_no_link
from btb_pro.services.letters import MadeLetter, Printed, make_letter, note_printed
from btb_pro.services.runtime import Runtime

_T = TypeVar("_T")
PIECE = 20
"""So many letters are written down in one transaction."""
_PAUSE_S = 0.1
"""Between two of them. A writer that waits for SQLite looks every tenth of a second."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit that somebody ticked."""

    study_number: str
    visit: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A visit that no letter was made for."""

    wanted: Wanted
    why: NoLink | None
    """None where participant or visit are gone."""


def _watch_nothing(_done: int) -> None:
    """Nobody asks how far it is."""


def make_letters(
    runtime: Runtime,
    context: Context,
    wanted: Sequence[Wanted],
    *,
    all_languages: bool,
    watch: Callable[[int], None] = _watch_nothing,
) -> tuple[list[MadeLetter], list[LeftOut]]:
    """The letters of all that can be reached by one, and who is left out and why. Commits piece by piece.

    `watch` is told after each piece how many were looked at; it may raise.
    """
    made: list[MadeLetter] = []
    left_out: list[LeftOut] = []
    for piece in _pieces(wanted):
        for one, result in _make_piece(runtime, context, piece, all_languages):
            if isinstance(result, MadeLetter):
                made.append(result)
            else:
                left_out.append(LeftOut(one, result))
        watch(len(made) + len(left_out))
    return made, left_out


def note_all_printed(runtime: Runtime, context: Context, made: Sequence[Printed]) -> None:
    """Note that letters went out. Commits piece by piece."""
    for piece in _pieces(made):
        with runtime.database.writing() as session:
            for one in piece:
                note_printed(session, context, one)
            session.commit()


def _make_piece(
    runtime: Runtime, context: Context, piece: Sequence[Wanted], all_languages: bool
) -> list[tuple[Wanted, MadeLetter | NoLink | None]]:
    results: list[tuple[Wanted, MadeLetter | NoLink | None]] = []
    with runtime.database.writing() as session:
        for one in piece:
            try:
                participant = find_participant(session, one.study_number)
                visit = find_visit(session, runtime, participant, one.visit)
                why = why_no_link(session, runtime, participant, visit) if visit is not None else None
                if visit is None or why is not None:
                    results.append((one, why))
                    continue
                letter = make_letter(
                    session, context, runtime, one.study_number, one.visit, all_languages=all_languages
                )
                results.append((one, letter))
            except (ParticipantUnknown, InvitationRefused):
                results.append((one, None))
        session.commit()
    return results


def _pieces(whole: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(whole), PIECE):
        if start:
            threading.Event().wait(_PAUSE_S)
        yield whole[start : start + PIECE]
