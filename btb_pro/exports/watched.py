"""A data set that tells how far it was read, for work that somebody waits for."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import select

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.records import HistoryRecord, PlannedVisit, VisitRecord
from btb_pro.models.participant import Participant

Watch = Callable[[float], None]
"""Is told how often a data set was read through so far, 1.5 times for once and a half. It may raise."""


class WatchedDataset(Dataset):
    """Tells of every record that it hands out; who watches decides how often to look."""

    def __init__(self, *of: Any, watch: Watch) -> None:
        super().__init__(*of)
        self._watch = watch
        self._passes = 0

    def visits(self) -> Iterator[VisitRecord]:
        """As the plain one; how far it is goes by study number, whose order it has."""
        numbers = self._numbers()
        for visit in super().visits():
            self._tell(numbers, visit)
            yield visit
        self._end_pass()

    def planned_visits(self) -> Iterator[PlannedVisit]:
        """As the plain one, and as far as `visits`."""
        numbers = self._numbers()
        for planned in super().planned_visits():
            self._tell(numbers, planned.record)
            yield planned
        self._end_pass()

    def history(self) -> Iterator[HistoryRecord]:
        """As the plain one; how far it is goes by the event's number, whose order it has."""
        for record in super().history():
            self._watch(self._passes + record.answer.seq / self.cutoff.seq)
            yield record
        self._end_pass()

    def _numbers(self) -> Sequence[str]:
        return sorted(self._session.execute(select(Participant.study_number)).scalars())

    def _tell(self, numbers: Sequence[str], visit: VisitRecord) -> None:
        self._watch(self._passes + bisect_right(numbers, visit.participant) / len(numbers))

    def _end_pass(self) -> None:
        self._passes += 1
        self._watch(float(self._passes))
