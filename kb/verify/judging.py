"""Judging: tasks are run, several at once, and each run is held against what is expected of it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb.deck.folder import OUTPUT
from kb.deck.harmless import HARMLESS
from kb.deck.source import Unreadable, read_source
from kb.errors import Message
from kb.run.job import Run
from kb.run.outcome import Outcome
from kb.run.runner import Starter, run
from kb.verify.compare import Difference, compare_outputs
from kb.verify.mutants import EQUIVALENT
from kb.verify.task import Expectation, Task

SURVIVED = "a mutant survived; write an assert that it fails, or mark it {mark} why"
UNEXECUTED = "{count} of the snippet's checks {count:was|were} not executed"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task."""

    task: Task
    run: Run
    ok: bool
    """Whether it did what was expected: a wrong solution is expected to fail by a check."""
    note: str
    """What was not as expected; empty if all was."""
    drift: tuple[Difference, ...] = ()
    """Where it printed something else than it should: than output.txt, or than the same snippet unchanged."""

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``."""
        return {
            "entry": self.task.entry,
            "what": self.task.what,
            "id": self.task.id,
            **({"line": self.task.line} if self.task.line else {}),
            "outcome": str(self.run.outcome),
            "ok": self.ok,
            "note": self.note,
            "drift": [str(difference) for difference in self.drift],
            "seconds": round(self.run.seconds, 3),
            "peak_mb": round(self.run.peak_mb, 1),
        }


def verify(
    tasks: Sequence[Task],
    jobs: int,
    worker: Starter | None = None,
    on_result: Callable[[Result], None] | None = None,
    is_strict: bool = False,
) -> list[Result]:
    """Run tasks, several at once, and judge each. Under ``is_strict`` drift is an error.

    Returns:
        The results in the order of the tasks. A KeyboardInterrupt ends what runs and is raised again.
    """

    def do(task: Task) -> Result:
        result = judge(task, run(task.job, worker=worker))
        if on_result:
            on_result(result)
        return result

    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        results = list(pool.map(do, tasks))
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return [_strict(result) if is_strict else result for result in _drifted(_compared(results))]


def judge(task: Task, done: Run) -> Result:
    """Whether a run did what its task expects."""
    note = _complaint(task, done)
    return Result(task, done, not note, note)


def _complaint(task: Task, done: Run) -> str:
    """What is not as expected; empty if all is."""
    match task.expects:
        case Expectation.FAILS:
            if done.trouble:
                return Message("{outcome}: {reason}", outcome=Message(str(done.outcome)), reason=done.reason)
            survived = done.passed and not task.equivalent
            return Message(SURVIVED, mark=HARMLESS if task.line else EQUIVALENT) if survived else ""
        case Expectation.FAILS_A_CHECK:
            if done.passed:
                return Message("a wrong solution passed; the snippet lacks an assert that it fails")
            if done.outcome is not Outcome.FAILED or done.failure is None or done.failure.type != "AssertionError":
                return Message(
                    "rejected, but not by a check ({reason}); it must run and fail an assert", reason=done.reason
                )
            return ""
    if not done.passed:
        return Message("{outcome}: {reason}", outcome=Message(str(done.outcome)), reason=done.reason)
    if done.unknown:
        return Message(
            "nothing that can be called in the snippet is named {names}; mend the text forbid block",
            names=", ".join(done.unknown),
        )
    if deprecated := [one for one in done.warnings if one.deprecation]:
        return Message("deprecated, line {line}: {text}", line=deprecated[0].line, text=deprecated[0].message)
    # A learner's way to a solution may warn; the deck's own code may not.
    if done.warnings and task.expects is not Expectation.PASSES_IN_FULL:
        return Message("a warning, line {line}: {text}", line=done.warnings[0].line, text=done.warnings[0].message)
    if task.expects is Expectation.PRINTS_A_KEY and len(done.stdout.strip().splitlines()) != 1:
        return Message("it must print one line, the key")
    return ""


def _compared(results: list[Result]) -> list[Result]:
    """A right solution must execute every check that the snippet executes."""
    plain = [one for one in results if one.task.is_plain_snippet]
    checks = {result.task.entry: result.run.executed for result in plain}
    out = []
    for result in results:
        missing = checks.get(result.task.entry, frozenset()) - result.run.executed
        if result.task.expects is Expectation.PASSES_IN_FULL and result.ok and missing:
            note = Message(UNEXECUTED, count=len(missing))
            result = replace(result, ok=False, note=note)
        out.append(result)
    return out


def _drifted(results: list[Result]) -> list[Result]:
    """Compare what snippets printed: with output.txt on the CPU, each variant but other seeds with the plain run."""
    plain = {one.task.entry: one.run.stdout for one in results if one.task.is_plain_snippet}
    out = []
    for result in results:
        task, expected = result.task, None
        if task.what == "snippet" and result.ok:
            if task.is_plain_snippet and task.job.device == "cpu":
                with suppress(FileNotFoundError, Unreadable):
                    expected = read_source(Path(task.job.path).with_name(OUTPUT))
            elif not task.is_plain_snippet and not task.id.startswith("seed"):
                expected = plain.get(task.entry)
        if expected is not None and (drift := compare_outputs(expected, result.run.stdout)):
            result = replace(result, drift=tuple(drift))
        out.append(result)
    return out


def _strict(result: Result) -> Result:
    if not result.drift:
        return result
    return replace(result, ok=False, note=Message("prints something else: {place}", place=result.drift[0]))
