"""``kb check``: the form of a deck."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json

if TYPE_CHECKING:
    from kb.context import Context
    from kb.deck.manifest import Deck
    from kb.errors import Complaint
    from kb.screen.messages import Speech

EXAMPLES = {
    "kb check": "the built-in deck",
    "kb check notes": "a deck of your own",
}


def command(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A deck's folder; the built-in one if left out.")
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Check the form of a deck, without running anything."""
    from kb.deck.manifest import read_deck
    from kb.screen.language import choose_language
    from kb.screen.messages import Speech
    from kb.verify.form import check_deck
    from quiz.kinds.table import KINDS

    context = open_context(folder or deck, lang)
    opened, _ = read_deck(context.deck_path.absolute())
    complaints = check_deck(opened, KINDS)
    if as_json:
        show_json({"ok": not complaints, "complaints": [one.to_json() for one in complaints]})
    else:
        show_complaints(context, opened, complaints, Speech(choose_language(lang, os.environ, opened.languages)))
    raise typer.Exit(1 if complaints else 0)


def show_complaints(context: "Context", deck: "Deck", complaints: "list[Complaint]", say: "Speech") -> None:
    """Print what is wrong, a line each, and on stderr how much it is."""
    from kb.deck.manifest import entry_folders
    from kb.screen.result_lines import complaint_lines

    context.out.print(complaint_lines(complaints, say))
    count = len(entry_folders(deck.path))
    if complaints:
        context.err.print([[(say("{count} {count:complaint|complaints}", count=len(complaints)), "bad")]])
    else:
        context.err.print(
            [[("✓ ", "good"), (say("no complaints about {count} {count:entry|entries}", count=count), "")]]
        )
