"""The examiner: keys and references, computed while the learner thinks."""

from dataclasses import replace
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.errors import KbError
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.runner import block_job, run
from quiz.examiner import Examiner
from quiz.kinds.table import all_kinds


def ended(outcome: Outcome) -> Run:
    """A run that ended in some way."""
    return replace(run(block_job("print(3)", "script")), outcome=outcome, reason="why")


@pytest.mark.parametrize(
    ("outcome", "raised"), [(Outcome.INTERRUPTED, KeyboardInterrupt), (Outcome.KILLED, KbError), (Outcome.PASSED, None)]
)
def test_key_that_is_interrupted_is_no_fault_of_the_items(
    deck: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, raised: type[BaseException] | None
) -> None:
    """Ctrl-C while it is computed is Ctrl-C; what else keeps it from being computed is told."""
    done = ended(outcome)

    def pretended(job: Job, **_: object) -> Run:
        return done

    monkeypatch.setattr("quiz.examiner.run", pretended)
    item = next(one for one in Library.open(deck, None, all_kinds).entry(61).items if one.id == "counted")
    with Examiner(()) as examiner:
        if raised is None:
            assert examiner.key(item) == "3"
            return
        with pytest.raises(raised):
            examiner.key(item)
