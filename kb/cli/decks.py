"""``kb decks``: the decks of one's own that are searched with the built-in one, each by a name."""

from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.places import Places
    from kb.screen.messages import Speech

EXAMPLES = {
    "kb decks": "list them",
    "kb decks ~/notes/mydeck": "from now on kb search looks there, too; its entries are mydeck:12",
    "kb decks ~/notes/mydeck --name notes": "under another name",
    "kb decks mydeck --drop": "list it no more; its files stay",
}


def command(
    deck: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="A deck's folder; with --drop its name will do.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called; its folder's name if left out.")
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="List it no more.")] = False,
    as_json: Json = False,
    named: DeckDir = None,
    lang: Lang = None,
) -> None:
    """List your own decks: kb search looks there, too, and mydeck:12 is an entry of one."""
    import os
    import sys

    from kb.deck.listed import is_gone, read_listed
    from kb.places import find_places
    from kb.screen.language import choose_language
    from kb.screen.layout import wrap
    from kb.screen.messages import Speech
    from kb.screen.terminal import Terminal

    say = Speech(choose_language(lang, os.environ, ("en", "zh")))
    deck = deck or (None if named is None else str(named))
    if deck is None:
        if name is not None or drop:
            raise UsageError("no deck is named", "kb decks ~/notes/mydeck")
        told = ""
    elif drop:
        told = dropped(find_places(), deck, say)
    else:
        told = added(find_places(), deck, name, say)
    listed = read_listed(find_places().decks)
    if as_json:
        facts = [{"name": one, "path": str(path), "is_there": not is_gone(path)} for one, path in listed.items()]
        show_json({"decks": facts})
        return
    out, err = Terminal(sys.stdout), Terminal(sys.stderr)
    if told:
        err.print(wrap([("✓ ", "good"), (told, "")], err.width, "", "  "))
    else:
        for one, path in listed.items():
            mark = [(f"  {say('not there any more')}", "warn")] if is_gone(path) else []
            out.print([[(f"{one}: ", "number"), (str(path), "code"), *mark]])
        if gone := [one for one, path in listed.items() if is_gone(path)]:
            what = say(
                "list it at its new place (kb decks DIR --name {name}), or no more (kb decks {name} --drop)",
                name=gone[0],
            )
            err.tell([(f"{gone[0]}: {what}", "")])
        if not listed:
            err.tell([(say("no deck is listed; kb decks DIR lists one"), "")])


def added(places: "Places", deck: str, name: str | None, say: "Speech") -> str:
    """List a deck; returns what is to be said of it.

    Raises:
        KbError: there is no deck, it is the built-in one, it cannot have that name, or the list cannot be written.
    """
    from kb.cli.opening import deck_folder
    from kb.deck.listed import is_gone, is_name, read_listed, write_listed
    from kb.deck.manifest import read_deck
    from kb.places import builtin_deck, home_path

    folder = deck_folder(home_path(deck)).absolute()
    read_deck(folder)  # what is no deck is said at once
    place = folder.resolve()
    if place == builtin_deck().resolve():
        raise UsageError("{path} is the built-in deck, which is always there", "list one of your own", path=folder)
    listed = read_listed(places.decks)
    # However its path is written: through a link it is the same deck, and would be searched twice.
    before = [one for one, path in listed.items() if path.resolve() == place]
    typed = deck.removesuffix(":")
    called = name or (typed if typed in before else folder.name)
    if not is_name(called):
        raise UsageError(
            "{name!r} is no name for a deck",
            "give it another with --name: a letter, then letters, digits, - and _",
            name=called,
        )
    if called in listed and called not in before and not is_gone(listed[called]):
        raise UsageError("{name} is another deck: {path}", "give it another --name", name=called, path=listed[called])
    kept = {one: path for one, path in listed.items() if one not in before}
    write_listed(places.decks, kept | {called: folder})
    if renamed := [one for one in before if one != called]:
        old = ", ".join(f"{one}:" for one in renamed)
        return say("{path} is {name}: now, and {old} no more", path=folder, name=called, old=old)
    return say("{path} is {name}: now; kb search looks there, too", path=folder, name=called)


def dropped(places: "Places", deck: str, say: "Speech") -> str:
    """List a deck no more; returns what is to be said of it.

    Raises:
        UsageError: it is not listed.
        KbError: the list cannot be written.
    """
    from kb.deck.listed import read_listed, write_listed
    from kb.places import home_path

    listed = read_listed(places.decks)
    place, called = home_path(deck).resolve(), deck.removesuffix(":")
    # A name before a folder: one that happens to lie here and is called so may be another deck.
    kept = {
        name: path for name, path in listed.items() if (name != called if called in listed else path.resolve() != place)
    }
    if kept == listed:
        raise UsageError("{name} is not listed", "kb decks shows those that are", name=deck)
    write_listed(places.decks, kept)
    return say("{name} is listed no more; its files stay", name=deck)
