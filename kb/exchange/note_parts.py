"""Note parts: somebody's notes taken apart into entries, and all that is left over told by line."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kb.errors import Message
from kb.exchange.note_lines import Fence, Mark, Scan, scan
from kb.exchange.note_run import longest_run
from kb.exchange.numerals import numbered

ROUNDS = 8
"""How often code that was never closed is looked for: each time all of it is found that the last left to be seen."""

SECTIONS = 2
"""Headings with text before an appendix of questions, from which on a text is an article."""

_CHAPTER = re.compile(
    r"^\W*(?:chapter|part|section|unit|week|lesson|day)\b|^\W*第.{1,6}[章部分篇节周讲]", re.IGNORECASE
)
_APPENDIX = re.compile(
    r"\b(?:appendix|questions?|faqs?|q ?& ?a|quiz|exercises?|self-?test|review)\b"
    r"|附录|问答|思考题|练习|常见问题|自测|面试题|习题",
    re.IGNORECASE,
)
_LISTED = re.compile(r"^\s*(?:[-*+•]\s+)?\[?(?P<text>[^\]]*)")
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)|<img\b[^>]*\bsrc=[\"']?([^\"'\s>]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:|#|//", re.IGNORECASE)
_DETAILS = re.compile(r"^\s*</?details[^>]*>\s*$", re.IGNORECASE)
_CODE = re.compile(r"^(?:[\w.\[\], ]+ = \S|import \w|from \w+ import|\w[\w.]*\(.*\)\s*$|def \w+\(|class \w+)")


class Loose(NamedTuple):
    """A line that is part of no entry."""

    line: int
    """From 1."""
    text: str
    why: str
    """A ``Message``."""


class Remark(NamedTuple):
    """Something that its author should look at."""

    line: int
    """From 1."""
    message: str
    """A ``Message``."""


class Chapter(NamedTuple):
    """A heading above entries."""

    line: int
    title: str


@dataclass
class Part:
    """One entry, as it was found."""

    line: int
    """Where it begins, from 1."""
    heading: str
    """That line."""
    title: str
    number: int | None
    """None if it has none, or none of its own."""
    body: list[str]
    """Its lines, to the letter, but for the space before all of a list's item."""
    cards: list[tuple[str, list[str]]] = field(default_factory=list)
    """Questions of an article's appendix, with their answers' lines."""


@dataclass
class Notes:
    """A file of notes, taken apart."""

    parts: list[Part]
    loose: list[Loose]
    remarks: list[Remark]
    chapters: list[Chapter]


def take_apart(lines: Sequence[str], name: str) -> Notes:
    """Take a file of notes apart into entries.

    Every line that is not blank is part of an entry or told as loose.

    Args:
        lines: of the file.
        name: of the file, for a text without any heading.
    """
    found, run = _scanned(lines)
    return _Divided(found, run, name).notes()


def _scanned(lines: Sequence[str]) -> tuple[Scan, list[Mark]]:
    """The lines looked at, and the marks that begin the questions; code is ended where it swallowed a question."""
    cuts: frozenset[int] = frozenset()
    for _ in range(ROUNDS):
        found = scan(lines, cuts)
        run = _beginnings(found.marks)
        swallowed = {mark.first for mark in _swallowed(run, found)}
        if not swallowed - cuts:
            break
        cuts |= swallowed
    return found, run


def _swallowed(run: Sequence[Mark], found: Scan) -> Iterator[Mark]:
    """Headings inside code whose numbers are missing from the run just there."""
    if not run or not run[0].numbered:
        return
    at = 0
    numbers = [mark.numbered.number if mark.numbered else 0 for mark in run]
    last = -1
    for mark in found.buried:
        while at < len(run) and run[at].first < mark.first:
            last, at = max(last, numbers[at]), at + 1
        above = numbers[at] if at < len(run) else last + 2
        fits = mark.numbered and mark.numbered.number == last + 1 < above
        if fits and mark.level <= 6 and not found.lines[mark.first - 1].strip():
            yield mark
            last += 1


def _beginnings(marks: Sequence[Mark]) -> list[Mark]:
    """The marks that begin the entries, in the most telling way that the file has; none if it is one entry."""
    run = longest_run(marks)
    strong = [mark for mark in run if mark.style != "item"]
    if len(strong) >= 2 or (strong and len(run) == 1 and (strong[0].level < 7 or strong[0].style == "summary")):
        return [*run] if len(strong) * 2 >= len(run) else strong
    asked = [mark for mark in marks if mark.style == "qa"]
    if len(asked) >= 2:
        return asked
    questions = [mark for mark in marks if mark.level < 7 and mark.asks]
    if questions:
        level = Counter(mark.level for mark in questions).most_common(1)[0][0]
        same = [mark for mark in marks if mark.level == level]
        asking = [mark for mark in same if mark.asks]
        if len(asking) >= 2 and len(asking) * 2 > len(same):
            return asking
    folded = [mark for mark in marks if mark.style == "summary"]
    if len(folded) >= 2:
        return folded
    if len(run) >= 3 and sum(mark.asks for mark in run) * 2 > len(run):
        return run
    return asked


