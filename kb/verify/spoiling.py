"""Spoiling: a whole snippet is run with every small mistake, one at a time, and what no check notices is listed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from kb.deck.entry import Entry
from kb.deck.harmless import harmless_lines
from kb.deck.script import Snippet
from kb.errors import Message
from kb.run.job import Run
from kb.run.outcome import Outcome
from kb.run.runner import Starter, reference_job, run, snippet_job
from kb.verify.judging import Result, judge
from kb.verify.mutant_ledger import MutantLedger
from kb.verify.mutants import marked_equivalents, mutants
from kb.verify.reached import Place, reach
from kb.verify.snippet_mutants import SnippetMutant, plain_source, snippet_mutants
from kb.verify.task import Expectation, Task, digest

ROOM = 3.0, 1.0
"""A mutant may compute for so many times as long as the snippet, and so many seconds more: one that takes longer
loops, and whoever runs it notices."""

UNKNOWN: Place = (0, 0)
"""Where a mistake stands that is no single statement's: it counts as reached."""

OnProgress = Callable[[int, int], None]
"""Called with how many of an entry's mutants are done, and how many there are."""


@dataclass(slots=True)
class Spoiled:
    """What came of an entry's mutants, as far as they were run."""

    entry: Entry
    results: list[Result] = field(default_factory=list)
    """Of each mutant that was run, or was kept; in the order of the lines once all are done."""
    never_run: list[int] = field(default_factory=list)
    """Lines of statements that could be spoilt, and that the snippet itself does not execute."""
    superfluous: list[int] = field(default_factory=list)
    """Lines that are marked as harmless, and where no mistake passes."""
    is_done: bool = False
    """Whether all were run."""

    @property
    def mutants(self) -> list[Result]:
        """The results of mutants; none where the snippet itself does not pass, which is the only result then."""
        return [one for one in self.results if one.task.line]

    @property
    def unfit(self) -> list[Result]:
        """What is wrong with the snippet itself, so that no mutant was run."""
        return [one for one in self.results if not one.task.line]

    @property
    def noticed(self) -> int:
        """How many mutants did not pass."""
        return sum(not one.run.passed for one in self.mutants)

    @property
    def harmless(self) -> int:
        """How many passed, and the entry says why."""
        return sum(one.run.passed and one.ok for one in self.mutants)

    @property
    def survivors(self) -> list[Result]:
        """Those that passed, and nobody has answered for, by line."""
        return sorted((one for one in self.mutants if not one.ok), key=lambda one: one.task.line)


