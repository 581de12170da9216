"""Spoiling at the terminal: whole snippets with one mistake each, and what no check of theirs notices."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from kb.cli.live import find_device_shown
from kb.cli.proving import Order, ordered_entries, write_junit
from kb.context import Context
from kb.errors import UsageError
from kb.run.device import public
from kb.run.worker import Workers
from kb.screen.mutant_lines import spoiled_lines, spoiled_summary
from kb.screen.progress_bar import ProgressBar
from kb.verify.spoiling import Spoiled, Spoiler


def spoil_shown(context: Context, order: Order, is_silent: bool) -> list[Spoiled]:
    """Run the mutants of entries, and show what survives of each as soon as all of its mutants are run.

    Raises:
        UsageError: something is asked for that is done to whole entries alone.
        KeyboardInterrupt: what was found until then is shown.
    """
    if order.record or order.thorough or order.seeds or order.strict or order.changed:
        raise UsageError("--mutants all runs mutants alone", "ask for the rest without it")
    numbers = ordered_entries(context, order, may_ask=not is_silent)
    device = find_device_shown(context, order.device)
    found: list[Spoiled] = []
    with ExitStack() as stack:
        workers = stack.enter_context(Workers())
        jobs = order.jobs or os.cpu_count() or 1
        spoiler = Spoiler(context.places.cache, public(context.torch), device, jobs, workers, order.fresh)
        try:
            for number in numbers:
                found.append(Spoiled(context.library.entry(number)))
                with ProgressBar(context.err, context.say("verifying"), is_silent) as bar:

                    def advance(done: int, whole: int, bar: ProgressBar = bar, number: int = number) -> None:
                        bar.advance(done, whole, str(number))

                    spoiler.spoil(found[-1], advance)
                if not is_silent:
                    context.out.print(spoiled_lines(found[-1], context.out, context.say))
        except KeyboardInterrupt:
            if not is_silent:
                if found and not found[-1].is_done:
                    context.out.print(spoiled_lines(found[-1], context.out, context.say))
                context.err.print(spoiled_summary(found, context.say))
            raise
    if order.junit:
        write_junit(order.junit, [result for one in found for result in one.results])
    if not is_silent:
        context.err.print(spoiled_summary(found, context.say))
    return found


def spoiled_json(found: Sequence[Spoiled]) -> dict[str, Any]:
    """What came of all mutants, for ``--json``: counts, and lines beside them."""
    return {
        "all": sum(len(one.mutants) for one in found),
        "noticed": sum(one.noticed for one in found),
        "harmless": sum(one.harmless for one in found),
        "survived": sum(len(one.survivors) for one in found),
        "never_run": [{"entry": one.entry.number, "line": line} for one in found for line in one.never_run],
        "superfluous": [{"entry": one.entry.number, "line": line} for one in found for line in one.superfluous],
    }
