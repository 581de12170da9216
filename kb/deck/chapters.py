"""Chapters: the older form of notes, one Markdown file with a ``## 61. Title`` heading an entry.

The file is cut into parts and nothing is thrown away: put together again, the parts are the file to the letter.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from kb.deck.markdown import headings
from kb.deck.text import split_lines
from kb.errors import Message

_NUMBERED = re.compile(r"^\W*(\d{1,9})\s*[.、．:：)）]\s*(\S.*)$")


class PartKind(StrEnum):
    """What a part of a chapter's file is."""

    PREAMBLE = "preamble"
    """What stands before the first entry: a title, a table of contents, a list of the questions."""
    ENTRY = "entry"
    """A numbered heading and everything up to the next heading of its level or above."""
    OTHER = "other"
    """A heading without a number and what follows it: a summary, another chapter's title."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of lines of a chapter's file."""

    kind: PartKind
    number: int
    """The entry's number; 0 for the rest."""
    title: str
    """The heading's text without its number; empty for a preamble."""
    line: int
    """First line, from 1."""
    source: str
    """The lines as they stand, the heading included."""

    @property
    def body(self) -> str:
        """The lines after the heading, without empty ones around them."""
        if self.kind is PartKind.PREAMBLE:
            return self.source
        return "".join(split_lines(self.source)[1:]).strip("\r\n")


def split_chapter(source: str) -> tuple[tuple[Part, ...], tuple[tuple[int, str], ...]]:
    """Cut a chapter's file into its parts.

    Headings are those that Markdown sees: a line ``## 62.`` inside a fence is code. A numbered heading without a text
    below it that comes again later belongs to a list of the questions, not to the entries.

    Returns:
        The parts, whose sources joined are the file, and lines and messages of what is doubtful.
    """
    lines = split_lines(source)
    trouble: list[tuple[int, str]] = []
    marks = [(line, level, text) for line, level, text in headings(source) if level <= 2]
    cuts = [(1, 0, ""), *marks, (len(lines) + 1, 0, "")]
    parts: list[Part] = []
    for (line, level, text), (end, _, _) in pairwise(cuts):
        piece = "".join(lines[line - 1 : end - 1])
        found = _NUMBERED.match(text) if level == 2 else None
        if found:
            parts.append(Part(PartKind.ENTRY, int(found[1]), found[2].strip(), line, piece))
        elif not any(part.kind is PartKind.ENTRY for part in parts):
            if piece:
                parts.append(Part(PartKind.PREAMBLE, 0, "", line, piece))
        else:
            parts.append(Part(PartKind.OTHER, 0, text, line, piece))
    return _settled(parts, trouble), tuple(trouble)


def _settled(parts: list[Part], trouble: list[tuple[int, str]]) -> tuple[Part, ...]:
    """Headings of a list of the questions join the preamble; numbers that come twice are told."""
    settled: list[Part] = []
    for at, part in enumerate(parts):
        is_listed = part.kind is PartKind.ENTRY and not part.body.strip()
        comes_again = any(other.number == part.number and other.kind is PartKind.ENTRY for other in parts[at + 1 :])
        if is_listed and comes_again:
            part = Part(PartKind.PREAMBLE, 0, "", part.line, part.source)
        if part.kind is PartKind.PREAMBLE and settled and settled[-1].kind is PartKind.PREAMBLE:
            before = settled.pop()
            part = Part(PartKind.PREAMBLE, 0, "", before.line, before.source + part.source)
        elif part.kind is PartKind.ENTRY:
            if any(other.kind is PartKind.ENTRY and other.number == part.number for other in settled):
                trouble.append(
                    (part.line, Message("a second entry {number}; give it a number of its own", number=part.number))
                )
            if not part.body.strip():
                trouble.append(
                    (part.line, Message("entry {number} is empty; write its answer or take it out", number=part.number))
                )
        settled.append(part)
    return tuple(settled)