@dataclass(frozen=True, slots=True)
class Spoiler:
    """How mutants are run."""

    cache: Path
    """The folder in which is kept what became of them."""
    torch: str
    """Version of the torch that is installed."""
    device: str = "cpu"
    jobs: int = 1
    """How many at once."""
    worker: Starter | None = None
    is_fresh: bool = False
    """Everything is run, whatever was kept."""

    def spoil(self, spoiled: Spoiled, on_progress: OnProgress | None = None) -> None:
        """Run an entry's mutants, and put what comes of them into ``spoiled``.

        Raises:
            KeyboardInterrupt: what had come until then is in ``spoiled``, and is kept.
            KbError: no folder for temporary files can be written.
        """
        snippet = spoiled.entry.snippet
        if snippet is None:
            return
        ledger = MutantLedger(self.cache, snippet.path, self.torch, self.device, self.is_fresh)
        try:
            found = all_mutants(snippet)
        except SyntaxError:
            # Run as it is it says so itself.
            found = []
        plain, places = self._reached(snippet, ledger)
        if not plain.passed:
            spoiled.results.append(self._unfit(spoiled.entry, snippet, plain))
            return
        reached = [one for one in found if not places or one.statement in places | {UNKNOWN}]
        tasks = [self._task(spoiled.entry, snippet, one, plain) for one in reached]
        marked = harmless_lines(snippet.source)
        never = [one for one in found if one not in reached and not any(marked.get(line) for line in one.lines)]
        spoiled.never_run += sorted({one.line for one in never} - {one.line for one in reached})
        self._run(tasks, ledger, spoiled, on_progress or (lambda *_: None))
        order = {task.sha256: at for at, task in enumerate(tasks)}
        spoiled.results.sort(key=lambda one: order[one.task.sha256])
        spoiled.is_done = True
        spoiled.superfluous += _superfluous(snippet, found, reached, spoiled.results)

    def _run(self, tasks: list[Task], ledger: MutantLedger, spoiled: Spoiled, on_progress: OnProgress) -> None:
        """Every task that is not kept, several at once."""
        waiting: list[Task] = []
        for task in tasks:
            kept = ledger.kept_run(ledger.key(task.job.source or ""))
            if kept is None:
                waiting.append(task)
            else:
                spoiled.results.append(judge(task, kept))

        def do(task: Task) -> Result:
            done = run(task.job, worker=self.worker)
            ledger.keep_run(ledger.key(task.job.source or ""), done)
            return judge(task, done)

        pool = ThreadPoolExecutor(max_workers=self.jobs)
        try:
            on_progress(len(tasks) - len(waiting), len(tasks))
            for done in as_completed([pool.submit(do, task) for task in waiting]):
                spoiled.results.append(done.result())
                on_progress(len(spoiled.results), len(tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()

    def _reached(self, snippet: Snippet, ledger: MutantLedger) -> tuple[Run, frozenset[Place]]:
        """How the snippet as it is ends with one thread, and which of its statements are executed; no places if they
        cannot be known, as where the marks are in its way."""
        key = ledger.key(snippet.source, "reached")
        if (kept := ledger.kept_run(key)) is not None and (row := ledger.get(key)):
            return kept, frozenset((line, column) for line, column in row.get("places", []))
        try:
            found = reach(snippet, self.device, self.worker)
        except SyntaxError:
            found = None
        done, places = (found.run, found.places) if found else (None, frozenset())
        if done is None or not (done.passed or done.outcome is Outcome.INTERRUPTED):
            done, places = run(reference_job(snippet, self.device, threads=1), worker=self.worker), frozenset()
        if done.passed:
            ledger.keep_run(key, done, places=sorted(places))
        return done, places

    def _task(self, entry: Entry, snippet: Snippet, mutant: SnippetMutant, plain: Run) -> Task:
        limit = ROOM[0] * plain.cpu_seconds + ROOM[1]
        # A snippet that waits for its own processes takes longer by the clock than it computes.
        timeout = max(limit, ROOM[0] * plain.seconds + ROOM[1])
        job = snippet_job(snippet, self.device, source=mutant.source, timeout=timeout, cpu_limit=limit, threads=1)
        return Task(
            entry.number,
            "mutant",
            f"{mutant.line}: {mutant.what}",
            job,
            digest(mutant.source),
            Expectation.FAILS,
            equivalent=_reason(entry, snippet, mutant),
            line=mutant.line,
            mistake=mutant.what,
        )

    def _unfit(self, entry: Entry, snippet: Snippet, done: Run) -> Result:
        """The result for a snippet that does not pass itself."""
        task = Task(entry.number, "mutant", "", reference_job(snippet, self.device), snippet.sha256)
        note = Message("the snippet itself does not pass with one thread: {reason}", reason=done.reason)
        return Result(task, done, ok=False, note=note)


def all_mutants(snippet: Snippet) -> list[SnippetMutant]:
    """The mutants of a whole snippet; among them those of its holes' solutions that a verification of the holes runs.

    Raises:
        SyntaxError: the snippet is not Python.
    """
    found = snippet_mutants(snippet)
    seen = {one.source for one in found}
    for hole in snippet.holes:
        for one in mutants(snippet.solution(hole.name)):
            try:
                source = plain_source(snippet.filled(hole.name, one.lines))
            except SyntaxError:
                continue  # such as a return that is left alone
            if source not in seen:
                seen.add(source)
                what = Message("in the hole: {what}", what=one.what)
                found.append(SnippetMutant(hole.first + 1, UNKNOWN, what, source, one.lines, hole.name))
    return sorted(found, key=lambda one: one.line)


def _reason(entry: Entry, snippet: Snippet, mutant: SnippetMutant) -> str:
    """Why no check needs to notice a mutant; empty if nothing says so."""
    marked = harmless_lines(snippet.source)
    if reason := next((marked[line] for line in sorted(mutant.lines) if marked.get(line)), ""):
        return reason
    item = entry.item(mutant.hole) if mutant.hole else None
    return marked_equivalents(item.right).get(mutant.solution, "") if item else ""


def _superfluous(
    snippet: Snippet, mutants: list[SnippetMutant], reached: list[SnippetMutant], results: list[Result]
) -> list[int]:
    """Lines that are marked as harmless for nothing: no mistake passes in them, and all of them run."""
    passed = {one.task.sha256 for one in results if one.run.passed}
    open_ones = [one for one in mutants if digest(one.source) in passed or one not in reached]
    needed = {line for one in open_ones for line in one.lines}
    return [line for line in harmless_lines(snippet.source) if line not in needed]
