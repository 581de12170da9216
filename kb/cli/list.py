"""``kb list``: all topics by chapter."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.completion import one_of
from kb.cli.opening import open_context, open_desk
from kb.cli.options import Area, DeckDir, Json, Lang, Level, Tag
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from kb.context import Context
    from kb.deck.library import Library
    from kb.deck.summary import Summary
    from quiz.desk import Desk
    from quiz.progress import Progress

EXAMPLES = {
    "kb list": "all topics by chapter, with your progress",
    "kb list --area vision --level 1": "basic ones of one area",
    "kb list --state begun": "what you began and did not finish",
    "kb list --suspended": "the questions that you are not asked",
}


def command(
    area: Area = None,
    level: Level = None,
    tag: Tag = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only what is done (every question answered right), begun, or pending.",
            autocompletion=one_of("done", "begun", "pending"),
        ),
    ] = None,
    flagged: Annotated[bool, typer.Option("--flagged", help="The questions that you flagged.")] = False,
    suspended: Annotated[
        bool, typer.Option("--suspended", help="The questions that you suspended, or buried for today.")
    ] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """List all topics by chapter."""
    context = open_context(deck, lang)
    progress: dict[int, Progress] = {}
    # The log takes 25 ms to load: who never answered need not wait for it.
    if context.places.logs.is_dir() or as_json or state is not None or flagged or suspended:
        context = desk = open_desk(deck, lang)
        progress = progress_of(desk)
    summaries = chosen(context.library, area, level, tag)
    if state is not None:
        from quiz.progress import read_state

        wanted = read_state(state)
        summaries = [one for one in summaries if progress[one.number].state is wanted]
    if flagged or suspended:
        show_marked(desk, {one.number for one in summaries}, flagged, suspended, as_json)
    elif as_json:
        show_json({"entries": rows_of(context, summaries, progress)})
    else:
        show_list(context, summaries, progress)
    raise typer.Exit(0 if summaries else 1)


def rows_of(context: "Context", summaries: "list[Summary]", progress: "dict[int, Progress]") -> list[dict[str, Any]]:
    """The entries as ``--json`` gives them."""
    from kb.verify.record import standing

    return [
        {
            **one.to_json(context.say.language),
            "verified": str(standing(one, context.records, context.torch)[0]),
            "answered": progress[one.number].answered,
            "progress": progress[one.number].to_json(),
        }
        for one in summaries
    ]


def show_list(context: "Context", summaries: "list[Summary]", progress: "dict[int, Progress]") -> None:
    """Print the entries by chapter.

    Raises:
        KbError: there is none.
    """
    from kb.screen.entry_lines import entry_list

    words = {number: text for number, one in progress.items() if (text := one.text(context.say))}
    library, records, torch = context.library, context.records, context.torch
    context.out.page(entry_list(summaries, library.deck, records, torch, context.out, context.say, words))
    context.mention_broken()
    if not summaries:
        raise KbError("no entry fits", "kb list{deck} shows all", deck=context.address.option)


def show_marked(desk: "Desk", numbers: "Collection[int]", flagged: bool, suspended: bool, as_json: bool) -> None:
    """Print the items of some entries that the learner marked."""
    from quiz.log.event import Marking
    from quiz.marked_items import marked_items, marked_lines
    from quiz.stats import local_day

    which = [Marking.FLAG] * flagged + [Marking.SUSPEND, Marking.BURY] * suspended
    marks = desk.log.marks(local_day(time.time()))
    items = [one for one in marked_items(desk.library, marks, which, desk.say.language) if one.card.number in numbers]
    if as_json:
        show_json({"items": [one.to_json() for one in items]})
    elif items:
        desk.out.page(marked_lines(items, desk.say, desk.out.width))
    else:
        desk.out.print([[(desk.say("no question is marked so"), "dim")]])


def progress_of(desk: "Desk") -> "dict[int, Progress]":
    """How far the learner is with each entry; of who never answered nothing is looked up."""
    from quiz.plan import all_cards  # deferred, as the desk is
    from quiz.progress import progress_by_entry, progress_in

    if desk.places.logs.is_dir():
        return progress_in(desk.library, desk.log, time.time())
    return progress_by_entry(all_cards(desk.library), (), (), ())


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
