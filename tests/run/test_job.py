"""Outcomes and runs as values: what each means is said in one place."""

from dataclasses import replace

import pytest

from kb.run.job import Failure, Run, Warned
from kb.run.outcome import Outcome

RUN = Run(
    outcome=Outcome.FAILED,
    reason="line 2: ValueError: inside",
    exit_code=1,
    stdout="one\n",
    stderr="two\n",
    seconds=1.23456,
    cpu_seconds=0.5,
    peak_mb=12.345,
    device="cpu",
    device_name="Some Processor",
    torch="2.13.0",
    failure=Failure("ValueError", "inside", 2, {"x": "1"}),
    warnings=(Warned("UserWarning", "odd", "snippet", 3, deprecation=False),),
)


@pytest.mark.parametrize(
    ("outcome", "text", "exit_status", "is_own_doing"),
    [
        (Outcome.PASSED, "passed", 0, True),
        (Outcome.FAILED, "failed", 1, True),
        (Outcome.TIMED_OUT, "timed out", 124, False),
        (Outcome.OUT_OF_MEMORY, "out of memory", 1, False),
        (Outcome.KILLED, "killed", 1, False),
        (Outcome.INTERRUPTED, "interrupted", 130, False),
        (Outcome.TOO_MUCH_OUTPUT, "too much output", 1, True),
    ],
)
def test_what_an_outcome_means(outcome: Outcome, text: str, exit_status: int, is_own_doing: bool) -> None:
    """Its text, which records and JSON hold, the command's exit code, and whether it says anything about the script."""
    assert Outcome(text) is outcome
    assert (text, exit_status, is_own_doing) == (str(outcome), outcome.exit_status, outcome.is_own_doing)
    done = replace(RUN, outcome=outcome)
    assert (exit_status, is_own_doing) == (done.exit_status, done.is_own_doing)


def test_outcomes_are_all_told() -> None:
    """The table above misses none."""
    assert len(Outcome) == 7


def test_what_was_not_supervised_is_not_the_scripts_doing() -> None:
    """Such a run has failed, and nobody's lines are wrong by it."""
    assert not replace(RUN, trouble="OSError: no more processes").is_own_doing


def test_run_as_json() -> None:
    """Its failure and warnings are told by themselves; numbers are rounded."""
    assert RUN.to_json() == {
        "outcome": "failed",
        "reason": "line 2: ValueError: inside",
        "exit_code": 1,
        "seconds": 1.235,
        "cpu_seconds": 0.5,
        "peak_mb": 12.3,
        "gpu_peak_mb": 0.0,
        "device": "cpu",
        "device_name": "Some Processor",
        "torch": "2.13.0",
        "stdout": "one\n",
        "stderr": "two\n",
        "warnings": [{"category": "UserWarning", "message": "odd", "file": "snippet", "line": 3}],
        "failure": {"type": "ValueError", "message": "inside", "line": 2, "values": {"x": "1"}},
        "warm": False,
    }
    assert replace(RUN, failure=None).to_json()["failure"] is None
