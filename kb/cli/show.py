"""``kb show``: an entry, its snippet, or its source."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, EntryWord, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError

if TYPE_CHECKING:
    from kb.context import Context


def command(
    entry: EntryWord,
    code: Annotated[bool, typer.Option("--code", help="The snippet.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The Markdown.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show an entry."""
    context = open_context(deck, lang)
    number = context.number(entry)
    if as_json:
        show_json(entry_json(context, number))
    elif code:
        show_code(context, number)
    elif source:
        context.out.write(context.library.entry(number).text(context.say.language).markdown)
    else:
        show_entry(context, number)


def show_entry(context: "Context", number: int) -> None:
    """Print an entry, through the pager where it is longer than the screen."""
    from kb.screen.entry_lines import entry_page

    page = entry_page(number, context.library, context.records, context.torch, context.out, context.say)
    context.out.page(page)


def show_code(context: "Context", number: int) -> None:
    """Print an entry's snippet.

    Raises:
        KbError: it has none.
    """
    from kb.screen.entry_lines import source_lines, style_for

    snippet = context.library.entry(number).snippet
    if snippet is None or not snippet.source:
        raise KbError("entry {number} has no snippet", "kb show {number} shows its text", number=number)
    style = style_for(context.out, context.say, number, context.library.by_number)
    context.out.page(source_lines(snippet.source, style))


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
