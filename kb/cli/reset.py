"""``kb reset``: progress forgotten."""

import sys
import time
from typing import Annotated

import typer

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError


def command(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help="Numbers or words: only these entries.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Forget progress, of everything or of some entries. Asks first; a copy is kept."""
    from quiz.reset import chosen_reviews, forget

    desk = open_desk(deck, lang)
    count = len(chosen_reviews(desk, words or []))
    if not count:
        raise KbError(desk.say("nothing to forget"), "kb quiz asks")
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError("kb reset asks first, and there is no terminal", "give --yes if you mean it")
        if not typer.confirm(desk.say("Forget {count} answers?", count=count), err=True):
            raise typer.Exit(1)
    kept = forget(desk, words or [], time.time())
    if as_json:
        show_json({"forgotten": count, "copy": str(kept)})
    else:
        desk.out.print([[(desk.say("{count} answers forgotten; a copy lies at {path}", count=count, path=kept), "")]])
