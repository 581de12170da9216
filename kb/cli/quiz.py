"""``kb quiz``: a session of questions."""

import time
from typing import Annotated

import typer

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Lang


def command(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help="Numbers or words: only these.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Only questions never answered.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many questions; 10 at a time if left out.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="choice, predict, answer, code or recall.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Only this area.")] = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="Only this level.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line: question, answer, grade.")] = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Be asked: due questions first, then new ones."""
    import gc
    from random import Random

    from quiz.drill import drill
    from quiz.wish import Wish

    gc.enable()  # a session may go on for an hour
    wish = Wish(words or [], new, limit, kind, area, level)
    raise typer.Exit(drill(open_desk(deck, lang), wish, as_json, Random(), time.time, time.monotonic))  # noqa: S311 dice
