"""Limits: when a run is cut off, by its time, its computing, its memory or its output."""

from collections import deque
from typing import Any

from kb.run.memory import usable_memory
from kb.run.outcome import Outcome
from kb.run.processes import Tree

TICK = 0.05
"""Seconds between two looks at memory and computing."""

SHARE = 0.75
"""Of the memory that there is, what a run may have if nothing is said."""

PATIENCE = 4
"""How many times its timeout a script may take that busy neighbours keep from computing."""

REST, RESTING = 2.0, 0.02
"""A script rests if in so many seconds (half of its timeout, if that is less) it computed for less than this share."""


class Limits:
    """The limits of one run, and what was seen of it when they were looked at."""

    def __init__(self, job: dict[str, Any], tree: Tree) -> None:
        self.tree = tree
        self.timeout: float = job["timeout"]
        self.cpu_limit: float = job["cpu_limit"]
        self.output: int = job["output_limit"]
        self.memory: int = job["memory_limit"] or int(SHARE * usable_memory())
        self.peak = 0
        """Most bytes of memory that were seen."""
        self.computed = 0.0
        """Seconds of computing that were seen."""
        self.has_computed_enough = False
        """Whether the run is over by its computing, and not by the clock."""
        self.looks: deque[tuple[float, float]] = deque()
        """Moments of the last seconds, and what was computed until then."""

    def begin(self, now: float) -> None:
        """The run begins."""
        self.started = self.looked = now

    def reached(self, now: float, output: int) -> Outcome | None:
        """Which limit a run has reached, if any, with so many bytes of output."""
        if output > self.output:
            return Outcome.TOO_MUCH_OUTPUT
        if now - self.looked > TICK:
            self.looked = now
            self._look(now)
            if self.peak > self.memory:
                return Outcome.OUT_OF_MEMORY
            if self.cpu_limit and self.computed > self.cpu_limit:
                self.has_computed_enough = True
                return Outcome.TIMED_OUT
            if self._is_time_over(now):
                return Outcome.TIMED_OUT
        return None

    def _look(self, now: float) -> None:
        self.peak = max(self.peak, self.tree.memory())
        self.computed = max(self.computed, self.tree.cpu_seconds())
        self.looks.append((now, self.computed))
        window = min(REST, self.timeout / 2)
        while len(self.looks) > 1 and self.looks[1][0] <= now - window:
            self.looks.popleft()

    def _is_time_over(self, now: float) -> bool:
        """The rule that ``Job.timeout`` states."""
        passed = now - self.started
        if passed < self.timeout:
            return False
        then, computed = self.looks[0]
        is_resting = self.computed - computed <= RESTING * (now - then)
        return self.computed >= self.timeout or is_resting or passed >= PATIENCE * self.timeout
