"""Grading: an answer against its key, by comparison of structure or by running it."""

import ast
import errno
import math
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from kb.deck.script import Snippet, parse_python
from kb.deck.text import bare_lines
from kb.errors import KbError, Message
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.runner import IsStopped, Starter, filled_job, reference_job, run
from kb.verify.judging import UNEXECUTED
from quiz.door import Unreadable, guarded
from quiz.examiner import NoKey, Stopped

_PRECISION = re.compile(r"^[+-]?\d*\.(\d+)$")
_WRAPPED = re.compile(r"(?:torch\.)?(?:Size|tensor)\((.*)\)", re.DOTALL)
_NAME = re.compile(r"^[A-Za-z_][\w.]*$")


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


def grade_value(given: str, key: str) -> Grade:
    """A printed value: equal in structure, numbers to the precision that the key was printed with.

    ``(2, 5)``, ``[2, 5]`` and ``torch.Size([2, 5])`` are one, as are ``float32`` and ``torch.float32``, ``0.5`` and
    ``0.50``. The value as a text (``"5"`` for ``5``) is wrong by its form alone.
    """
    ours, theirs = _parse(key), _parse(given)
    if _equal(ours, theirs, _tolerance(key)):
        return Grade(True)
    looser = _parse(_letters(given)), _parse(_letters(key))
    return Grade(False, form_only=bool(given.strip()) and _equal(looser[1], looser[0], _tolerance(key)))


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
    """Whether lines are whole statements. Never raises, see ``guarded``."""
    indented = "\n".join("    " + line for line in bare_lines(lines.expandtabs(4)))
    try:
        # Loops and functions of the snippet may stand around the hole: continue and return are at home there.
        guarded(lambda: ast.parse(f"async def hole():\n  while True:\n{indented}\n"))
    except Unreadable:
        return False
    return True


def _letters(text: str) -> str:
    """Without quotes, brackets' kind and capitals: for saying that only the form differs."""
    return re.sub(r"[\"'`\s]", "", text).lower()


def _parse(text: str) -> object:
    """A value from what was printed or typed: nested tuples of numbers and words. Any text gives one."""
    text = text.strip().strip("`").strip()
    while found := _WRAPPED.fullmatch(text):
        text = found[1].strip()
    with suppress(Unreadable):
        return guarded(lambda: _plain(ast.literal_eval(text)))
    if text.lower() in ("nan", "inf", "-inf"):
        return float(text)
    if _NAME.match(text):
        return ("name", text.removeprefix("torch.").removeprefix("builtins."))
    parts = [part for part in re.split(r"[\s,]+", text.strip("()[]")) if part]
    if len(parts) > 1:
        return tuple(_parse(part) for part in parts)
    return ("text", text)


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(_plain(one) for one in value)
    if isinstance(value, str):
        return ("string", value)
    return value


def _tolerance(key: str) -> float:
    """Half a unit of the last printed place, the coarsest in the key; 0 for integers."""
    places = [len(found[1]) for word in re.findall(r"[-+.\w]+", key) if (found := _PRECISION.match(word))]
    return 0.5 * 10.0 ** -min(places) if places else 0.0


def _equal(one: object, other: object, tolerance: float) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other or (_named(one) is not None and _named(one) == _named(other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        if one != one or other != other:  # nan; math.isnan takes no number of hundreds of digits
            return one != one and other != other
        # An integer key wants the integer; 2.0 for 2 is the same number.
        return one == other or _distance(one, other) <= tolerance * 1.0000001
    if isinstance(one, tuple) and isinstance(other, tuple):
        if len(one) == len(other) == 2 and _is_text(one[0]) and _is_text(other[0]):
            return bool(one[1] == other[1])
        return len(one) == len(other) and all(_equal(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _distance(one: float, other: float) -> float:
    try:
        return abs(one - other)
    except OverflowError:  # a whole number of hundreds of digits is further away from any other than can be said
        return math.inf


def _is_text(head: object) -> bool:
    """Whether a pair that begins so is a word or a text, see ``_parse``: every text stands in such a pair."""
    return isinstance(head, str) and head in ("name", "string")


def _named(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value)
    return str(value[1]).capitalize() if isinstance(value, tuple) and len(value) == 2 and value[0] == "name" else None
