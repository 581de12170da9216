"""``kb reset``: progress forgotten."""

import sys
import time
from typing import Annotated

import typer

from kb.cli.completion import entries
from kb.cli.opening import addressed, open_desk
from kb.cli.options import DeckDir, Json, Lang, Yes
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

EXAMPLES = {
    "kb reset 61": "forget the answers to entry 61",
    "kb reset 61/its-id": "those to one question",
    "kb reset": "all of them; asks first",
}


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRY...",
            help="Numbers, exact names, or single questions as 61/its-id: only these.",
            autocompletion=entries,
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Forget progress, of everything or of some entries. Shows what goes and asks first; kb redo brings it back."""
    from kb.cli.confirming import confirmed
    from quiz.reset import chosen, count_by_entry, reset_lines

    words, deck = addressed(words or [], deck)
    desk = open_desk(deck, lang)
    which = chosen(desk.library, words) if words else None
    counts = count_by_entry(desk.log, which)
    count = sum(counts.values())
    if not count:
        raise KbError("nothing to forget", "kb quiz asks")
    if not as_json:
        desk.err.print(reset_lines(counts, desk.library, desk.err.width, desk.say))
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError("kb reset asks first, and there is no terminal", "give --yes if you mean it")
        if not confirmed(desk, desk.say("Forget {count} {count:answer|answers}?", count=count)):
            raise typer.Exit(1)
    count = desk.log.reset(time.time(), which)
    if as_json:
        show_json({"forgotten": count, "entries": {str(number): answers for number, answers in counts.items()}})
    else:
        desk.out.print(
            [
                [
                    (
                        desk.say(
                            "{count} {count:answer|answers} forgotten; kb redo brings {count:it|them} back", count=count
                        ),
                        "",
                    )
                ]
            ]
        )
