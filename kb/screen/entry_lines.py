"""Entries on the screen: one whole, its snippet, and the list of all."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from kb.deck.address import Address
from kb.deck.library import Library
from kb.deck.manifest import Deck
from kb.deck.summary import Summary
from kb.screen.highlight import python_lines
from kb.screen.language import area_name, language_text
from kb.screen.layout import Line, Style, code_lines, lay_out, pad, wrap
from kb.screen.messages import Speech
from kb.screen.standing import mark, standing_text
from kb.screen.terminal import Terminal
from kb.screen.width import width_of
from kb.verify.record import Record

if TYPE_CHECKING:
    from kb.deck.text import Block, Span, Text  # for their names alone: a list shows no text

MAX_TEXT = 88
"""Cells of a line of prose at most: longer ones are hard to read."""

PROGRESS = 7
"""Cells of the learner's progress in a list."""

RECIPE = {"en": "In short", "zh": "用法"}
"""Heading of the section that holds the lines to take along, by language."""

_ENTRY = re.compile(r"^\.\./(\d+)-")


def style_for(terminal: Terminal, say: Speech, number: int, known: Collection[int], address: Address) -> Style:
    """How blocks of an entry are to look on a terminal.

    Args:
        terminal: where they are shown.
        say: the reader's language.
        number: the entry's.
        known: numbers of the entries that are there; a link to another is told to be to one that is still to come.
        address: how the deck is named in a command.
    """

    def link(span: "Span") -> Line:
        if span.source == "snippet.py":
            command = f"kb run{address.of(number)}"
            return [(f"`{command}`", "") if not terminal.has_colours else (command, "code")]
        if found := _ENTRY.match(span.source):
            target = int(found[1])
            if target not in known:
                return [(say("entry {number} (to come)", number=target) if span.text == str(target) else span.text, "")]
            if span.text.strip() == str(target):
                return [(say("entry {number}", number=target), "link")]
            return [(say("{text} (see {number})", text=span.text, number=target), "link")]
        url = "" if span.source in ("", span.text) else f" <{span.source}>"
        return [(span.text, "link"), (url, "")]

    width = terminal.width
    limit = min(width, MAX_TEXT) if terminal.is_terminal else width
    return Style(limit, not terminal.has_colours, link, python_lines)


def entry_page(
    number: int,
    library: Library,
    records: Sequence[Record],
    torch: str,
    terminal: Terminal,
    say: Speech,
    address: Address,
) -> list[Line]:
    """A whole entry: title, facts, answer, neighbours."""
    text = library.text(number, say.language)
    summary = library.by_number[number]
    style = style_for(terminal, say, summary.number, library.by_number, address)
    lines = wrap([(f"{summary.number}. {text.title}", "heading")], style.width, "# " if style.is_plain else "")
    facts = [
        area_name(library.deck, summary.area, say.language),
        say("level {level}", level=summary.level),
        *summary.tags,
    ]
    lines += wrap([(" · ".join(fact for fact in facts if fact), "dim")], style.width)
    standing = standing_text(summary, records, torch, say, address)
    lines += wrap([mark(summary, records, torch), (standing, "dim")], style.width)
    lines.append([])
    lines += lay_out(text.blocks, style)
    lines.append([])
    if neighbours := library.neighbours(summary.number):
        lines.append([(say("See also"), "heading")])
        for neighbour in neighbours:
            title = library.by_number[neighbour].title(say.language)
            lines += wrap([(title, "")], style.width, f"  {neighbour:>3}  ")
        lines.append([])
    if items := sum(owner == number for owner, _, _ in library.items):
        count = say("Quiz: {count} {count:question|questions}", count=items)
        lines += wrap([(count, "dim"), (" · ", "dim"), (f"kb quiz{address.of(number)}", "code")], style.width)
    return lines


