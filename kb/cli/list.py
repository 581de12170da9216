"""``kb list``: all topics by chapter."""

from typing import TYPE_CHECKING

import typer

from kb.cli.opening import open_context, open_desk
from kb.cli.options import Area, DeckDir, Json, Lang, Level, Tag
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.deck.library import Library
    from kb.deck.summary import Summary
    from kb.screen.entry_lines import Progress
    from quiz.desk import Desk

EXAMPLES = {
    "kb list": "all topics by chapter, with your progress",
    "kb list --area vision --level 1": "basic ones of one area",
}


def command(
    area: Area = None,
    level: Level = None,
    tag: Tag = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """List all topics by chapter."""
    context = open_context(deck, lang)
    # The log takes 25 ms to load: who never answered need not wait for it.
    progress = progress_of(open_desk(deck, lang)) if context.places.logs.is_dir() else {}
    summaries = chosen(context.library, area, level, tag)
    records, torch = context.records, context.torch
    if as_json:
        from kb.verify.record import standing

        rows = [
            {
                **one.to_json(context.say.language),
                "verified": str(standing(one, records, torch)[0]),
                "answered": progress.get(one.number, (0, 0))[0],
            }
            for one in summaries
        ]
        show_json({"entries": rows})
    else:
        from kb.screen.entry_lines import entry_list

        lines = entry_list(summaries, context.library.deck, records, torch, context.out, context.say, progress)
        context.out.page(lines)
        context.mention_broken()
        if not summaries:
            raise KbError("no entry fits", "kb list without options shows all")
    raise typer.Exit(0 if summaries else 1)


def progress_of(desk: "Desk") -> "Progress":
    """How many questions of each entry were answered, of how many; nothing where none was."""
    from quiz.plan import all_cards  # deferred, as the desk is

    answered = desk.log.memories()
    counts: dict[int, tuple[int, int]] = {}
    for card in all_cards(desk.library) if answered else ():
        known, whole = counts.get(card.number, (0, 0))
        counts[card.number] = known + (card.key in answered), whole + 1
    return counts


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
