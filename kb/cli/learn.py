"""``kb learn``: through what the learner does not know yet."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.completion import entries
from kb.cli.opening import addressed, open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json

if TYPE_CHECKING:
    from quiz.desk import Desk
    from quiz.learn import Course

SHOWN = 10
"""Entries that are printed where there is no terminal, if nothing else is said."""

EXAMPLES = {
    "kb learn": "the next entry in short: run it, be asked about it, go on",
    "kb learn 61 lstm": "these entries alone",
    "kb learn | head -3": "what comes next, a line each",
}


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRY...", help="Numbers, or words that find entries: only these.", autocompletion=entries
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, help="How many entries to print without a terminal.")
    ] = SHOWN,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Go through what you do not know yet: read an entry in short, run it, be asked about it."""
    from quiz.learn import course_of

    words, deck = addressed(words or [], deck)
    desk = open_desk(deck, lang)
    course = course_of(desk, words, time.time())
    if as_json:
        show_json({"path": course.to_json(desk.say.language)})
    elif sys.stdin.isatty() and sys.stdout.isatty():
        raise typer.Exit(walk(desk, course))
    else:
        desk.out.print(course.lines(limit, desk.say, desk.out.width))


def walk(desk: "Desk", course: "Course") -> int:
    """Go through the entries at the terminal; returns the exit code."""
    import gc
    from random import Random

    from kb.cli.live import Wish, run_shown
    from quiz.learn import Learning

    gc.enable()  # learning may go on for an hour

    def run(number: int) -> None:
        run_shown(desk, number, Wish(), is_silent=False)

    return Learning(desk, course, run, Random(), time.time, time.monotonic).walk()  # noqa: S311 dice
