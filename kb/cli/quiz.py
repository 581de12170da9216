"""``kb quiz``: a session of questions."""

import time
from typing import Annotated

import typer

from kb.cli.completion import entries, one_of
from kb.cli.opening import addressed, open_desk
from kb.cli.options import Area, DeckDir, Lang, Level

EXAMPLES = {
    "kb quiz": "what is due, then what is new",
    "kb quiz 61 lstm": "about these entries, due or not",
    "kb quiz --kind code --level 1": "write missing lines, of basic entries",
    "kb quiz 61 --kind code --editor": "in your own editor; graded whenever you save",
    "kb quiz mydeck:": "what is due in a deck of yours that kb decks lists",
    "kb quiz --new -n 5": "five questions never answered",
    "kb quiz --json": "drive it from a program; kb help wire",
}


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRY...", help="Numbers, or words that find entries: only these.", autocompletion=entries
        ),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Only questions never answered.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", min=1, help="How many questions; 10 at a time if left out."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="choice, predict, answer, code or recall.",
            autocompletion=one_of("choice", "predict", "answer", "code", "recall"),
        ),
    ] = None,
    area: Area = None,
    level: Level = None,
    editor: Annotated[
        bool, typer.Option("--editor", help="Write code in $VISUAL or $EDITOR, graded whenever you save.")
    ] = False,
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
    if editor:
        _see_to_editor(as_json)  # said at once, not at the first question of code
    words, deck = addressed(words or [], deck)
    wish = Wish(words, new, limit, kind, area, level, editor)
    raise typer.Exit(drill(open_desk(deck, lang), wish, as_json, Random(), time.time, time.monotonic))  # noqa: S311 dice


def _see_to_editor(as_json: bool) -> None:
    """See that lines can be written in an editor.

    Raises:
        UsageError, KbError: they cannot.
    """
    import os

    from kb.errors import UsageError
    from kb.screen.editor import chosen_editor

    if as_json:
        raise UsageError("--editor needs a terminal", "leave --json or --editor out")
    chosen_editor(os.environ)
