"""Proving at the terminal: a deck verified with its progress shown, and written down."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

from kb.cli.live import find_device_shown
from kb.cli.trusting import ask_trust
from kb.context import Context
from kb.errors import KbError, UsageError
from kb.run.device import public
from kb.run.worker import Workers
from kb.screen.progress_bar import ProgressBar
from kb.screen.result_lines import result_line
from kb.screen.run_lines import run_summary
from kb.verify.batches import Batch, What
from kb.verify.judging import Result, verify
from kb.verify.junit import junit
from kb.verify.recording import records_of, records_of_batches, write_outputs, write_records
from kb.verify.tasks import mutant_tasks, tasks_of, thorough_tasks
from quiz.kinds.table import KINDS


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be verified, and how."""

    words: list[str]
    """Numbers or words that name entries; all if empty."""
    device: str = "cpu"
    jobs: int = 0
    """How many at once; 0 for one a core."""
    shard: str | None = None
    """``2/8``: the second of eight parts."""
    record: bool = False
    """Write verified.json and each output.txt."""
    seeds: int = 0
    """Under how many other seeds each snippet is run too."""
    thorough: bool = False
    """Five other seeds, one and several threads, another CPU's instructions."""
    mutants: bool = False
    """Each hole's solution with one mistake each, too."""
    strict: bool = False
    """Output that drifts from output.txt is an error."""
    junit: Path | None = None
    """Where to write the results as JUnit XML."""
    fresh: bool = False
    """Mutants of whole snippets are run again, whatever is known of them."""
    changed: bool = False
    """Leave out what is recorded to have ended as expected and has not changed since."""


class Verified(NamedTuple):
    """What came of an order."""

    results: list[Result]
    """Of everything that was run."""
    complaints: int
    """About the form of what was ordered: an item or an entry that cannot be read was not run."""


def ordered_entries(context: Context, order: Order, may_ask: bool) -> list[int]:
    """The numbers of the entries that an order names; of several machines' parts, dealt out in turn, this one's.

    Raises:
        UsageError: its part is not of the form ``2/8``.
        Untrusted: code of theirs may not run, and nobody is there, or may be asked, to allow it.
    """
    part, slash, count = (order.shard or "1/1").partition("/")
    if not (slash and part.isdecimal() and count.isdecimal() and 1 <= int(part) <= int(count)):
        raise UsageError("--shard {text} is no part", "give I/N, as 2/8", text=order.shard)
    numbers = context.chosen(order.words) or [summary.number for summary in context.library.summaries]
    mine = numbers[int(part) - 1 :: int(count)]
    ask_trust(context, mine, may_ask)
    return mine


def verify_shown(context: Context, order: Order, is_silent: bool) -> Verified:
    """Verify entries; every result is shown, the count at the end, and what their form may have left out."""
    if order.seeds < 0:
        raise UsageError("--seeds {seeds} is no count", "give 0 or more", seeds=order.seeds)
    if order.changed and order.strict:
        raise UsageError("--changed leaves out runs that --strict is to judge", "give one of the two")
    numbers = ordered_entries(context, order, may_ask=not is_silent)
    device = find_device_shown(context, order.device)
    batches = [batch for number in numbers for batch in _batches(context, number, order, device)]
    tasks = [task for batch in batches for task in batch.tasks]
    with ExitStack() as stack:
        workers = stack.enter_context(Workers())
        bar = stack.enter_context(ProgressBar(context.err, context.say("verifying"), is_silent))
        done = count(1)

        def advance(result: Result) -> None:
            bar.advance(next(done), len(tasks), f"{result.task.entry} {result.task.what}")

        jobs = order.jobs or os.cpu_count() or 1
        results = verify(tasks, jobs, workers, advance, is_strict=order.strict)
    if order.record:
        write_down(context, results, batches)
    if order.junit:
        write_junit(order.junit, results)
    if not is_silent:
        show_results(context, results)
        if order.changed and (left_out := {*numbers} - {batch.entry for batch in batches}):
            text = context.say(
                "{count} {count:entry|entries} recorded as expected and unchanged since: not run again",
                count=len(left_out),
            )
            context.err.tell([(text, "")])
    return Verified(results, _form_complaints(context, numbers if order.words else None, is_silent))


