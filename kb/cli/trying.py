"""Trying: the scripts of imported notes, each run once, and what came of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from kb.context import Context
from kb.run.job import Run
from kb.run.runner import reference_job, run
from kb.run.worker import Workers
from kb.screen.layout import Line, wrap
from kb.screen.progress_bar import ProgressBar


def tried(context: Context, numbers: Sequence[int], is_silent: bool) -> Iterator[tuple[int, Run]]:
    """Run the entries' snippets, one after the other. The caller has seen to their trust."""
    with Workers() as workers, ProgressBar(context.err, context.say("running"), is_silent) as bar:
        for at, number in enumerate(numbers, 1):
            entry = context.library.entry(number)
            context.trust.demand(entry)
            if entry.snippet:
                bar.advance(at, len(numbers), str(number))
                yield number, run(reference_job(entry.snippet, needs_checks=False), worker=workers)


def verdict_lines(context: Context, number: int, done: Run) -> list[Line]:
    """Whether a script ran to its end, or why it did not."""
    say = context.say
    sign, style = ("✓", "good") if done.passed else ("✗", "bad")
    told = (
        say("runs, {seconds} s", seconds=f"{done.seconds:.1f}")
        if done.passed
        else f"{say('fails')}: {_why(context, done)}"
    )
    return wrap([(f"{sign} ", style), (f"{number}  ", "number"), (told, "")], context.out.width, "", "  ")


def _why(context: Context, done: Run) -> str:
    return context.say.of(done.reason) if done.reason else context.say(str(done.outcome))


def verdict_json(number: int, done: Run) -> dict[str, Any]:
    """The same as facts."""
    return {"number": number, "runs": done.passed, "reason": str(done.reason), "seconds": round(done.seconds, 3)}
