"""Note remarks: what the author of notes should look at, though nothing of it is lost."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from kb.errors import Message
from kb.exchange.note_lines import Scan
from kb.exchange.note_marks import LONGEST, Mark
from kb.exchange.notes import Remark
from kb.exchange.numerals import numbered

GAPS = 100
"""Numbers that may be missing for each that is there, before the numbers are no count at all."""

CODE = re.compile(r"^(?:[\w.\[\], ]+ = \S|import \w|from \w+ import|\w[\w.]*\(.*\)\s*$|def \w+\(|class \w+)")
"""A line that is code wherever it stands."""

_LISTED = re.compile(r"^\s*(?:[-*+•]\s+)?\[?(?P<text>[^\]]*)")
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)|<img\b[^>]*\bsrc=[\"']?([^\"'\s>]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:|#|//", re.IGNORECASE)


def remarks(found: Scan, run: Sequence[Mark], anew: Collection[Mark]) -> list[Remark]:
    """All of them.

    Args:
        found: the lines, looked at.
        run: marks with which the entries begin, in the order of the lines.
        anew: those of them whose numbers begin again, and count nothing here.
    """
    counting = [mark for mark in run if mark.numbered and mark not in anew]
    return [*_about_code(found), *_about_numbers(found, run, counting), *_about_images(found)]


def _about_code(found: Scan) -> Iterator[Remark]:
    """Code that was never closed, and code that stands outside of any."""
    for fence in found.fences:
        if not fence.is_closed:
            what = Message("code that is never closed; it ends before line {line} now", line=fence.end + 1)
            yield Remark(fence.first + 1, what)
    for mark in found.marks:
        below = found.lines[mark.end] if mark.end < len(found.lines) else ""
        if mark.level < 7 and not mark.numbered and CODE.match(below[:LONGEST]):
            what = Message("{text!r} looks like a comment of code outside of any; it stays text", text=mark.title)
            yield Remark(mark.first + 1, what)


def _about_numbers(found: Scan, run: Sequence[Mark], counting: Sequence[Mark]) -> Iterator[Remark]:
    """Numbers that are missing, that only a list has, and numbered headings that begin no entry."""
    taken = {mark.numbered.number: mark for mark in counting if mark.numbered}
    if not taken:
        return
    numbers = sorted(taken)
    few = numbers[-1] - numbers[0] < GAPS * len(numbers)
    for above, below in pairwise(numbers) if few else ():
        if below - above == 2:
            yield Remark(
                taken[above].first + 1, Message("{number} is missing behind {above}", number=above + 1, above=above)
            )
        elif below - above > 2:
            what = Message("{first} to {last} are missing behind {above}", first=above + 1, last=below - 1, above=above)
            yield Remark(taken[above].first + 1, what)
    for at in range(run[0].first):
        line = found.lines[at]
        listed = _LISTED.match(line) if not found.hidden[at] and len(line) < LONGEST else None
        counted = numbered(listed["text"]) if listed else None
        if counted and counted.title and counted.number not in taken:
            yield Remark(at + 1, Message("{number} stands in the list and never comes", number=counted.number))
    starts = {mark.first for mark in run}
    for mark in found.marks:
        if mark.numbered and mark.style not in ("item", "bold-item") and mark.first not in starts:
            text = found.lines[mark.first]
            what = Message("{text!r} looks numbered; it was taken for a part of the text", text=text)
            yield Remark(mark.first + 1, what)


def _about_images(found: Scan) -> Iterator[Remark]:
    """Images that lie beside the notes."""
    for at, line in enumerate(found.lines):
        if "](" not in line and "<img" not in line.lower():
            continue
        for image in _IMAGE.finditer(line[: 10 * LONGEST]):
            path = image[1] or image[2]
            if not _ADDRESS.match(path):
                yield Remark(at + 1, Message("the image {path} does not come along; its words do", path=path))
