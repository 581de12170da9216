"""Note parts: somebody's notes taken apart into entries, and all that is left over told by line."""

import re
import textwrap
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from kb.errors import Message
from kb.exchange.note_beginnings import scanned
from kb.exchange.note_lines import Fence, Scan
from kb.exchange.note_marks import Mark
from kb.exchange.note_remarks import CODE, remarks
from kb.exchange.note_run import longest_run
from kb.exchange.notes import Chapter, Loose, Notes, Part, Remark

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
_DETAILS = re.compile(r"^\s*</?details[^>]*>\s*$", re.IGNORECASE)


def take_apart(lines: Sequence[str], name: str) -> Notes:
    """Take a file of notes apart into entries.

    Every line that is not blank is part of an entry or told as loose.

    Args:
        lines: of the file.
        name: of the file, for a text without any heading.
    """
    found, run = scanned(lines)
    return _Divided(found, run, name).notes()


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
        self.anew: set[Mark] = set()
        """Marks whose numbers begin again in a later chapter."""

    def notes(self) -> Notes:
        """The whole file."""
        self.drop(0, self.found.front, Message("front matter, which is for another program"))
        appendix = self.appendix()
        title = self.title()
        if not any(line.strip() for line in self.lines[self.found.front :]):
            parts = []
        elif not self.run or appendix is not None:
            parts = [self.article(appendix)]
        else:
            self.run = sorted([*self.run, *self.counted_anew()], key=lambda mark: mark.first)
            self.starts = {mark.first for mark in self.run}
            parts = self.entries()
        self.remarks += remarks(self.found, self.run, self.anew)
        return Notes(parts, sorted(self.loose), sorted(self.remarks), self.chapters, title)

    def title(self) -> str:
        """What the notes call themselves: in their front matter, or in a heading above all questions."""
        above = self.run[0].first if self.run else 0
        for mark in self.found.marks:
            if mark.first >= above or self.found.title:
                break
            below = self.lines[mark.end] if mark.end < len(self.lines) else ""
            if mark.level == 1 and not CODE.match(below):
                return mark.title
        return self.found.title

    def entries(self) -> list[Part]:
        """A part for each mark of the run."""
        bounds = self.boundaries()
        first = min(self.run[0].first, bounds[0] if bounds else len(self.lines))
        self.drop(self.found.front, first, Message("before the first question"))
        parts = []
        for at, mark in enumerate(self.run):
            end = self.run[at + 1].first if at + 1 < len(self.run) else len(self.lines)
            behind = bisect_right(bounds, mark.first)
            if behind < len(bounds) and (chapter := bounds[behind]) < end:
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
        heading = "\n".join(self.lines[mark.first : mark.end])
        return Part(mark.first + 1, heading, mark.title, number, _trimmed([mark.rest, *body]))

    def boundaries(self) -> list[int]:
        """Lines with headings that stand above entries: chapters."""
        levels = [mark.level for mark in self.run if mark.level < 7]
        above = Counter(levels).most_common(1)[0][0] if levels else 7
        found: dict[int, None] = {}
        next_heading = len(self.lines)
        for mark in reversed(self.found.marks):
            if mark.level < above and mark.first not in self.starts:
                at = mark.end
                while at < len(self.lines) and not self.lines[at].strip(" -*_=\t"):
                    at += 1
                below = self.lines[at] if at < len(self.lines) else ""
                is_code = CODE.match(below) or (mark.title[:1].isascii() and mark.title[:1].islower())
                leads = next_heading in self.starts or next_heading in found
                if at in self.starts or at in found or (not is_code and (leads or _CHAPTER.match(mark.title))):
                    found[mark.first] = None
            if mark.level < 7 or mark.first in self.starts:
                next_heading = mark.first
        return list(found)[::-1]

    def open_chapter(self, line: int, end: int) -> None:
        """Take the heading at a line for a chapter's; what follows it up to the next question is part of no entry."""
        mark = self.found.marks[bisect_left(self.found.marks, line, key=lambda one: one.first)]
        self.chapters.append(Chapter(line + 1, mark.title))
        self.drop(line, end, Message("a chapter's heading, and what stands below it"))

    def drop(self, first: int, end: int, why: Message) -> None:
        """Tell the lines that are part of no entry."""
        self.loose += [Loose(at + 1, self.lines[at], why) for at in range(first, end) if self.lines[at].strip()]

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
        self.anew = set(found)
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
        begin = self.found.front
        is_titled = first and (first.level == 1 or not self.found.title)
        if first and is_titled and not any(line.strip() for line in self.lines[begin : first.first]):
            part = self.part(first, end)
            part.number = None
        else:
            body = _closed(list(self.lines[begin:end]), self.found.fences, begin, end)
            heading = self.lines[begin] if begin < len(self.lines) else ""
            part = Part(begin + 1, heading, self.found.title or self.name, None, _trimmed(body))
        if appendix is not None:
            self.drop(appendix, self.run[0].first, Message("the heading of the questions, which became cards"))
            for at, mark in enumerate(self.run):
                last = self.run[at + 1].first if at + 1 < len(self.run) else len(self.lines)
                asked = self.part(mark, last)
                part.cards.append((asked.title, asked.body))
        return part


def _closed(body: list[str], fences: Sequence[Fence], first: int, end: int) -> list[str]:
    """The lines with a mark behind code that has none."""
    start, stop = (bisect_left(fences, line, key=lambda one: one.first) for line in (first, end))
    for fence in reversed([one for one in fences[start:stop] if not one.is_closed]):
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
