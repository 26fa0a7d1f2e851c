"""Two phones with two tabs each, in histories that nobody wrote: the state machine of test_two_phones.py."""

from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.load import Verdict
from tests.faults.report import Result
from tests.integration.participant.test_two_phones import TwoPhones
from tests.support.engines import EngineName


def two_phones(_folder: Path, engine: EngineName, histories: int) -> Result:
    """Run so many, each in a study of its own; acknowledged are the saves that the model holds at their ends.

    Raises:
        AssertionError: a save was lost, doubled or changed; Hypothesis prints the shortest history.
    """
    acknowledged = 0

    class Counted(TwoPhones):
        def teardown(self) -> None:
            nonlocal acknowledged
            if hasattr(self, "rows"):
                acknowledged += sum(map(len, self.rows.values())) + len(self.late)
            super().teardown()

    Counted.engine = engine
    run_state_machine_as_test(
        Counted,
        settings=settings(max_examples=histories, stateful_step_count=25, deadline=None, database=None),
    )
    return Result(f"two phones in any order, {engine}", histories, Verdict(acknowledged, 0, 0, 0, 0))
