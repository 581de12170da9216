"""Grading: what becomes of an answer, and code graded by running it; typed values are in ``quiz.values``."""

import ast
import errno
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from kb.deck.script import Snippet, parse_lines, parse_python
from kb.errors import KbError, Message
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.runner import IsStopped, Starter, filled_job, reference_job, run
from kb.verify.judging import UNEXECUTED
from quiz.examiner import NoKey, Stopped

TIMES = 10
"""How many times what the snippet's own run takes (computing, memory) lines may take that are right."""

LEAST_COMPUTING = 3.0
"""Seconds that they may compute, however quick the snippet is."""

IMPORTING = 10.0
"""Seconds more for a cold start, which imports torch: several times what that takes."""

ENDLESS = "it computed more than {times} times as long as the solution"

FULL_DISK = os.strerror(errno.ENOSPC)

CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
"""Signals that a process brings upon itself."""


@dataclass(frozen=True, slots=True)
class Check:
    """The statement that rejected an answer: a check of the snippet, or whatever raised an error."""

    line: int
    """Where it stands in the snippet that ran, with the learner's lines in it, from 1."""
    own_line: int
    """The same in the learner's lines, from 1; 0 if it is none of theirs."""
    text: str
    """The whole statement."""
    values: dict[str, str]
    """Of the variables that a check names."""

    def to_json(self) -> dict[str, object]:
        """The facts for the wire."""
        return {"line": self.line, "own_line": self.own_line, "text": self.text, "values": self.values}


@dataclass(frozen=True, slots=True)
class Grade:
    """What became of an answer."""

    correct: bool
    """Whether it is right."""
    form_only: bool = False
    """Wrong by its form alone: the same value, written as something else."""
    run: Run | None = None
    """What its execution gave, where it was run."""
    note: str = ""
    """Why it was rejected, where the run does not tell."""
    check: Check | None = None
    """Which statement rejected it, where one did."""

    @property
    def reason(self) -> str:
        """Why it was rejected, as far as that is known."""
        if self.correct:
            return ""
        failed = self.run.reason if self.run and not self.run.passed else ""
        return (
            Message("{note}: {failed}", note=self.note, failed=failed) if self.note and failed else self.note or failed
        )


def grade_code(
    snippet: Snippet,
    name: str,
    lines: str,
    worker: Starter | None = None,
    reference: Callable[[], Run] | None = None,
    is_stopped: IsStopped | None = None,
    forbid: tuple[str, ...] = (),
) -> Grade:
    """Lines for a hole: right if the snippet runs to its end with every check that it has.

    Args:
        snippet: the entry's.
        name: of the hole.
        lines: the learner's.
        worker: a warm worker, if there is one.
        reference: gives a run of the snippet as it stands, for the checks that are to be executed and for what they
            may cost; made if left out.
        is_stopped: lets another thread end the run.
        forbid: what the lines may not call.

    Raises:
        Stopped: the run was interrupted.
        NoKey: the snippet itself does not pass here.
        KbError: the machine, and not the lines, brought the outcome about: there is no grade.
    """
    plain = reference() if reference else run(reference_job(snippet), worker=worker, is_stopped=is_stopped)
    _check_reference(plain)
    limit = max(LEAST_COMPUTING, TIMES * plain.cpu_seconds)
    # The clock only ends what waits: a busy machine takes no lines for endless ones.
    timeout = max(snippet.timeout, limit)
    job = filled_job(snippet, name, lines, cpu_limit=limit, timeout=timeout, forbid=forbid)
    done = run(job, worker=worker, is_stopped=is_stopped)
    if done.has_computed_enough and plain.warm and not done.warm:
        done = run(replace(job, cpu_limit=limit + IMPORTING), worker=worker, is_stopped=is_stopped)
    if not _is_lines_doing(done, plain):
        raise _ungraded(done)
    if done.has_computed_enough:
        done = replace(done, reason=Message(ENDLESS, times=TIMES))
    check = _fallen_check(done, job)
    if not _is_closed(lines):
        # Whatever it opens (a loop, a string, an `if False:`) must not swallow the lines after the hole.
        return Grade(False, run=done, note=Message("the lines do not stand by themselves as Python"))
    if not done.passed:
        return Grade(False, run=done, check=check)
    if missing := len(plain.executed - done.executed):
        return Grade(False, run=done, note=Message(UNEXECUTED, count=missing))
    return Grade(True, run=done)


def _check_reference(plain: Run) -> None:
    """See that answers can be held against a run of the snippet itself.

    Raises:
        KbError: it did not pass.
    """
    if plain.passed:
        return
    if plain.outcome is Outcome.INTERRUPTED or not plain.is_own_doing:
        raise _ungraded(plain)
    raise NoKey(
        "the snippet itself does not pass here, so no answer can: {reason}", "kb verify tells more", reason=plain.reason
    )


def _ungraded(done: Run) -> KbError:
    if done.outcome is Outcome.INTERRUPTED:
        return Stopped()
    return KbError("no grade, for this says nothing about the lines: {reason}", "try again", reason=done.reason)


def _is_lines_doing(done: Run, plain: Run) -> bool:
    """Whether an outcome is the lines' own doing, wherever they run: whether they can be graded by it."""
    if done.outcome is Outcome.KILLED:
        return -done.exit_code in CRASHES
    if done.outcome is Outcome.OUT_OF_MEMORY:
        return done.peak_mb > TIMES * plain.peak_mb
    if done.failure and FULL_DISK in done.failure.message:
        return False
    return done.is_own_doing


def _fallen_check(done: Run, job: Job) -> Check | None:
    """The statement that a run failed at."""
    failure = done.failure
    if failure is None or job.source is None or job.own_lines is None:
        return None
    line, text = failure.line, ""
    with suppress(SyntaxError):
        around = [
            node
            for node in ast.walk(parse_python(job.source))
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        if around:  # the innermost comes last
            text = ast.get_source_segment(job.source, around[-1]) or ""
    first, last = job.own_lines
    return Check(line, line - first + 1 if first <= line <= last else 0, text, failure.values)


def _is_closed(lines: str) -> bool:
    """Whether lines are whole statements. Never raises, see ``parse_lines``."""
    try:
        parse_lines(lines)
    except SyntaxError:
        return False
    return True