def short_page(number: int, library: Library, terminal: Terminal, say: Speech, address: Address) -> list[Line]:
    """An entry on one screen: the question, the answer in short, and the code that a reader came for."""
    lines = [*short_lines(number, library, terminal, say, address), []]
    entry = address.of(number)
    more = f"kb show{entry} · kb run{entry}" if library.by_number[number].sha256 else f"kb show{entry}"
    if terminal.is_terminal and len(lines) + 1 >= terminal.height:
        lines = [*fitted(lines, terminal.height - 3), []]
    return [*lines, [(more, "code")]]


def short_lines(number: int, library: Library, terminal: Terminal, say: Speech, address: Address) -> list[Line]:
    """The question, the answer in short, and the code that a reader came for."""
    text = library.text(number, say.language)
    style = style_for(terminal, say, number, library.by_number, address)
    lines = wrap([(f"{number}. {text.title}", "heading")], style.width, "# " if style.is_plain else "")
    return [*lines, [], *lay_out((text.gist, *_recipe(text)), style)]


def fitted(lines: list[Line], room: int) -> list[Line]:
    """The first of some lines, so that no more than a number of them are printed; some there always are."""
    return lines if len(lines) <= room else [*lines[: max(4, room - 1)], [("…", "dim")]]


def _recipe(text: "Text") -> "Sequence[Block]":
    """The section of an answer that holds the lines to take along, or the first code there is; but for the gist, which
    may lie in it where an entry does not begin with a paragraph."""
    titles = [at for at, block in enumerate(text.body) if block.kind == "heading"]
    for at, end in pairwise((*titles, len(text.body))):
        if text.body[at].text.strip() in RECIPE.values():
            return [block for block in text.body[at + 1 : end] if block != text.gist]
    code = [block for block in text.blocks if block.kind == "code"][:1]
    return [block for block in code if block != text.gist]


def source_lines(code: str, style: Style) -> list[Line]:
    """A whole script, unindented."""
    return code_lines(code, "python", style, indent="")


Progress = Mapping[int, str]
"""By entry: how far the learner is with it, in a word; empty if nothing was ever answered."""


def entry_list(
    summaries: Sequence[Summary],
    deck: Deck,
    records: Sequence[Record],
    torch: str,
    terminal: Terminal,
    say: Speech,
    progress: Progress,
) -> list[Line]:
    """All topics by chapter: number, mark, level, the learner's progress, title, area; and what these mean."""
    lines: list[Line] = []
    rest = list(summaries)
    groups = [(language_text(chapter.titles, say.language), chapter.first, chapter.last) for chapter in deck.chapters]
    for title, first, last in [*groups, ("", 0, 1 << 60)]:
        ours = [summary for summary in rest if first <= summary.number <= last]
        rest = [summary for summary in rest if summary not in ours]
        if not ours:
            continue
        if lines:
            lines.append([])
        if title:
            lines += wrap([(title, "heading")], terminal.width)
        for summary in ours:
            start: Line = [(f"{summary.number:>4} ", "number"), mark(summary, records, torch)]
            start.append((f"{summary.level}  ", "dim"))
            if progress:
                start.append((pad(progress.get(summary.number, ""), PROGRESS), "dim"))
            lines += _list_line(start, summary, deck, terminal.width, say)
    if lines:
        signs = [say("✓ verified"), say("~ verified with another torch"), say("· not yet verified")]
        signs.append(say("1 basic, 2 working knowledge, 3 advanced"))
        if progress:
            signs.append(say("3/8: questions answered right, of all; done: all of them"))
        lines += [[], *wrap([(" | ".join(signs), "dim")], terminal.width)]
    return lines


def _list_line(start: Line, summary: Summary, deck: Deck, width: int, say: Speech) -> list[Line]:
    title = summary.title(say.language)
    area = area_name(deck, summary.area, say.language)
    used = sum(width_of(text) for text, _ in start)
    # Where the area does not fit beside the title it is left out: the title is what one looks for.
    room = width - used - width_of(area) - 2
    if room >= width_of(title):
        return [[*start, (title, ""), ("  " + area, "dim")]]
    first, *more = wrap([(title, "")], max(10, width - used))
    return [[*start, *first], *([(" " * used, ""), *line] for line in more)]
