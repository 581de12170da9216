"""Note beginnings: the lines of a file of notes with which its entries begin."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from kb.exchange.note_lines import Scan, scan
from kb.exchange.note_marks import Mark
from kb.exchange.note_run import longest_run

_ASIDE = re.compile(
    r"\W*(?:references?|further reading|(?:useful )?links|sources|see also|(?:table of )?contents|summary|conclusions?"
    r"|notes?|licen[cs]e|contributing|about|todo|参考.*|延伸阅读|目录|总结|小结|链接|说明|许可证?)\W*$",
    re.IGNORECASE,
)
"""Headings beside questions that are none of them."""

ROUNDS = 8
"""How often code that was never closed is looked for: each time all of it is found that the last left to be seen."""


def scanned(lines: Sequence[str]) -> tuple[Scan, list[Mark]]:
    """The lines looked at, and the marks that begin the questions; code is ended where it swallowed a question."""
    cuts: frozenset[int] = frozenset()
    for _ in range(ROUNDS):
        found = scan(lines, cuts)
        found.marks = _without_list(found)
        run = _beginnings(found.marks)
        # Where all but one of the questions are swallowed, that one alone begins nothing yet.
        swallowed = {mark.first for mark in _swallowed(run or longest_run(found.marks), found)}
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
        if fits and not found.lines[mark.first - 1].strip():
            yield mark
            last += 1


def _beginnings(marks: Sequence[Mark]) -> list[Mark]:
    """The marks that begin the entries, in the most telling way that the file has; none if it is one entry."""
    run = longest_run(marks)
    strong = [mark for mark in run if mark.style != "item"]
    if len(strong) >= 2 or (strong and len(run) == 1 and (strong[0].level < 7 or strong[0].style == "summary")):
        return _with_others(run if len(strong) * 2 >= len(run) else strong, marks)
    asked = [mark for mark in marks if mark.style == "qa"]
    if len(asked) >= 2:
        return asked
    if questions := _asking_headings(marks):
        return questions
    folded = [mark for mark in marks if mark.style == "summary"]
    if len(folded) >= 2:
        return folded
    if len(run) >= 3 and sum(mark.asks for mark in run) * 2 > len(run):
        return run
    return asked


def _without_list(found: Scan) -> list[Mark]:
    """The marks without a list of the questions that comes first: nothing below, and the same once more later on."""
    later = Counter(_told(mark) for mark in found.marks)
    kept, in_list = [], False
    for mark, after in zip_longest(found.marks, found.marks[1:]):
        end = after.first if after else len(found.lines)
        later[_told(mark)] -= 1
        comes_again = mark.numbered is not None and later[_told(mark)] > 0
        # Below the last of a list may stand the heading of the answers.
        is_bare = in_list or not (mark.rest or any(line.strip() for line in found.lines[mark.end : end]))
        in_list = comes_again and is_bare
        if not in_list:
            kept.append(mark)
    return kept


def _told(mark: Mark) -> tuple[int, str]:
    """Number and title, whatever marks stand around them."""
    return (mark.numbered.number if mark.numbered else 0), mark.title.strip(" *_`").casefold()


def _with_others(run: Sequence[Mark], marks: Sequence[Mark]) -> list[Mark]:
    """The run, and what looks like it and asks, whatever its number: questions in no order, or one that is too large.

    A numbered heading that does not ask may be a step or a reason in an answer.
    """
    styles = Counter(mark.style for mark in run)
    style, count = styles.most_common(1)[0]
    if sum(_says_so(mark) for mark in run) * 2 <= len(run) or count * 2 <= len(run):
        return [*run]
    others = {mark for mark in marks if mark.style == style and mark.numbered and _says_so(mark)}
    return sorted({*run, *others}, key=lambda mark: mark.first)


def _says_so(mark: Mark) -> bool:
    return mark.asks or bool(mark.numbered and mark.numbered.is_named)


def _asking_headings(marks: Sequence[Mark]) -> list[Mark]:
    """Headings of the level on which most ask, from the first that does; what stands beside them is as much of one."""
    questions = [mark for mark in marks if mark.level < 7 and mark.asks]
    if not questions:
        return []
    level = Counter(mark.level for mark in questions).most_common(1)[0][0]
    same = [mark for mark in marks if mark.level == level and not _ASIDE.match(mark.title)]
    asking = [mark for mark in same if mark.asks]
    if len(asking) < 2 or len(asking) * 2 <= len(same):
        return []
    return [mark for mark in same if mark.first >= asking[0].first]
