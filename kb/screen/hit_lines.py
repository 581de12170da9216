"""What a search found, on the screen: hits, explanations, passages."""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from kb.screen.standing import mark
from kb.screen.terminal import Terminal
from kb.screen.width import graphemes, width_of
from kb.verify.record import Record

if TYPE_CHECKING:
    # For their names alone.
    from kb.search.passages import Passage
    from kb.search.searcher import Hit


def hit_lines(
    hits: "Iterable[Hit]", records: Sequence[Record], torch: str, terminal: Terminal, say: Speech
) -> list[Line]:
    """Search results: number, title, and the best passage with its matches marked."""
    lines: list[Line] = []
    width = terminal.width
    for hit in hits:
        title = hit.summary.title(say.language)
        start = f"{hit.summary.number:>4} "
        line: Line = [(title, "title")]
        if hit.also:
            line.append((f"  {say('(also {numbers})', numbers=', '.join(map(str, hit.also)))}", "dim"))
        wrapped = wrap(line, max(20, width - 7))
        lines.append([(start, "number"), mark(hit.summary, records, torch), *wrapped[0]])
        lines += [[(" " * 7, ""), *one] for one in wrapped[1:]]
        lines += [[(" " * 7, ""), *passage_line(passage, min(width - 7, 200))] for passage in hit.passages[:1]]
    return lines


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
