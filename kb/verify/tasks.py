"""Verification: everything in a deck that can be run is run, and what must fail must fail."""

import hashlib
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb.deck.entry import Entry
from kb.deck.folder import OUTPUT
from kb.deck.item import Item, Kind
from kb.run.job import Job, Outcome, Run
from kb.run.runner import Starter, block_job, filled_job, run, snippet_job
from kb.verify.compare import Difference, compare_outputs
from kb.verify.mutants import EQUIVALENT, marked_equivalents, mutants
from kb.verify.record import PASSED, Record, public


@dataclass(frozen=True, slots=True)
class Task:
    """One script that is to be run, and what is expected of it."""

    entry: int
    what: str
    """``snippet``, ``proof``, ``predict``, ``answer``, ``right``, ``wrong`` or ``mutant``."""
    id: str
    """The item's id, with the solution's number from 1 behind a colon; for a snippet empty, or the variant's name."""
    job: Job
    sha256: str
    """Of the script."""
    equivalent: str = ""
    """Why a mutant is as right as the solution, where the entry says so."""


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


OTHER_CPU = {"ATEN_CPU_CAPABILITY": "default"}
"""Without vector instructions: a stand-in for another processor, whose sums differ in their last digits."""


def thorough_tasks(entry: Entry, device: str, seeds: int, is_thorough: bool) -> list[Task]:
    """The luck hunt: an entry's snippet under other seeds, and if asked for with other threads and on "another" CPU."""
    snippet = entry.snippet
    if snippet is None:
        return []
    variants: dict[str, dict[str, Any]] = {f"seed+{1000 * at}": {"seed": 1000 * at} for at in range(1, seeds + 1)}
    if is_thorough:
        variants |= {"threads=1": {"threads": 1}, "threads=3": {"threads": 3}, "other-cpu": {"environ": OTHER_CPU}}
    return [
        Task(entry.number, "snippet", name, snippet_job(snippet, device, **changes), snippet.sha256)
        for name, changes in variants.items()
    ]


def mutant_tasks(entry: Entry, device: str) -> list[Task]:
    """Every hole's own solution with one mistake each: the snippet's checks must reject them."""
    snippet = entry.snippet
    if snippet is None:
        return []
    timeout = min(snippet.timeout, 30.0)
    right = {item.id: item.right for item in entry.items}
    tasks = []
    for hole in snippet.holes:
        marked = marked_equivalents(right.get(hole.name, ()))
        for mutant in mutants(snippet.solution(hole.name)):
            job = filled_job(snippet, hole.name, mutant.lines, device, timeout=timeout)
            digest = hashlib.sha256(mutant.lines.encode()).hexdigest()
            name = f"{hole.name}:{mutant.what}"
            tasks.append(Task(entry.number, "mutant", name, job, digest, marked.get(mutant.lines, "")))
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
    note = ""
    if task.what == "mutant":
        survived = done.passed and not task.equivalent
        note = f"a mutant survived; write an assert that it fails, or mark it {EQUIVALENT} why" if survived else ""
    elif task.what == "wrong":
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
    plain = [one for one in results if one.task.what == "snippet" and not one.task.id]
    checks = {result.task.entry: result.run.executed for result in plain}
    out = []
    for result in results:
        missing = checks.get(result.task.entry, frozenset()) - result.run.executed
        if result.task.what == "right" and result.ok and missing:
            note = f"{len(missing)} of the snippet's checks were not executed"
            result = replace(result, ok=False, note=note)
        out.append(result)
    return out


def _drifted(results: list[Result]) -> list[Result]:
    """Compare what snippets printed: with output.txt on the CPU, each variant but other seeds with the plain run."""
    plain = {one.task.entry: one.run.stdout for one in results if one.task.what == "snippet" and not one.task.id}
    out = []
    for result in results:
        task, expected = result.task, None
        if task.what == "snippet" and result.ok:
            if not task.id and task.job.device == "cpu":
                with suppress(OSError, UnicodeDecodeError):
                    expected = Path(task.job.path).with_name(OUTPUT).read_text(encoding="utf-8")
            elif task.id and not task.id.startswith("seed"):
                expected = plain.get(task.entry)
        if expected is not None and (drift := compare_outputs(expected, result.run.stdout)):
            result = replace(result, drift=tuple(drift))
        out.append(result)
    return out


def _strict(result: Result) -> Result:
    if not result.drift:
        return result
    return replace(result, ok=False, note=f"prints something else: {result.drift[0]}")


def junit(results: Sequence[Result]) -> str:
    """The results as JUnit XML, which every CI reads."""
    from xml.etree import ElementTree

    suite = ElementTree.Element("testsuite", name="kb verify", tests=str(len(results)))
    suite.set("failures", str(sum(not one.ok for one in results)))
    suite.set("time", f"{sum(one.run.seconds for one in results):.3f}")
    for one in results:
        name = f"{one.task.what} {one.task.id}".strip()
        seconds = f"{one.run.seconds:.3f}"
        case = ElementTree.SubElement(suite, "testcase", classname=f"kb.{one.task.entry}", name=name, time=seconds)
        if not one.ok:
            failure = ElementTree.SubElement(case, "failure", message=_xml(one.note))
            failure.text = _xml(one.run.stderr)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(char for char in text if char in "\t\n" or (char.isprintable() and char < "\ufffe"))


def records_of(results: Sequence[Result]) -> list[Record]:
    """The records of what is worth keeping: every snippet's outcome, and the keys of predict and answer items."""
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
            outcome=_outcome(result),
            seconds=round(result.run.seconds, 2),
            peak_mb=round(result.run.peak_mb, 1),
            platform=f"{platform.system()} {platform.machine()}",
            printed=result.run.stdout.strip() if result.task.what != "snippet" else "",
        )
        for result in results
        if _is_recorded(result)
    ]


def _is_recorded(result: Result) -> bool:
    """Plain snippets whatever came of them, and keys that hold."""
    if result.task.what == "snippet":
        return not result.task.id
    return result.ok and result.task.what in ("predict", "answer")


def _outcome(result: Result) -> str:
    """A run that passed and still was not as expected (it raised a deprecation) has not passed."""
    if result.ok:
        return PASSED
    return "failed" if result.run.passed else str(result.run.outcome)


def write_outputs(results: Sequence[Result]) -> None:
    """Write ``output.txt`` beside every snippet that passed on the CPU."""
    for result in results:
        is_plain = result.task.what == "snippet" and not result.task.id
        if result.ok and is_plain and result.run.device == "cpu":
            Path(result.task.job.path).with_name(OUTPUT).write_text(result.run.stdout, encoding="utf-8")
