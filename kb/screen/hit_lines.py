"""What a search found, on the screen: hits, explanations, passages."""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from kb.screen.standing import mark
from kb.screen.width import graphemes, width_of
from kb.verify.record import Record

if TYPE_CHECKING:
    # For their names alone.
    from kb.search.passages import Passage
    from kb.search.searcher import Hit


INDENT = 7
"""Cells before what stands under a title."""

WIDEST = 200
"""Cells of a passage at most."""


def hit_parts(
    hits: "Iterable[Hit]", records: Sequence[Record], torch: str, width: int, say: Speech
) -> list[list[Line]]:
    """Search results: number, title, and the best passage with its matches marked; below it the titles of the entries
    on the same subject. The lines of each entry are by themselves."""
    language = say.language
    room = max(20, width - INDENT)
    parts: list[list[Line]] = []
    for hit in hits:
        first, *more = wrap([(hit.summary.title(language), "title")], room)
        lines: list[Line] = [[(f"{hit.summary.number:>4} ", "number"), mark(hit.summary, records, torch), *first]]
        lines += [[(" " * INDENT, ""), *one] for one in more]
        lines += [[(" " * INDENT, ""), *passage_line(one, min(width - INDENT, WIDEST))] for one in hit.passages[:1]]
        parts.append(lines)
        for sibling in hit.siblings:
            title = clip(sibling.title(language), max(10, width - INDENT - 5))
            number = (f"{' ' * (INDENT - 2)}{sibling.number:>4} ", "number")
            parts.append([[number, mark(sibling, records, torch), (title, "")]])
    return parts


def fitting(parts: list[list[Line]], height: int) -> list[list[Line]]:
    """As many of the parts as a number of lines holds, the first whatever it takes."""
    ends = accumulate(map(len, parts))
    return [part for at, (part, end) in enumerate(zip(parts, ends, strict=True)) if at == 0 or end <= height]


def folded_line(more: int, is_counted: bool, say: Speech) -> Line:
    """How many entries match and are not shown, and how they are."""
    if is_counted:
        return [(say("{count} more: --all", count=more), "dim")]
    return [(say("more than {count} more: --all", count=more), "dim")]


def passage_line(passage: "Passage", width: int) -> Line:
    """A passage cut to a width around its first match, matches marked."""
    text, marks = passage.text.replace("\n", " "), list(passage.marks)
    start = _start(text, marks[0], width) if marks and width_of(text) > width else 0
    shown = clip(("…" if start else "") + text[start:], max(10, width))
    shift = start - (1 if start else 0)
    line: Line = []
    at = 0
    for first, last in marks:
        first, last = max(0, first - shift), min(len(shown), last - shift)
        if first >= len(shown) or last <= at:
            continue
        line += [(shown[at:first], "dim"), (shown[first:last], "mark")]
        at = last
    return [*line, (shown[at:], "dim")]


def _start(text: str, mark: tuple[int, int], width: int) -> int:
    """Where a text is cut before its first match, so that the match stands in the first half of the width."""
    starts = [*accumulate(map(len, graphemes(text[: mark[0]])), initial=0)]
    for start in starts:
        # Half a word at the cut reads like another word.
        is_inside = start > 0 and (text[start] == " " or re.fullmatch(r"\w\w", text[start - 1 : start + 1], re.A))
        if not is_inside and width_of(text[start : mark[1]]) <= width // 2:
            return start
    return starts[-1]
