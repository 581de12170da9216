"""Note marks: the ways in which a line of somebody's notes may begin a question."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kb.exchange.numerals import CHINESE, KEYCAPS, Numbered, numbered

LONGEST = 1_000
"""Characters that a line may have to begin a question."""

MOST_LINES = 3
"""Over which a question may run."""

MARKER = r"[-*+•]|\d{1,9}[.)]"
"""What an item of a list begins with."""

_SPACE = "[ \t\u00a0\u3000]"
HEADING = re.compile(rf"^ {{0,3}}(?P<marks>#{{1,6}})(?P<space>{_SPACE}*)(?P<text>[^#].*?){_SPACE}*#*{_SPACE}*$")
"""A heading of Markdown, as people write it."""
_UNDERLINE = re.compile(r"^ {0,3}(?:=+|-+)[ \t]*$")
_HTML_HEADING = re.compile(r"^\s*<h(?P<level>[1-6])\b[^>]*>(?P<text>.*?)</h[1-6]>\s*$", re.IGNORECASE)
_SUMMARY = re.compile(r"^\s*(?:<details[^>]*>\s*)?<summary[^>]*>(?P<text>.*?)</summary>(?P<rest>.*)$", re.IGNORECASE)
_BOLD = re.compile(rf"^\s*(?:(?P<marker>{MARKER})\s+)?(?P<stars>\*\*|__)(?P<text>\S.*?)(?P=stars)(?P<rest>.*)$")
_BOLD_BEGINS = re.compile(rf"^\s*(?:(?:{MARKER})\s+)?(?P<stars>\*\*|__)\S(?!.*(?P=stars))")
_ITEM = re.compile(
    rf"^ {{0,3}}(?P<text>(?:\d{{1,9}}[.)、．][ \t\u3000]*|[(（](?:\d{{1,9}}|{CHINESE})[)）]\s*|{CHINESE}、\s*"
    rf"|(?:{KEYCAPS})\s*)\S.*)$"
)
_ITEM_HEADING = re.compile(rf"^ {{0,3}}(?P<marker>\d{{1,9}}[.)])[ \t]+#{{1,6}}{_SPACE}+(?P<text>\S.*?)[ \t#]*$")
_TAG = re.compile(r"<[^>]*>")
_ANCHOR = re.compile(r"^(?:<a\b[^>]*>\s*</a>\s*)+", re.IGNORECASE)
_LINK = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?P<address>[^()\s]*)\)")
_BLOCK = re.compile(rf"^\s*(?:#|>|\||`{{3}}|~{{3}}|<|\*\*|__|-{{3,}}\s*$|={{3,}}\s*$|(?:{MARKER})\s)")

_ASKING = r"(?:Q|Question|问题|提问|问)"
_CLOSED = r"(?:\s*(?P<number>[0-9]{1,9})\s*[:：.．、)]|\s*[:：])"
_ASKED = re.compile(rf"^{_ASKING}\s*[:：]\s*(?P<text>\S.*)$", re.IGNORECASE)
_QUESTION = re.compile(
    rf"^\s*(?:[-*+]\s+)?(?P<open>\*\*|__)?\s*{_ASKING}{_CLOSED}\s*(?:\*\*|__)?\s*(?P<text>\S.*)$", re.IGNORECASE
)
_ANSWER = re.compile(
    r"(?:^\s*[-*+]\s+|^|\s)(?:\*\*|__)?\s*(?:A|Answer|答案|回答|答)(?:\s*[0-9]{1,9}\s*[:：.．、)]|\s*[:：])",
    re.IGNORECASE,
)


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
    is_asked: bool = False
    """Whether it says that it asks (``Q:``)."""

    @property
    def level(self) -> int:
        """A heading's level; 7 for what is none."""
        return int(self.style[1]) if self.style[0] == "h" else 7

    @property
    def asks(self) -> bool:
        """Whether it says that it asks, or ends as a question does."""
        return self.is_asked or _ends_asking(self.title)


def mark_at(lines: Sequence[str], hidden: bytearray, at: int) -> Mark | None:
    """What a line may begin, if it may.

    Args:
        lines: of the notes.
        hidden: 1 for each that lies in code or the like, where only what is hardly ever code is a mark.
        at: index of the line.
    """
    line = lines[at]
    if not line or len(line) > LONGEST or line.isspace():
        return None
    if found := HEADING.match(line):
        return _heading(at, found)
    if found := _SUMMARY.match(line):
        text = _TAG.sub("", found["text"]).strip()
        return _made(at, at + 1, "summary", text, numbered(text), found["rest"].strip()) if text else None
    if hidden[at]:
        found = _BOLD.match(line)
        return _bold(at, at + 1, found) if found and not found["marker"] else None
    if found := _HTML_HEADING.match(line):
        text = _TAG.sub("", found["text"]).strip()
        return _made(at, at + 1, f"h{found['level']}", text, numbered(text)) if text else None
    is_underlined = at + 1 < len(lines) and not hidden[at + 1] and _UNDERLINE.match(lines[at + 1])
    if is_underlined and (at == 0 or not lines[at - 1].strip()) and not line.startswith("    "):
        text = line.strip()
        level = 1 if lines[at + 1].lstrip()[0] == "=" else 2
        return _made(at, at + 2, f"h{level}", text, numbered(text)) if _is_heading(text) else None
    if found := _ITEM_HEADING.match(line):
        counted = numbered(f"{found['marker']} {found['text']}")
        return _made(at, at + 1, "bold-item", found["text"], counted) if counted else None
    if begun := _BOLD_BEGINS.match(line):
        line, end = _continued(lines, hidden, at, begun["stars"])
    else:
        end = at + 1
    if found := _BOLD.match(line):
        return _bold(at, end, found)
    if found := _ITEM.match(line):
        text, end = _asked_over(lines, hidden, at, found["text"])
        counted = numbered(text)
        return _made(at, end, "item", text, counted) if counted else None
    return None


