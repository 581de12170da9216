"""``kb stats``: how well the learner remembers."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json

if TYPE_CHECKING:
    from kb.screen.layout import Line
    from kb.screen.messages import Speech
    from quiz.desk import Desk

MOST_CELLS = 100
"""Wider than this a heat map is no better to read."""

EXAMPLES = {
    "kb stats": "how well you remember",
    "kb stats --orphans": "answers to questions that left the deck",
}

TERMS = {
    "right of answered": "The answers that were right, of all: those not rated 1. answers, right, right_percent",
    "remembered at reviews": (
        "The same of reviews alone, the answers given 12 hours or more after the one before. reviews, remembered, "
        "remembered_percent"
    ),
    "known now": (
        "How likely a question that was begun would be answered right at this moment, on average, as the schedule "
        "estimates; what was last answered wrong counts as not known. known_percent"
    ),
    "begun": "The questions that were ever answered, of all. begun, questions",
    "--json": (
        "These names, for the whole, and for each of areas, kinds and entries; percentages from 0 to 100, null of "
        "nothing. On the screen none is given of fewer than 10. due, new, flagged, suspended and buried count "
        "questions, forecast those due on each coming day, days the answers of each day."
    ),
}
"""What the numbers are, and what they are called in ``--json``."""


def command(
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Answered questions that are not in the deck any more.")
    ] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show how well you remember: what was right, what was kept, what is known now; by area, kind and entry."""
    desk = open_desk(deck, lang)
    if orphans:
        show_orphans(desk, as_json)
    else:
        show_stats(desk, time.time(), as_json)


def show_orphans(desk: "Desk", as_json: bool) -> None:
    """Print the answered questions that are not in the deck any more."""
    from quiz.stats import orphans

    lost = orphans(desk.library, desk.log)
    if as_json:
        show_json({"orphans": [{"item": item, "answers": count} for item, count in lost.items()]})
    else:
        desk.out.print(orphan_lines(lost, desk.say))


def orphan_lines(lost: dict[str, int], say: "Speech") -> "list[Line]":
    """One line an item with the number of its answers."""
    rows: list[Line] = [
        [(item, "code"), (f"  {say('{count} {count:answer|answers}', count=count)}", "dim")]
        for item, count in lost.items()
    ]
    return rows or [[(say("every answered question is in the deck"), "dim")]]


def show_stats(desk: "Desk", now: float, as_json: bool) -> None:
    """Print the learner's numbers."""
    from quiz.stats import gather, local_day, stats_json

    found = gather(desk.library, desk.log, now)
    if as_json:
        show_json(stats_json(found))
    else:
        from quiz.stats_lines import stats_lines

        library, width = desk.library, min(desk.out.width, MOST_CELLS)
        lines = stats_lines(found, library.deck, library.by_number, local_day(now), width, desk.say, desk.out.is_plain)
        desk.out.page(lines)
