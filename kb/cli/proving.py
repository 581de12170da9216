"""Proving at the terminal: a deck verified with its progress shown, and written down."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kb.cli.live import find_device_shown
from kb.context import Context
from kb.errors import KbError, UsageError
from kb.run.device import public
from kb.run.worker import Workers
from kb.screen.progress_bar import ProgressBar
from kb.screen.result_lines import result_line
from kb.screen.run_lines import run_summary
from kb.verify.judging import Result, verify
from kb.verify.junit import junit
from kb.verify.record import write_records
from kb.verify.recording import records_of, write_outputs
from kb.verify.tasks import mutant_tasks, shard, tasks_of, thorough_tasks
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


def parse_shard(text: str) -> tuple[int, int]:
    """``2/8`` as numbers.

    Raises:
        UsageError: it is not of that form.
    """
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UsageError("--shard {text} is no part", "give I/N, as 2/8", text=text)
    return int(number), int(count)


def verify_shown(context: Context, order: Order, is_silent: bool) -> list[Result]:
    """Verify entries; every result is shown, the count at the end."""
    part = parse_shard(order.shard) if order.shard else None
    if order.seeds < 0:
        raise UsageError("--seeds {seeds} is no count", "give 0 or more", seeds=order.seeds)
    numbers = context.chosen(order.words) or [summary.number for summary in context.library.summaries]
    device = find_device_shown(context, order.device)
    entries = [context.library.entry(number) for number in numbers]
    tasks = [task for entry in entries for task in tasks_of(entry, KINDS, device)]
    seeds = 5 if order.thorough else order.seeds
    tasks += [task for entry in entries for task in thorough_tasks(entry, device, seeds, order.thorough)]
    if order.mutants:
        tasks += [task for entry in entries for task in mutant_tasks(entry, device)]
    if part:
        tasks = shard(tasks, *part)
    with ExitStack() as stack:
        workers = stack.enter_context(Workers())
        bar = stack.enter_context(ProgressBar(context.err, context.say("verifying"), is_silent))
        done = count(1)

        def advance(result: Result) -> None:
            bar.advance(next(done), len(tasks), f"{result.task.entry} {result.task.what}")

        jobs = order.jobs or os.cpu_count() or 1
        results = verify(tasks, jobs, workers, advance, is_strict=order.strict)
    if order.record:
        write_down(context, results)
    if order.junit:
        write_junit(order.junit, results)
    if not is_silent:
        show_results(context, results)
    return results


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


def write_down(context: Context, results: Sequence[Result]) -> None:
    """Write the records and the outputs; a key that could not be computed loses its record."""
    folder = context.library.deck.path
    torch = public(context.torch)
    gone = [
        (one.task.entry, one.task.what, one.task.id, torch, one.run.device)
        for one in results
        if not one.ok and one.task.what != "snippet"
    ]
    try:
        write_records(folder, records_of(results), gone)
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
        context.err.print([[(text, "")]])
    text = context.say("{ok} of {all} as expected", ok=len(results) - len(bad), all=len(results))
    context.err.print([[("✗ " if bad else "✓ ", "bad" if bad else "good"), (text, "")]])