def with_questions(lines: Sequence[str], hidden: bytearray, marks: Sequence[Mark]) -> Iterator[Mark]:
    """The marks, and lines that ask (``**Q:** ...``) where an answer (``**A:** ...``) comes before the next."""
    found = {mark.first: mark for mark in marks}
    waiting: Mark | None = None
    for at, line in enumerate(lines):
        if hidden[at] or len(line) > LONGEST:
            continue
        asked = _QUESTION.match(line) if at not in found or found[at].level == 7 else None
        if asked:
            waiting = _question(lines, hidden, at, asked)
        if waiting and (waiting.rest if asked else _ANSWER.match(line)):
            found[waiting.first] = waiting
            waiting = None
    yield from (found[at] for at in sorted(found))


def asks_or_answers(line: str) -> bool:
    """Whether a line is one of a pair (``Q: ...``, ``A: ...``)."""
    return bool(_QUESTION.match(line) or _ANSWER.match(line))


def _heading(at: int, found: re.Match[str]) -> Mark | None:
    text = _ANCHOR.sub("", found["text"])
    style, rest = f"h{len(found['marks'])}", ""
    if (linked := _LINK.fullmatch(text)) and numbered(linked["text"]):
        text = linked["text"]
        rest = "" if linked["address"].startswith("#") else linked[0]
    if asked := _ASKED.match(text):
        return Mark(at, at + 1, style, asked["text"].strip(), None, is_asked=True)
    counted = numbered(text)
    if not found["space"] and counted is None:
        return None  # a tag (#todo), a colour (#fff), a command (#!)
    return _made(at, at + 1, style, text, counted, rest)


def _bold(at: int, end: int, found: re.Match[str]) -> Mark | None:
    marker = found["marker"] or ""
    counted = numbered(f"{marker} {found['text']}") if marker[:1].isdigit() else None
    counted = counted or numbered(found["text"])
    if counted is None:
        return None
    rest = found["rest"].strip()
    if not counted.title:  # **61.** A?
        counted, rest = counted._replace(title=rest), ""
    return _made(at, end, "bold-item" if marker else "bold", found["text"], counted, rest)


def _continued(lines: Sequence[str], hidden: bytearray, at: int, stars: str) -> tuple[str, int]:
    """A line whose bold text ends in one of the next, and these; the line alone if it never does."""
    whole = lines[at].rstrip()
    for end in range(at + 1, min(at + MOST_LINES, len(lines))):
        if hidden[end] or not lines[end].strip() or len(whole) + len(lines[end]) > LONGEST:
            break
        whole = _side_by_side(whole, lines[end])
        if stars in lines[end]:
            return whole, end + 1
    return lines[at], at + 1


def _asked_over(lines: Sequence[str], hidden: bytearray, at: int, text: str) -> tuple[str, int]:
    """A question that ends in one of the next lines, and the index behind it; the text alone if it ends in none."""
    whole = text.rstrip()
    if whole.endswith(tuple(".。!！:：;；?？*_`")):
        return text, at + 1
    for end in range(at + 1, min(at + MOST_LINES, len(lines))):
        line = lines[end]
        if hidden[end] or not line.strip() or _BLOCK.match(line) or len(whole) + len(line) > LONGEST:
            break
        if asks_or_answers(line) or _ITEM.match(line):
            break
        whole = _side_by_side(whole, line)
        if _ends_asking(whole):
            return whole, end + 1
    return text, at + 1


def _side_by_side(line: str, following: str) -> str:
    """Two lines as one, with a space between unless both sides are Chinese."""
    left, right = line.rstrip(), following.strip()
    return f"{left}{'' if left[-1:] > '⺀' and right[:1] > '⺀' else ' '}{right}"


def _ends_asking(text: str) -> bool:
    return text.rstrip(" *_`").endswith(("?", "？"))


def _is_heading(text: str) -> bool:
    """Whether a line over dashes is a heading, and not the first row of a table or an item above a rule."""
    return not text.startswith(("|", "- ", "* ", "+ ", ">")) and "|" not in text


def _made(first: int, end: int, style: str, text: str, counted: Numbered | None, rest: str = "") -> Mark:
    title = counted.title if counted else text.strip()
    return Mark(first, end, style, title or text.strip(), counted, rest)


def _question(lines: Sequence[str], hidden: bytearray, at: int, asked: re.Match[str]) -> Mark:
    text, rest, end = asked["text"], "", at + 1
    if answer := _ANSWER.search(text):
        text, rest = text[: answer.start()], text[answer.start() :].strip()
    else:
        text, end = _asked_over(lines, hidden, at, text)
    title = text.strip().removesuffix("**").removesuffix("__").strip() or text.strip()
    counted = Numbered(int(asked["number"]), title, True) if asked["number"] else None
    return Mark(at, end, "qa", title, counted, rest)