class _Divided:
    """The lines of a file, handed out."""

    def __init__(self, found: Scan, run: list[Mark], name: str) -> None:
        self.found = found
        self.lines = found.lines
        self.run = run
        self.name = name
        self.loose: list[Loose] = []
        self.remarks: list[Remark] = []
        self.chapters: list[Chapter] = []
        self.starts = {mark.first for mark in run}

    def notes(self) -> Notes:
        """The whole file."""
        self.tell_code()
        appendix = self.appendix()
        if not self.run or appendix is not None:
            parts = [self.article(appendix)]
        else:
            self.run = sorted([*self.run, *self.counted_anew()], key=lambda mark: mark.first)
            self.starts = {mark.first for mark in self.run}
            parts = self.entries()
        self.tell_numbers()
        self.tell_images()
        return Notes(parts, sorted(self.loose), sorted(self.remarks), self.chapters)

    def entries(self) -> list[Part]:
        """A part for each mark of the run."""
        bounds = self.boundaries()
        first = min(self.run[0].first, bounds[0] if bounds else len(self.lines))
        self.drop(0, first, Message("before the first question"))
        parts = []
        for at, mark in enumerate(self.run):
            end = self.run[at + 1].first if at + 1 < len(self.run) else len(self.lines)
            chapter = next((line for line in bounds if mark.first < line < end), None)
            if chapter is not None:
                self.open_chapter(chapter, end)
                end = chapter
            parts.append(self.part(mark, end))
        for line in bounds:
            if line < self.run[0].first:
                self.open_chapter(line, self.run[0].first)
                break
        return parts

    def part(self, mark: Mark, end: int) -> Part:
        body = list(self.lines[mark.end : end])
        if mark.style == "summary":
            kept = []
            for at, line in enumerate(body, mark.end):
                if _DETAILS.match(line) and not self.found.hidden[at]:
                    self.loose.append(Loose(at + 1, line, Message("a mark of HTML around an entry")))
                else:
                    kept.append(line)
            body = kept
        if mark.style in ("item", "bold-item", "qa"):
            body = textwrap.dedent("\n".join(body)).split("\n")
        body = _closed(body, self.found.fences, mark.end, end)
        number = mark.numbered.number if mark.numbered and mark not in self.anew else None
        return Part(mark.first + 1, self.lines[mark.first], mark.title, number, _trimmed([mark.rest, *body]))

    def boundaries(self) -> list[int]:
        """Lines with headings that stand above entries: chapters."""
        levels = [mark.level for mark in self.run if mark.level < 7]
        above = Counter(levels).most_common(1)[0][0] if levels else 7
        found = []
        next_heading = len(self.lines)
        for mark in reversed(self.found.marks):
            if mark.level < above and mark.first not in self.starts:
                at = mark.end
                while at < len(self.lines) and not self.lines[at].strip(" -*_=\t"):
                    at += 1
                below = self.lines[at] if at < len(self.lines) else ""
                is_code = _CODE.match(below) or (mark.title[:1].isascii() and mark.title[:1].islower())
                leads = next_heading in self.starts or next_heading in found
                if at in self.starts or at in found or (not is_code and (leads or _CHAPTER.match(mark.title))):
                    found.append(mark.first)
            if mark.level < 7 or mark.first in self.starts:
                next_heading = mark.first
        return found[::-1]

    def open_chapter(self, line: int, end: int) -> None:
        """Take the heading at a line for a chapter's; what follows it up to the next question is part of no entry."""
        title = next(mark.title for mark in self.found.marks if mark.first == line)
        self.chapters.append(Chapter(line + 1, title))
        self.drop(line, end, Message("a chapter's heading, and what stands below it"))

    def drop(self, first: int, end: int, why: Message) -> None:
        """Tell the lines that are part of no entry."""
        self.loose += [Loose(at + 1, self.lines[at], why) for at in range(first, end) if self.lines[at].strip()]

    @property
    def anew(self) -> set[Mark]:
        """Marks whose numbers begin again in a later chapter."""
        return self._anew

    _anew: set[Mark] = set()  # noqa: RUF012 replaced, never changed

    def counted_anew(self) -> list[Mark]:
        """Questions of other chapters, where each chapter counts from 1."""
        styles = Counter(mark.style for mark in self.run)
        style = styles.most_common(1)[0][0]
        level = self.run[0].level
        first, last = self.run[0].first, self.run[-1].first
        found: list[Mark] = []
        group: list[Mark] = []
        for mark in [*self.found.marks, None]:
            if mark is None or (mark.level < level and mark.style != style):
                outside = [one for one in group if not first <= one.first <= last]
                again = longest_run(outside)
                found += again if len(again) >= 2 else []
                group = []
            elif mark.style == style and mark.numbered:
                group.append(mark)
        self._anew = set(found)
        for mark in found:
            number = mark.numbered.number if mark.numbered else 0
            what = Message("{number} begins again in another chapter; it gets a number of its own", number=number)
            self.remarks.append(Remark(mark.first + 1, what))
        return found

    def appendix(self) -> int | None:
        """Index in the run of marks that begin the appendix of an article; None if the file is no such article."""
        if not self.run:
            return None
        headings = [mark for mark in self.found.marks if mark.level < 7 and mark.first < self.run[0].first]
        above = [mark for mark in headings if mark.level < self.run[0].level]
        if not above or not _APPENDIX.search(above[-1].title):
            return None
        before = [mark for mark in headings if mark.first < above[-1].first]
        ends = [mark.first for mark in headings[1:]]
        told = [
            mark
            for mark, end in zip(before, ends, strict=False)
            if any(line.strip() for line in self.lines[mark.end : end])
        ]
        later = [mark for mark in self.found.marks if mark.level <= above[-1].level and mark.first > above[-1].first]
        return None if len(told) < SECTIONS or later else above[-1].first

    def article(self, appendix: int | None) -> Part:
        """The whole file as one entry; the questions of its appendix become cards."""
        end = len(self.lines) if appendix is None else appendix
        headings = [mark for mark in self.found.marks if mark.level < 7 and mark.first < end]
        first = headings[0] if headings else None
        if first and not any(line.strip() for line in self.lines[: first.first]):
            part = self.part(first, end)
            part.number = None
        else:
            body = _closed(list(self.lines[:end]), self.found.fences, 0, end)
            part = Part(1, self.lines[0] if self.lines else "", self.name, None, _trimmed(body))
        if appendix is not None:
            self.drop(appendix, self.run[0].first, Message("the heading of the questions, which became cards"))
            for at, mark in enumerate(self.run):
                last = self.run[at + 1].first if at + 1 < len(self.run) else len(self.lines)
                asked = self.part(mark, last)
                part.cards.append((asked.title, asked.body))
        return part

    def tell_code(self) -> None:
        """Code that was never closed, and code that stands outside of any."""
        for fence in self.found.fences:
            if not fence.is_closed:
                what = Message("code that is never closed; it ends before line {line} now", line=fence.end + 1)
                self.remarks.append(Remark(fence.first + 1, what))
        for mark in self.found.marks:
            below = self.lines[mark.end] if mark.end < len(self.lines) else ""
            if mark.level < 7 and not mark.numbered and _CODE.match(below):
                what = Message("{text!r} looks like a comment of code outside of any; it stays text", text=mark.title)
                self.remarks.append(Remark(mark.first + 1, what))

    def tell_numbers(self) -> None:
        """Numbers that are missing, that only a list has, and numbered headings that begin no entry."""
        taken = {mark.numbered.number: mark for mark in self.run if mark.numbered and mark not in self.anew}
        if not taken:
            return
        wanted = range(min(taken), max(taken)) if max(taken) - min(taken) < 10 * len(taken) + 100 else ()
        for number in wanted:
            if number not in taken:
                above = max(one for one in taken if one < number) if len(taken) < 2_000 else number - 1
                line = taken[above].first + 1 if above in taken else 1
                self.remarks.append(
                    Remark(line, Message("{number} is missing behind {above}", number=number, above=above))
                )
        for at in range(self.run[0].first):
            listed = (
                _LISTED.match(self.lines[at]) if not self.found.hidden[at] and len(self.lines[at]) < 1_000 else None
            )
            counted = numbered(listed["text"]) if listed else None
            if counted and counted.title and counted.number not in taken:
                what = Message("{number} stands in the list and never comes", number=counted.number)
                self.remarks.append(Remark(at + 1, what))
        for mark in self.found.marks:
            if mark.numbered and mark.style not in ("item", "bold-item") and mark.first not in self.starts:
                what = Message(
                    "{text!r} looks numbered; it was taken for a part of the text", text=self.lines[mark.first]
                )
                self.remarks.append(Remark(mark.first + 1, what))

    def tell_images(self) -> None:
        """Images that lie beside the notes."""
        for at, line in enumerate(self.lines):
            if "](" not in line and "<img" not in line.lower():
                continue
            for found in _IMAGE.finditer(line[:10_000]):
                path = found[1] or found[2]
                if not _ADDRESS.match(path):
                    what = Message("the image {path} does not come along; its words do", path=path)
                    self.remarks.append(Remark(at + 1, what))


def _closed(body: list[str], fences: Sequence[Fence], first: int, end: int) -> list[str]:
    """The lines with a mark behind code that has none."""
    open_ones = [fence for fence in fences if first <= fence.first < end and not fence.is_closed]
    for fence in reversed(open_ones):
        at = min(fence.end, end) - first
        while at > 0 and not body[at - 1].strip():
            at -= 1
        body.insert(at, fence.mark)
    return body


def _trimmed(body: list[str]) -> list[str]:
    """Without blank lines at both ends."""
    first, end = 0, len(body)
    while first < end and not body[first].strip():
        first += 1
    while end > first and not body[end - 1].strip():
        end -= 1
    return body[first:end]
