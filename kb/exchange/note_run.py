"""Note run: which of the marks that have a number count the questions, and which count something inside an answer."""

from bisect import bisect_left
from collections.abc import Sequence

from kb.exchange.note_marks import Mark

WORTH = {"bold": 8.0, "bold-item": 8.0, "summary": 10.0, "qa": 9.0, "item": 3.0}
"""What a mark adds to a run, by its style; a heading adds the most."""

HEADING = 10.0
ASKS = 2.0
"""More for a mark that ends with a question mark."""
NAMED = 3.0
"""More for one that says that it counts questions (``Question 61``)."""

MISSED = 0.5
"""What a number that is missing in between costs."""
MOST_MISSED = 30.0
OTHER_STYLE = 6.0
"""What it costs to go on in another style."""
NEXT_STYLE = 3.0
"""What it costs if the number is the very next one."""
LATE = 60.0
"""What it costs to begin behind a mark of the same style with a larger number that is counted on later: what stands in
between belongs to its answer."""


def longest_run(marks: Sequence[Mark]) -> list[Mark]:
    """The marks that most probably count the questions: their numbers grow, they look alike, few are missing.

    ``1.`` and ``2.`` between ``61.`` and ``62.`` are reasons in an answer, not questions, though they look alike.
    Takes time in proportion to n log n.
    """
    numbered = [mark for mark in marks if mark.numbered]
    if not numbered:
        return []
    search = _Search(numbered)
    return [numbered[at] for at in search.best_run()]


class _Search:
    """The best run that ends in each mark, from the first on."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks = marks
        self.numbers = [mark.numbered.number if mark.numbered else 0 for mark in marks]
        self.ranks = sorted(set(self.numbers))
        self.before: list[int] = []
        self.score: list[float] = []
        self.by_style: dict[str, _Highest] = {}
        self.overall = _Highest(len(self.ranks))

    def best_run(self) -> list[int]:
        """Indexes of the marks of the best run."""
        largest: dict[str, int] = {}
        last = {
            (mark.style, number): at for at, (mark, number) in enumerate(zip(self.marks, self.numbers, strict=True))
        }
        exact: dict[tuple[str, int], int] = {}
        exact_in_any: dict[int, int] = {}
        for at, mark in enumerate(self.marks):
            number = self.numbers[at]
            rank = bisect_left(self.ranks, number)
            own = self.by_style.setdefault(mark.style, _Highest(len(self.ranks)))
            start = -LATE if largest.get(mark.style, -1) > number else 0.0
            choices = [(start, -1)]
            if (previous := exact.get((mark.style, number - 1))) is not None:
                choices.append((self.score[previous], previous))
            if (previous := exact_in_any.get(number - 1)) is not None:
                choices.append((self.score[previous] - NEXT_STYLE, previous))
            for highest, more in ((own, 0.0), (self.overall, OTHER_STYLE)):
                _, other = highest.below(rank)
                if other >= 0:
                    gap = min(MISSED * (number - self.numbers[other] - 1), MOST_MISSED)
                    choices.append((self.score[other] - gap - more, other))
            value, other = max(choices, key=lambda choice: choice[0])
            self.score.append(value + _worth(mark))
            self.before.append(other)
            kept = self.score[at] + MISSED * number  # so that a later number pays for what is missing between
            own.put(rank, kept, at)
            self.overall.put(rank, kept, at)
            if (held := exact.get((mark.style, number))) is None or self.score[held] < self.score[at]:
                exact[mark.style, number] = at
            if (held := exact_in_any.get(number)) is None or self.score[held] < self.score[at]:
                exact_in_any[number] = at
            if any(last.get((mark.style, number + step), -1) > at for step in (1, 2)):
                largest[mark.style] = max(largest.get(mark.style, -1), number)
        at = max(range(len(self.marks)), key=lambda one: self.score[one])
        found = []
        while at >= 0:
            found.append(at)
            at = self.before[at]
        return found[::-1]


class _Highest:
    """The highest value below a rank, and whose it is (a Fenwick tree of maxima)."""

    def __init__(self, size: int) -> None:
        self.values: list[tuple[float, int]] = [(float("-inf"), -1)] * (size + 1)

    def put(self, rank: int, value: float, owner: int) -> None:
        at = rank + 1
        while at < len(self.values):
            if value > self.values[at][0]:
                self.values[at] = value, owner
            at += at & -at

    def below(self, rank: int) -> tuple[float, int]:
        """Of the ranks smaller than this one."""
        found, at = (float("-inf"), -1), rank
        while at > 0:
            found = max(found, self.values[at])
            at -= at & -at
        return found


def _worth(mark: Mark) -> float:
    worth = WORTH.get(mark.style, HEADING)
    if mark.asks:
        worth += ASKS
    if mark.numbered and mark.numbered.is_named:
        worth += NAMED
    return worth
