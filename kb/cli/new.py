"""``kb new``: an entry to begin with."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.opening import deck_folder
from kb.cli.options import Json, Lang
from kb.cli.output import show_json
from kb.errors import UsageError

EXAMPLES = {
    "kb new 101 scaled-rows --deck mydeck": "an entry in a deck of your own, which is made if there is none",
    "kb check mydeck": "see that its form is right",
    "kb verify --deck mydeck": "run everything in it",
}


def command(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0, max=999_999_999, help="The entry's number.")],
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="A short name in small letters, as layer-norm.")],
    deck: Annotated[
        Path | None, typer.Option("--deck", metavar="DIR", help="The deck's folder; KB_DECK names it too.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Write a new entry that passes the check, and says in every part what belongs there."""
    import sys

    from kb.deck.manifest import FOLDER
    from kb.exchange.new_entry import new_entry
    from kb.screen.language import choose_language
    from kb.screen.layout import wrap
    from kb.screen.messages import Speech
    from kb.screen.terminal import Terminal

    if not FOLDER.fullmatch(f"{number:03}-{slug}"):
        better = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-") or "its-name"
        raise UsageError("{slug!r} is no name for a folder", "write it {better}", slug=slug, better=better)
    named = deck or os.environ.get("KB_DECK")
    if not named:
        raise UsageError("no deck is named", "kb new {number} {slug} --deck mydeck", number=number, slug=slug)
    language = choose_language(lang, os.environ, ("en", "zh"))
    folder = new_entry(deck_folder(Path(named)), number, slug, language)
    if as_json:
        show_json({"number": number, "folder": str(folder)})
        return
    say = Speech(language)
    told = say(
        "{folder} written; kb check {deck:typed}, kb trust {deck:typed} --always, kb run {number} --deck {deck:typed}",
        folder=folder,
        deck=folder.parent,
        number=number,
    )
    terminal = Terminal(sys.stderr)
    terminal.print(wrap([("✓ ", "good"), (told, "")], terminal.width))