def _form_complaints(context: Context, numbers: Sequence[int] | None, is_silent: bool) -> int:
    """How many complaints there are about the form of some entries, or of all; they are told of in one line."""
    count = context.library.complaints(numbers)
    if count and not is_silent:
        text = context.say(
            "{count} {count:complaint|complaints} about the form, for which something may be left out;"
            " kb check{deck} lists {count:it|them}",
            count=count,
            deck=context.address.of(),
        )
        context.err.tell([("✗ ", "bad"), (text, "")])
    return count


def _batches(context: Context, number: int, order: Order, device: str) -> list[Batch]:
    """What is to be run of an entry."""
    entry = context.library.entry(number)
    seeds = 5 if order.thorough else order.seeds
    tasks = {
        What.MUTANTS: mutant_tasks(entry, device) if order.mutants else [],
        What.THOROUGH: thorough_tasks(entry, device, seeds, order.thorough),
        What.TASKS: tasks_of(entry, KINDS, device),
    }
    batches: list[Batch] = []
    for what, some in tasks.items():
        batch = Batch(number, what, device, some)
        # What a snippet prints under other seeds is held against its plain run, so that runs too.
        is_needed = what is What.TASKS and any(one.what is What.THOROUGH for one in batches)
        if some and (is_needed or not (order.changed and batch.is_known(context.records, context.torch))):
            batches.insert(0, batch)
    return batches


def write_junit(path: Path, results: Sequence[Result]) -> None:
    """Write results as JUnit XML.

    Raises:
        KbError: the file cannot be written.
    """
    try:
        path.write_text(junit(results), encoding="utf-8")
    except OSError as error:
        raise KbError(
            "{junit} cannot be written: {error}", "name another file", junit=path, error=error.strerror
        ) from None


def write_down(context: Context, results: Sequence[Result], batches: Sequence[Batch]) -> None:
    """Write the records and the outputs; a key that could not be computed loses its record."""
    folder = context.library.deck.path
    torch = public(context.torch)
    gone = [
        (one.task.entry, one.task.what, one.task.id, torch, one.run.device)
        for one in results
        if not one.ok and one.task.what != "snippet"
    ]
    gone += [(one.entry, one.what, "", torch, one.device) for one in batches]
    try:
        kept = [*records_of(results), *records_of_batches(batches, results, context.torch)]
        write_records(folder, context.places.cache, kept, gone)
        write_outputs(results)
    except OSError as error:
        raise KbError("the records cannot be written: {error}", "mend the deck's permissions", error=error) from None


def show_results(context: Context, results: Sequence[Result]) -> None:
    """A line a result; for a snippet that failed, where and why."""
    context.out.print(result_line(result, context.say) for result in results)
    bad = [result for result in results if not result.ok]
    for result in bad:
        snippet = context.library.entry(result.task.entry).snippet
        if result.task.what == "snippet" and snippet:
            context.out.print(run_summary(result.run, snippet.source, context.out, context.say))
    if mutated := [result for result in results if result.task.what == "mutant"]:
        alive = [result for result in mutated if result.run.passed]
        equivalent = sum(result.ok for result in alive)
        counted = len(mutated) - equivalent
        text = context.say(
            "{killed} of {all} mutants killed ({share}); {equivalent} more {equivalent:is|are} as right as the"
            " solution",
            killed=len(mutated) - len(alive),
            all=counted,
            share=f"{(len(mutated) - len(alive)) / max(1, counted):.0%}",
            equivalent=equivalent,
        )
        context.err.tell([(text, "")])
    text = context.say("{ok} of {all} as expected", ok=len(results) - len(bad), all=len(results))
    context.err.tell([("✗ " if bad else "✓ ", "bad" if bad else "good"), (text, "")])
