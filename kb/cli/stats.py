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


def command(
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Answered questions that are not in the deck any more.")
    ] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show how well you remember: retention, what is due when, days, the weakest areas and entries."""
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
    from quiz.stats import gather, local_day

    found = gather(desk.library, desk.log, now)
    if as_json:
        from dataclasses import asdict

        from quiz.schedule import DESIRED_RETENTION

        show_json({**asdict(found), "desired_retention": DESIRED_RETENTION, "retention_share": found.retention.share})
    else:
        from quiz.stats_lines import stats_lines

        library, width = desk.library, min(desk.out.width, MOST_CELLS)
        lines = stats_lines(found, library.deck, library.by_number, local_day(now), width, desk.say, desk.out.is_plain)
        desk.out.page(lines)
