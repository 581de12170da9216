"""Note lines: which lines of somebody's notes lie in code, comments or front matter, and which may begin a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kb.exchange.note_marks import HEADING, LONGEST, MARKER, Mark, asks_or_answers, mark_at, with_questions

_FENCE = re.compile(rf"^(?:[ \t>]|(?:{MARKER})(?=[ \t]))*(?P<mark>`{{3,}}|~{{3,}})(?P<info>[^`]*)$")
_FENCE_END = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*$")
_FRONT = re.compile(r"^(?:[\w .-]{1,60}:(?:\s.*)?|\s*-\s.*|\s+\S.*|\s*#.*|\s*)$")
_FRONT_KEY = re.compile(r"^[\w.-]+:")
_FRONT_TITLE = re.compile(r"^title:\s*(?P<quote>[\"']?)(?P<title>.*?)(?P=quote)\s*$", re.IGNORECASE)

MOST_FRONT = 200
"""Lines that front matter may have."""


class Fence(NamedTuple):
    """Lines of code between two marks."""

    first: int
    """Index of the line that opens it."""
    end: int
    """Index behind its last line: behind the mark that closes it, or where it is taken to end."""
    info: str
    """What stands behind the opening mark."""
    mark: str
    """The opening mark."""
    is_closed: bool
    """Whether a mark closes it."""


@dataclass
class Scan:
    """The lines of a file, with what they are."""

    lines: Sequence[str]
    hidden: bytearray
    """1 for each line in code, in a comment or in front matter."""
    front: int = 0
    """Index behind front matter, which is for another program."""
    title: str = ""
    """What front matter calls the notes."""
    fences: list[Fence] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    """In the order of the lines."""
    buried: list[Mark] = field(default_factory=list)
    """Headings inside code: comments of it, unless the code should have ended before."""


def scan(lines: Sequence[str], cuts: frozenset[int] = frozenset()) -> Scan:
    """Look at every line once.

    Args:
        lines: of the file.
        cuts: indexes of lines before which code that is open is taken to end.
    """
    found = Scan(lines, bytearray(len(lines)))
    _hide_front(found)
    _hide_code(found, cuts)
    _hide_comments(found)
    for at in range(found.front, len(lines)):
        if mark := mark_at(lines, found.hidden, at):
            (found.buried if found.hidden[at] else found.marks).append(mark)
    found.marks = list(with_questions(lines, found.hidden, found.marks))
    return found


def _hide_front(found: Scan) -> None:
    """Names and values between rules at the very top, as Obsidian, Jekyll and Hugo have them."""
    lines = found.lines
    if not lines or lines[0].rstrip() != "---":
        return
    for at in range(1, min(len(lines), MOST_FRONT)):
        if lines[at].rstrip() in ("---", "..."):
            if any(_FRONT_KEY.match(line) for line in lines[1:at]) and not any(map(asks_or_answers, lines[1:at])):
                found.front, found.hidden[: at + 1] = at + 1, b"\1" * (at + 1)
                titles = (_FRONT_TITLE.match(line) for line in lines[1:at])
                found.title = next((title["title"] for title in titles if title), "")
            return
        if len(lines[at]) > LONGEST or not _FRONT.match(lines[at]):
            return


def _hide_code(found: Scan, cuts: frozenset[int]) -> None:
    lines, at = found.lines, found.front
    while at < len(lines):
        opened = _FENCE.match(lines[at]) if len(lines[at]) < LONGEST else None
        if not opened:
            at += 1
            continue
        mark = opened["mark"]
        end, is_closed = _fence_end(lines, at, mark, cuts)
        found.fences.append(Fence(at, end, opened["info"].strip(), mark, is_closed))
        found.hidden[at:end] = b"\1" * (end - at)
        at = end


def _fence_end(lines: Sequence[str], first: int, mark: str, cuts: frozenset[int]) -> tuple[int, bool]:
    """Where code ends, and whether a mark closes it.

    Another block that is opened inside, with a language's name, says that the mark was forgotten; then the code ends
    before the first heading after an empty line, or else before that block.
    """
    heading = 0
    for at in range(first + 1, len(lines)):
        line = lines[at]
        if at in cuts:
            return at, False
        if (
            not heading
            and len(line) < LONGEST
            and line.lstrip()[:1] == "#"
            and not lines[at - 1].strip()
            and HEADING.match(line)
        ):
            heading = at
        closing = _FENCE_END.match(line)
        if closing and closing["mark"].startswith(mark):
            return at + 1, True
        opening = _FENCE.match(line) if line.lstrip(" \t>-*+")[:1] == mark[0] and len(line) < LONGEST else None
        if opening and opening["info"].strip() and opening["mark"].startswith(mark):
            return heading or at, False
    return heading or len(lines), False


def _hide_comments(found: Scan) -> None:
    """Comments of HTML; one that never ends hides nothing."""
    opened = -1
    for at, line in enumerate(found.lines):
        if found.hidden[at]:
            continue
        if opened < 0 and "<!--" in line and "-->" not in line[line.rindex("<!--") :]:
            opened = at
        elif opened >= 0 and "-->" in line:
            found.hidden[opened : at + 1] = b"\1" * (at + 1 - opened)
            opened = -1
        elif opened < 0 and line.lstrip().startswith("<!--"):
            found.hidden[at] = 1
