"""Note lines: which lines of somebody's notes lie in code or comments, and which may begin a question."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kb.exchange.numerals import Numbered, numbered

LONGEST = 1_000
"""Characters that a line may have to begin a question."""

_MARKER = r"[-*+•]|\d{1,9}[.)]"
_FENCE = re.compile(rf"^(?:[ \t>]|(?:{_MARKER})(?=[ \t]))*(?P<mark>`{{3,}}|~{{3,}})(?P<info>[^`]*)$")
_FENCE_END = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*$")

_SPACE = "[ \t\u00a0\u3000]"
_HEADING = re.compile(rf"^ {{0,3}}(?P<marks>#{{1,6}})(?P<space>{_SPACE}*)(?P<text>[^#].*?){_SPACE}*#*{_SPACE}*$")
_UNDERLINE = re.compile(r"^ {0,3}(?:=+|-+)[ \t]*$")
_HTML_HEADING = re.compile(r"^\s*<h(?P<level>[1-6])\b[^>]*>(?P<text>.*?)</h[1-6]>\s*$", re.IGNORECASE)
_SUMMARY = re.compile(r"^\s*(?:<details[^>]*>\s*)?<summary[^>]*>(?P<text>.*?)</summary>(?P<rest>.*)$", re.IGNORECASE)
_BOLD = re.compile(rf"^\s*(?:(?P<marker>{_MARKER})\s+)?(?P<stars>\*\*|__)(?P<text>\S.*?)(?P=stars)(?P<rest>.*)$")
_ITEM = re.compile(r"^ {0,3}(?P<text>\d{1,9}[.)、．][ \t\u3000]*\S.*)$")
_ITEM_HEADING = re.compile(rf"^ {{0,3}}(?P<marker>\d{{1,9}}[.)])[ \t]+#{{1,6}}{_SPACE}+(?P<text>\S.*?)[ \t#]*$")
_TAG = re.compile(r"<[^>]*>")

_QUESTION = re.compile(
    r"^\s*(?:[-*+]\s+)?(?P<open>\*\*|__)?\s*(?:Q|Question|问题|提问|问)\s*(?P<number>[0-9]{0,9})\s*[:：]"
    r"\s*(?:\*\*|__)?\s*(?P<text>\S.*)$",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"(?:^|\s)(?:\*\*|__)?\s*(?:A|Answer|答案|回答|答)\s*[0-9]{0,9}\s*[:：]", re.IGNORECASE)


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


class Mark(NamedTuple):
    """A line that may begin a question."""

    first: int
    """Index of the line."""
    end: int
    """Index behind it, or behind the line under it that makes it a heading."""
    style: str
    """``h1`` to ``h6``, ``bold``, ``bold-item``, ``item``, ``summary`` or ``qa``."""
    title: str
    """As it is written, without marks of Markdown and without its number."""
    numbered: Numbered | None
    """Its number, if it has one."""
    rest: str = ""
    """What follows on the line."""

    @property
    def level(self) -> int:
        """A heading's level; 7 for what is none."""
        return int(self.style[1]) if self.style[0] == "h" else 7

    @property
    def asks(self) -> bool:
        """Whether it ends as a question does."""
        return self.title.rstrip(" *_`").endswith(("?", "？"))


@dataclass
class Scan:
    """The lines of a file, with what they are."""

    lines: Sequence[str]
    hidden: bytearray
    """1 for each line in code or in a comment."""
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
    _hide_code(found, cuts)
    _hide_comments(found)
    for at in range(len(lines)):
        if mark := _mark(lines, found.hidden, at):
            (found.buried if found.hidden[at] else found.marks).append(mark)
    found.marks = list(_with_questions(found))
    return found


def _hide_code(found: Scan, cuts: frozenset[int]) -> None:
    lines, at = found.lines, 0
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
            and _HEADING.match(line)
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


def _mark(lines: Sequence[str], hidden: bytearray, at: int) -> Mark | None:
    """What a line may begin, if it may."""
    line = lines[at]
    if not line or len(line) > LONGEST or line.isspace():
        return None
    if found := _HEADING.match(line):
        counted = numbered(found["text"])
        if not found["space"] and counted is None:
            return None  # a tag (#todo), a colour (#fff), a command (#!)
        return _made(at, at + 1, f"h{len(found['marks'])}", found["text"], counted)
    if hidden[at]:
        return None
    if found := _HTML_HEADING.match(line):
        text = _TAG.sub("", found["text"]).strip()
        return _made(at, at + 1, f"h{found['level']}", text, numbered(text)) if text else None
    if found := _SUMMARY.match(line):
        text = _TAG.sub("", found["text"]).strip()
        return _made(at, at + 1, "summary", text, numbered(text), found["rest"].strip()) if text else None
    is_underlined = at + 1 < len(lines) and not hidden[at + 1] and _UNDERLINE.match(lines[at + 1])
    if is_underlined and (at == 0 or not lines[at - 1].strip()) and not line.startswith("    "):
        text = line.strip()
        level = 1 if lines[at + 1].lstrip()[0] == "=" else 2
        return _made(at, at + 2, f"h{level}", text, numbered(text)) if _is_heading(text) else None
    if found := _ITEM_HEADING.match(line):
        counted = numbered(f"{found['marker']} {found['text']}")
        return _made(at, at + 1, "bold-item", found["text"], counted) if counted else None
    if found := _BOLD.match(line):
        counted = numbered(f"{found['marker'] or ''} {found['text']}") if _counts(found["marker"]) else None
        counted = counted or numbered(found["text"])
        if counted is None:
            return None
        rest = found["rest"].strip()
        if not counted.title:  # **61.** A?
            counted, rest = counted._replace(title=rest), ""
        return _made(at, at + 1, "bold-item" if found["marker"] else "bold", found["text"], counted, rest)
    if found := _ITEM.match(line):
        counted = numbered(found["text"])
        return _made(at, at + 1, "item", found["text"], counted) if counted else None
    return None


def _counts(marker: str | None) -> bool:
    return bool(marker and marker[0].isdigit())


def _is_heading(text: str) -> bool:
    """Whether a line over dashes is a heading, and not the first row of a table or an item above a rule."""
    return not text.startswith(("|", "- ", "* ", "+ ", ">")) and "|" not in text


def _made(first: int, end: int, style: str, text: str, counted: Numbered | None, rest: str = "") -> Mark:
    title = counted.title if counted else text.strip()
    return Mark(first, end, style, title or text.strip(), counted, rest)


def _with_questions(found: Scan) -> Iterator[Mark]:
    """The marks, and lines that ask (``**Q:** ...``) where an answer (``**A:** ...``) comes before the next."""
    marks = {mark.first: mark for mark in found.marks}
    waiting: Mark | None = None
    for at, line in enumerate(found.lines):
        if found.hidden[at] or len(line) > LONGEST:
            continue
        asked = _QUESTION.match(line) if at not in marks or marks[at].level == 7 else None
        if asked:
            waiting = _question(at, asked)
        if waiting and (waiting.rest if asked else _ANSWER.match(line)):
            marks[waiting.first] = waiting
            waiting = None
    yield from (marks[at] for at in sorted(marks))


def _question(at: int, asked: re.Match[str]) -> Mark:
    text, rest = asked["text"], ""
    if answer := _ANSWER.search(text):
        text, rest = text[: answer.start()], text[answer.start() :].strip()
    title = text.strip().removesuffix("**").removesuffix("__").strip() or text.strip()
    counted = Numbered(int(asked["number"]), title, True) if asked["number"] else None
    return Mark(at, at + 1, "qa", title, counted, rest)
