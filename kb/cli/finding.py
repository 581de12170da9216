"""Finding: what ``kb search`` does with its words.

Nothing here reads a command line, so that plain words need not wait for what does: that takes as long as the search.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kb.cli.opening import addressed, open_context, other_decks
from kb.cli.output import show_entry, show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.context import Context
    from kb.search.query import Query
    from kb.search.searcher import Results

LIMIT = 10
"""Hits at most, where nothing else is said."""

MOST = sys.maxsize
"""All there are."""

COMPLETION = "_KB_COMPLETE"
"""Set by a shell that asks for what a word may become: the parser answers."""


def plain_words(arguments: Sequence[str]) -> list[str] | None:
    """The words of a ``kb search`` whose command line says nothing else; None if the parser has anything to read."""
    if len(arguments) < 2 or arguments[0] != "search" or COMPLETION in os.environ:
        return None
    words = list(arguments[1:])
    return None if any(word.startswith("-") for word in words) else words


def find(
    text: str,
    limit: int | None = None,
    every: bool = False,
    open_first: bool = False,
    as_json: bool = False,
    deck: Path | None = None,
    lang: str | None = None,
) -> int:
    """Search, and show what was found; a bare number opens that entry.

    Args:
        text: the query.
        limit: how many hits at most, however far below the first; None for ten at most that are near it.
        every: all that match, each by itself.
        open_first: show the first hit's entry.
        as_json: print one object.
        deck: the deck's folder, if one is named.
        lang: the reader's language, if one is named.

    Returns:
        The exit code.

    Raises:
        KbError: nothing was found.
        UsageError: nothing is looked for.
    """
    words, deck = addressed([text], deck, only_entries=False)
    text = " ".join(words)
    query = read_query(text)
    context = open_context(deck, lang)
    number = query.number
    if number is not None and not as_json:
        show_entry(context, number)
        return 0
    language = context.say.language
    only_near = limit is None and not every and not as_json
    most = 1 if open_first else limit or (MOST if every else LIMIT)
    found = context.searcher.search(text, most, language, every, only_near=only_near)
    beside: dict[str, tuple[Context, Results]] = {}
    for name, path in other_decks(deck).items():
        other = open_context(path, lang)
        try:
            beside[name] = other, other.searcher.search(text, most, language, every, only_near=only_near)
        except KbError as error:  # one that cannot be read hinders no other
            context.mention_unread(name, path, error)
    has_found = bool(found.hits) or any(more.hits for _, more in beside.values())
    if not has_found:
        refuse_areas(query, [context, *(other for other, _ in beside.values())])
    if as_json:
        decks = {name: more.to_json(language) for name, (_, more) in beside.items()}
        show_json({"query": text, **found.to_json(language), **({"decks": decks} if decks else {})})
        return 0 if has_found else 1
    if not has_found:
        context.mention_broken()
        shown = text if len(text) < 80 else f"{text[:80]}…"
        raise KbError(
            "nothing found for {query!r}",
            "try another word, or kb list{deck}",
            query=shown,
            deck=context.address.option,
        )
    if open_first:
        first, hits = next((one, got.hits) for one, got in ((context, found), *beside.values()) if got.hits)
        show_entry(first, hits[0].summary.number)
        return 0
    if found.hits:
        show_results(context, found, is_whole=not only_near)
    for name, (other, more) in beside.items():
        if more.hits:
            context.out.print([[(f"{name}:", "heading")]])
            show_results(other, more, is_whole=not only_near)
    return 0


def read_query(text: str) -> "Query":
    """A query that asks for something that can be there.

    Raises:
        UsageError: it does not.
    """
    from kb.search.query import parse_query, wrong_level

    if not text.strip():
        raise UsageError("the query is empty", "give words to look for: kb search lstm")
    query = parse_query(text)
    if query.only_leaves_out:
        raise UsageError("only words to leave out", "give one to look for, too: kb search lstm -cell")
    if level := wrong_level(text):
        raise UsageError("no level {level}", "write level:1, level:2 or level:3", level=level)
    return query


def refuse_areas(query: "Query", contexts: "Sequence[Context]") -> None:
    """Say which areas there are to somebody who named none of them.

    Raises:
        UsageError: the query asks for an area that no deck has.
    """
    asked = [value for field, value in query.filters if field == "area"]
    if not asked:
        return
    from kb.search.tokens import compact

    areas = dict.fromkeys(area for one in contexts for area in one.library.deck.areas)
    known = {
        compact(name)
        for one in contexts
        for area, names in one.library.deck.areas.items()
        for name in (area, *names.values())
    } | {compact(summary.area) for one in contexts for summary in one.library.summaries}
    for area in asked:
        if compact(area) not in known:
            raise UsageError("no area {area!r}", "the deck has {known}", area=area, known=", ".join(areas))


def show_results(context: "Context", found: "Results", is_whole: bool) -> None:
    """Print hits, and on stderr what is to be known about them.

    On a terminal the first is still to be seen afterwards: what does not fit below it is counted, or stands in a pager.
    The number of those that are left out is no hit: in a pipe it goes to stderr.

    Args:
        context: the command's surroundings.
        found: what was found.
        is_whole: leave nothing out, however many lines it takes.
    """
    from kb.screen.hit_lines import fitting, folded_line, hit_parts

    if found.shown_for:
        context.err.tell([(context.say("showing results for {query}", query=found.shown_for), "dim")])
    out, say = context.out, context.say
    parts = hit_parts(found.hits, context.records, context.torch, out.width, say)
    more = 0 if is_whole else found.more
    shown = parts
    if out.can_redraw and not is_whole:
        # Below the line that was typed, what is said beside the hits, and above the next prompt.
        shown = fitting(parts, out.height - 3 - bool(found.shown_for))
        more += len(parts) - len(shown)
    lines = [line for part in shown for line in part]
    if is_whole:
        out.page(lines)
    else:
        out.print(lines)
    if more:
        (out if out.can_redraw else context.err).print([folded_line(more, found.is_counted, say)])
    context.mention_broken()
