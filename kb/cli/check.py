"""``kb check``: the form of a deck."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_context, other_decks
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import Complaint, KbError

if TYPE_CHECKING:
    from kb.context import Context
    from kb.deck.manifest import Deck
    from kb.screen.messages import Speech

EXAMPLES = {
    "kb check": "the built-in deck, and your own that are listed",
    "kb check notes": "a deck of your own",
}


def command(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A deck's folder; the built-in one, and those that kb decks lists, if left out."
        ),
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Check the form of a deck, without running anything."""
    from kb.deck.manifest import read_deck
    from kb.screen.language import choose_speech
    from kb.verify.form import check_deck
    from quiz.kinds.table import KINDS

    named = folder or deck
    whole: list[Complaint] = []
    first = open_context(named, lang)
    unread: list[str] = []
    for name, path in {"": named, **other_decks(named)}.items():
        try:
            context = open_context(path, lang) if name else first
            opened, _ = read_deck(context.deck_path.absolute())
            complaints = check_deck(opened, KINDS)
        except KbError as error:  # a listed one that cannot be read hinders no other
            if not name:
                raise
            first.mention_unread(name, path or first.deck_path, error)
            unread.append(name)
            continue
        whole += [one._replace(path=f"{name}:{one.path}") if name else one for one in complaints]
        if not as_json:
            if name:
                context.out.print([[(f"{name}:", "heading")]])
            show_complaints(context, opened, complaints, choose_speech(lang, os.environ, opened.languages))
    if as_json:
        more = {"unread": unread} if unread else {}
        show_json({"ok": not (whole or unread), "complaints": [one.to_json() for one in whole], **more})
    raise typer.Exit(1 if whole or unread else 0)


def show_complaints(context: "Context", deck: "Deck", complaints: "list[Complaint]", say: "Speech") -> None:
    """Print what is wrong, a line each, and on stderr how much it is."""
    from kb.deck.manifest import entry_folders
    from kb.screen.result_lines import complaint_lines

    context.out.print(complaint_lines(complaints, say))
    count = len(entry_folders(deck.path))
    if complaints:
        context.err.tell([(say("{count} {count:complaint|complaints}", count=len(complaints)), "bad")])
    else:
        text = say("no complaints about {count} {count:entry|entries}", count=count)
        context.err.tell([("✓ ", "good"), (text, "")])
