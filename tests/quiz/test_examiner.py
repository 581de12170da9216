"""The examiner: keys and references, computed while the learner thinks."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.errors import KbError
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.processes import tree_below
from kb.run.runner import block_job, run
from quiz.examiner import Examiner, Stopped, in_background
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import Card
from quiz.session import Question


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


ENDLESS = "import time\nwhile True:\n    time.sleep(0.01)"


@pytest.fixture
def question(deck: Path) -> Question:
    """The small deck's code item."""
    entry = Library.open(deck, None, all_kinds).entry(61)
    item = next(one for one in entry.items if one.kind == "code")
    return Question(Card(61, item.id, item.kind), entry, item, (), is_new=True, is_again=False)


def test_grade_in_progress_is_stopped_by_another_thread(question: Question) -> None:
    """At once, also if the lines never end; nothing of them goes on, and the next answer is graded as ever."""
    kind = KINDS["code"]
    with Examiner(()) as examiner:
        assert kind.grade(examiner, question, "return sum(values) / len(values)").correct
        later = in_background(lambda: kind.grade(examiner, question, ENDLESS))
        until(lambda: is_running(examiner))
        stopped_at = time.monotonic()
        examiner.stop()
        examiner.stop()  # as often as one likes
        with pytest.raises(Stopped):
            later.result(10)
        assert time.monotonic() - stopped_at < 1.0
        until(lambda: not is_running(examiner))
        examiner.stop()  # nothing runs: nothing happens
        assert kind.grade(examiner, question, "return sum(values) / len(values)").correct


def test_proof_in_progress_is_stopped(question: Question) -> None:
    """Its outcome says so, and it does not get to clean up."""
    with Examiner(()) as examiner:
        job = block_job("print('begun')\ntry:\n    while True:\n        pass\nfinally:\n    print('cleaned')", "proof")
        done = examiner.run(job, lambda *_: examiner.stop())
        assert (Outcome.INTERRUPTED, "begun\n") == (done.outcome, done.stdout)


def test_key_in_progress_is_stopped(deck: Path) -> None:
    """Whoever waits for it waits no longer; it is computed all the same, for the next time."""
    item = next(one for one in Library.open(deck, None, all_kinds).entry(61).items if one.id == "counted")
    with Examiner(()) as examiner:
        later = in_background(lambda: examiner.key(item))
        while not later.done():  # the worker loads torch meanwhile
            examiner.stop()
        with pytest.raises(Stopped):
            later.result()
        assert examiner.key(item) == "3"


def test_only_the_learners_thread_is_told_of_fg() -> None:
    """A signal that another thread takes wakes nobody who waits for a key."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.SIGCONT in in_background(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [])).result()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def is_running(examiner: Examiner) -> bool:
    """Whether a script runs below the examiner's worker: a supervisor, and what it watches."""
    return len(tree_below(examiner.warm().pid).below()) > 1


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a sign."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)
