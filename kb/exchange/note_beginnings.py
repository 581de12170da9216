"""Note beginnings: the lines of a file of notes with which its entries begin."""

from collections import Counter
from collections.abc import Iterator, Sequence

from kb.exchange.note_lines import Mark, Scan, scan
from kb.exchange.note_run import longest_run

ROUNDS = 8
"""How often code that was never closed is looked for: each time all of it is found that the last left to be seen."""


def scanned(lines: Sequence[str]) -> tuple[Scan, list[Mark]]:
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
