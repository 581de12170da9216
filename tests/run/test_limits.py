"""Limits: the clock, computing beside it, memory and output."""

from dataclasses import asdict, replace

import pytest

from kb.run.job import Job
from kb.run.limits import Limits
from kb.run.outcome import Outcome
from kb.run.processes import Tree
from kb.run.runner import block_job, run

JOB = Job("script.py", timeout=10.0, memory_limit=1000, output_limit=50)


class Pretended(Tree):
    """Processes that have and have computed what a test says."""

    held, computed = 0, 0.0

    def below(self) -> list[int]:
        return []

    def memory(self) -> int:
        return self.held

    def cpu_seconds(self) -> float:
        return self.computed


def end(job: Job, pace: float, until: float = 1000.0) -> tuple[Outcome | None, float]:
    """How and when a run ends that computes so many seconds in each, until a moment, and rests from then on."""
    tree = Pretended(0)
    limits = Limits(asdict(job), tree)
    limits.begin(0.0)
    for tick in range(1, 1000):
        tree.computed = pace * min(tick / 10, until)
        if reached := limits.reached(tick / 10, output=0):
            return reached, tick / 10
    return None, 0.0


@pytest.mark.parametrize(
    ("pace", "until", "expected"),
    [
        pytest.param(1.0, 1000.0, 10.0, id="computes all the time"),
        pytest.param(4.0, 1000.0, 10.0, id="computes on four cores"),
        pytest.param(0.0, 1000.0, 10.0, id="sleeps"),
        pytest.param(1.0, 3.0, 10.0, id="computes, then waits for itself"),
        pytest.param(0.5, 1000.0, 20.0, id="has half of a core"),
        pytest.param(0.05, 1000.0, 40.0, id="is starved"),
    ],
)
def test_timeout_is_a_time_to_compute(pace: float, until: float, expected: float) -> None:
    """A run is over at its timeout if it could compute or rests; one that neighbours keep from computing goes on."""
    outcome, seconds = end(JOB, pace, until)
    assert Outcome.TIMED_OUT is outcome
    assert expected == pytest.approx(seconds, abs=0.15)


def test_computing_has_a_limit_of_its_own() -> None:
    """Four cores use it up in a quarter of the time."""
    assert (Outcome.TIMED_OUT, 2.1) == end(replace(JOB, cpu_limit=8.2), 4.0)


def test_memory_and_output() -> None:
    """The most memory is remembered."""
    tree = Pretended(0)
    limits = Limits(asdict(JOB), tree)
    limits.begin(0.0)
    tree.held = 900
    assert limits.reached(1.0, output=50) is None
    tree.held = 100
    assert limits.reached(2.0, output=51) is Outcome.TOO_MUCH_OUTPUT
    assert limits.reached(3.0, output=0) is None
    assert limits.peak == 900
    tree.held = 1001
    assert limits.reached(4.0, output=0) is Outcome.OUT_OF_MEMORY


def test_reason_tells_which_time_was_over() -> None:
    """The clock's and the computing's sentences differ."""
    computing = run(block_job("while True: pass", "script", cpu_limit=0.3))
    assert (Outcome.TIMED_OUT, "it computed for more than 0.3 s") == (computing.outcome, computing.reason)
    assert 0.3 < computing.cpu_seconds < 10
    waiting = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"
    clock = run(block_job(waiting, "script", timeout=0.6))
    assert (Outcome.TIMED_OUT, "not done after 0.6 s") == (clock.outcome, clock.reason)


def test_children_that_ended_count() -> None:
    """What a script's children computed is the run's, too."""
    code = (
        "import os, time\nif os.fork() == 0:\n    while time.process_time() < 0.4:\n        pass\n    os._exit(0)\n"
        "os.wait()"
    )
    assert 0.4 < run(block_job(code, "script")).cpu_seconds < 10
