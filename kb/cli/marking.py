"""Marking: what ``kb suspend`` and ``kb flag`` have in common."""

import time
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.completion import items
from kb.cli.opening import addressed, open_desk
from kb.cli.output import show_json
from kb.errors import UsageError

Items = Annotated[
    list[str],
    typer.Argument(
        metavar="ITEM...",
        help="Questions as 61/its-id; an entry's number or exact name stands for all of its questions.",
        autocompletion=items,
    ),
]
Off = Annotated[bool, typer.Option("--off", help="Take it back.")]


def mark_named(
    words: list[str], names: list[str], is_on: bool, as_json: bool, deck: Path | None, lang: str | None
) -> None:
    """Mark items, or take that back; what is so already stays as it is.

    Args:
        words: what names the items.
        names: of the markings: the first is made, all of them are taken back.
        is_on: whether it is made.
        as_json: one object on stdout.
        deck: its folder, if one is named.
        lang: the reader's, if one is named.

    Raises:
        UsageError: nothing, or what is not there, is named.
    """
    from quiz.log.event import Marking
    from quiz.marked_items import named_items
    from quiz.marking_lines import marking_lines
    from quiz.stats import local_day

    words, deck = addressed(words, deck)
    if not words:
        raise UsageError("no question is named", "name it as 61/its-id, or all of an entry: 61")
    desk = open_desk(deck, lang)
    now = time.time()
    today = local_day(now)
    keys = named_items(desk.library, words)
    markings = [Marking(name) for name in names]
    for key in keys:
        for marking in markings[:1] if is_on else markings:
            if desk.log.marks(today).are(key, marking) is not is_on:
                desk.log.mark(key, marking, today if is_on else "", now)
        if not as_json:
            desk.out.print(marking_lines(key, markings[0], is_on, desk.say, desk.out.width))
    if as_json:
        show_json({"items": keys, names[0]: is_on})
