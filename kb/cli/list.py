"""``kb list``: all topics by chapter."""

from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.deck.library import Library
    from kb.deck.summary import Summary


def command(
    area: Annotated[str | None, typer.Option("--area", help="Only this area.")] = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="Only this level.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only with this tag.")] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """List all topics by chapter."""
    context = open_context(deck, lang)
    summaries = chosen(context.library, area, level, tag)
    records, torch = context.records, context.torch
    if as_json:
        from kb.verify.record import standing

        rows = [
            {**one.to_json(context.say.language), "verified": str(standing(one, records, torch)[0])}
            for one in summaries
        ]
        show_json({"entries": rows})
    else:
        from kb.screen.entry_lines import entry_list

        context.out.page(entry_list(summaries, context.library.deck, records, torch, context.out, context.say))
        context.mention_broken()
        if not summaries:
            raise KbError("no entry fits", "kb list without options shows all")
    raise typer.Exit(0 if summaries else 1)


def chosen(library: "Library", area: str | None, level: int | None, tag: str | None) -> list["Summary"]:
    """The entries that fit everything that is asked for; None asks for nothing.

    Raises:
        UsageError: the deck has no such area.
    """
    areas = library.deck.areas
    if area is not None and area not in areas and not any(area == summary.area for summary in library.summaries):
        raise UsageError("no area {area!r}", "the deck has {known}", area=area, known=", ".join(areas))
    return [
        summary
        for summary in library.summaries
        if area in (None, summary.area)
        and level in (None, summary.level)
        and (tag is None or tag.lower() in (one.lower() for one in summary.tags))
    ]
