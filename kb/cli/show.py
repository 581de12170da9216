"""``kb show``: an entry, its snippet, or its source."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.opening import addressed, open_context
from kb.cli.options import DeckDir, EntryWords, Json, Lang
from kb.cli.output import show_entry, show_json

if TYPE_CHECKING:
    from kb.context import Context

EXAMPLES = {
    "kb show 62": "an entry",
    "kb show gradient clipping": "the entry that these words find",
    "kb show 62 --short": "its gist and its code, on one screen",
    "kb show 62 --code > lstm.py": "its snippet, to be run anywhere",
}


def command(
    entry: EntryWords,
    short: Annotated[bool, typer.Option("--short", help="The answer in short and its code, on one screen.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Its snippet.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Its Markdown.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show an entry."""
    entry, deck = addressed(entry, deck)
    context = open_context(deck, lang)
    named = context.name_one(entry)
    number = named.numbers[0]
    if named.is_guess:
        context.err.tell([(context.say("the nearest to {words!r}", words=named.words), "dim")])
    if as_json:
        show_json(entry_json(context, number))
    elif code:
        show_code(context, number)
    elif short:
        show_short(context, number)
    elif source:
        context.out.write(context.library.entry(number).text(context.say.language).markdown)
    else:
        show_entry(context, number)


def show_short(context: "Context", number: int) -> None:
    """Print what an entry answers in short, and the code that a reader came for."""
    from kb.screen.entry_lines import short_page

    context.out.print(short_page(number, context.library, context.out, context.say, context.address))


def show_code(context: "Context", number: int) -> None:
    """Print an entry's snippet.

    Raises:
        KbError: it has none.
    """
    from kb.screen.entry_lines import source_lines, style_for

    snippet = context.library.entry(number).snippet
    if snippet is None or not snippet.source:
        raise context.without_snippet(number)
    style = style_for(context.out, context.say, number, context.library.by_number, context.address)
    context.out.page(source_lines(snippet.shown, style))


def entry_json(context: "Context", number: int) -> dict[str, Any]:
    """An entry whole, with its neighbours and how it stands."""
    from kb.verify.record import standing

    entry = context.library.entry(number)
    how, devices = standing(entry.summary, context.records, context.torch)
    return {
        **entry.to_json(context.say.language),
        "related": context.library.neighbours(number),
        "verified": str(how),
        "devices": list(devices),
    }
