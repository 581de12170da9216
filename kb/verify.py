"""Verification: everything in a deck that can be run is run, and what must fail must fail."""

import hashlib
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kb.entry import Entry
from kb.job import Job, Outcome, Run
from kb.load import OUTPUT
from kb.record import Record, public
from kb.runner import Starter, block_job, filled_job, run, snippet_job
from quiz.item import Item, Kind


@dataclass(frozen=True, slots=True)
class Task:
    """One script that is to be run, and what is expected of it."""

    entry: int
    what: str
    """``snippet``, ``proof``, ``predict``, ``answer``, ``right`` or ``wrong``."""
    id: str
    """The item's id, with the solution's number from 1 behind a colon; empty for the snippet."""
    job: Job
    sha256: str
    """Of the script."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task."""

    task: Task
    run: Run
    ok: bool
    """Whether it did what was expected: a wrong solution is expected to fail by a check."""
    note: str
    """What was not as expected; empty if all was."""


def tasks_of(entry: Entry, device: str = "cpu") -> list[Task]:
    """Everything in an entry that can be run. Blocks of the quiz run on the CPU, wherever the snippet runs."""
    tasks = []

    def add(what: str, id: str, job: Job, source: str) -> None:
        tasks.append(Task(entry.number, what, id, job, hashlib.sha256(source.encode()).hexdigest()))

    if entry.snippet:
        add("snippet", "", snippet_job(entry.snippet, device), entry.snippet.source)
    for item in entry.items:
        if item.proof:
            add("proof", item.id, block_job(item.proof, f"{item.id}-proof", needs_checks=True), item.proof)
        if item.kind in (Kind.PREDICT, Kind.ANSWER):
            add(str(item.kind), item.id, block_job(item.code, item.id), item.code)
        for what, name, lines in _solutions(item):
            if entry.snippet and entry.snippet.hole(item.id):
                add(what, name, filled_job(entry.snippet, item.id, lines, device), lines)
    return tasks


def _solutions(item: Item) -> Iterator[tuple[str, str, str]]:
    for what, solutions in (("right", item.right), ("wrong", item.wrong)):
        for at, lines in enumerate(solutions, 1):
            yield what, f"{item.id}:{at}", lines


def shard(tasks: Sequence[Task], number: int, count: int) -> list[Task]:
    """The tasks of one of several machines: every entry whole, entries dealt out in turn."""
    entries = list(dict.fromkeys(task.entry for task in tasks))
    ours = set(entries[number - 1 :: count])
    return [task for task in tasks if task.entry in ours]


def verify(
    tasks: Sequence[Task],
    jobs: int,
    worker: Starter | None = None,
    on_result: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Run tasks, several at once, and judge each.

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
    return _compared(results)


def judge(task: Task, done: Run) -> Result:
    """Whether a run did what its task expects."""
    note = ""
    if task.what == "wrong":
        if done.passed:
            note = "a wrong solution passed; the snippet lacks an assert that it fails"
        elif done.outcome is not Outcome.FAILED or done.failure is None or done.failure.type != "AssertionError":
            note = f"rejected, but not by a check ({done.reason}); it must run and fail an assert"
    elif not done.passed:
        note = f"{done.outcome}: {done.reason}"
    elif deprecated := [one for one in done.warnings if one.deprecation]:
        note = f"deprecated, line {deprecated[0].line}: {deprecated[0].message}"
    elif done.warnings and task.what != "right":
        note = f"a warning, line {done.warnings[0].line}: {done.warnings[0].message}"
    elif task.what in ("predict", "answer") and len(done.stdout.strip().splitlines()) != 1:
        note = "it must print one line, the key"
    return Result(task, done, not note, note)


def _compared(results: list[Result]) -> list[Result]:
    """A right solution must execute every check that the snippet executes."""
    checks = {result.task.entry: result.run.executed for result in results if result.task.what == "snippet"}
    out = []
    for result in results:
        missing = checks.get(result.task.entry, frozenset()) - result.run.executed
        if result.task.what == "right" and result.ok and missing:
            note = f"{len(missing)} of the snippet's checks were not executed"
            result = Result(result.task, result.run, False, note)
        out.append(result)
    return out


def records_of(results: Sequence[Result]) -> list[Record]:
    """The records of what passed and is worth keeping: snippets, and the keys of predict and answer items."""
    versions = {result.run.torch for result in results if result.run.torch}
    installed = public(max(versions, default=""))
    return [
        Record(
            entry=result.task.entry,
            what=result.task.what,
            id=result.task.id,
            sha256=result.task.sha256,
            torch=public(result.run.torch) or installed,
            device=result.run.device,
            seconds=round(result.run.seconds, 2),
            peak_mb=round(result.run.peak_mb, 1),
            platform=f"{platform.system()} {platform.machine()}",
            printed=result.run.stdout.strip() if result.task.what != "snippet" else "",
        )
        for result in results
        if result.ok and result.task.what in ("snippet", "predict", "answer")
    ]


def write_outputs(results: Sequence[Result]) -> None:
    """Write ``output.txt`` beside every snippet that passed on the CPU."""
    for result in results:
        if result.ok and result.task.what == "snippet" and result.run.device == "cpu":
            Path(result.task.job.path).with_name(OUTPUT).write_text(result.run.stdout, encoding="utf-8")
