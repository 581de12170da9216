"""Answers: what a log's state tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from quiz.log.event import MARKINGS, Key, Marking, Review
from quiz.schedule import Memory, Parameters, Rating

ENOUGH = 8
"""How many right answers of a kind tell the learner's usual time for it."""

RECENT = 200
"""How many of the last right answers of a kind the usual time is taken from."""

NEWEST = "time DESC, device DESC, number DESC, mark DESC"
"""The order of the replay, turned round."""

OLDEST = "time, device, number, mark"


@dataclass(frozen=True, slots=True)
class Marks:
    """The items that a learner has marked, as ``entry/id``."""

    suspended: frozenset[str] = frozenset()
    buried: frozenset[str] = frozenset()
    """For the rest of the day."""
    flagged: frozenset[str] = frozenset()

    def are(self, item: str, marking: Marking) -> bool:
        """Whether an item is marked in a way."""
        sets = {Marking.BURY: self.buried, Marking.SUSPEND: self.suspended, Marking.FLAG: self.flagged}
        return item in sets[marking]

    def is_out(self, item: str) -> bool:
        """Whether an item is not to be asked now."""
        return item in self.suspended or item in self.buried


class Tally(NamedTuple):
    """How the answers to an item went: how many there are, and how many of them were right, which is any that is not
    rated as forgotten."""

    answers: int
    right: int
    reviews: int
    """Answers that came at least a gap after the one before."""
    remembered: int
    """Those of them that were right."""
    recent: int
    """Reviews since a time."""
    recently_remembered: int
    is_forgotten: int = 0
    """Whether the last answer was wrong."""


class Answers:
    """Everything that can be asked of a log. Only answers that were not taken back count, with the rating that counts;
    each question is one query, so that what it tells never mixes two moments."""

    def _rows(self, query: str, *values: object) -> list[Any]:
        raise NotImplementedError

    @property
    def parameters(self) -> Parameters:
        """What the schedule is fitted to this learner with; empty for the default."""
        raise NotImplementedError

    def memory(self, item: str) -> Memory | None:
        """What is known of one item; None if it was never answered."""
        rows = self._rows("SELECT stability, difficulty, last, due FROM memory WHERE item = ?", item)
        return Memory(*rows[0]) if rows else None

    def memories(self) -> dict[str, Memory]:
        """What is known of every item that was answered."""
        rows = self._rows("SELECT item, stability, difficulty, last, due FROM memory")
        return {item: Memory(*rest) for item, *rest in rows}

    def reviews(self, item: str | None = None) -> list[Review]:
        """All answers that count, oldest first; those to one item if it is given."""
        where, values = ("AND item = ?", (item,)) if item is not None else ("", ())
        return [
            as_review(row)
            for row in self._rows(f"SELECT * FROM answer WHERE taken = 0 {where} ORDER BY {OLDEST}", *values)
        ]

    def last(self, key: Key | None = None) -> Review | None:
        """The newest answer that counts, or the one of a key if that counts: what an undo would take."""
        rows = self._newest(key)
        return as_review(rows[0]) if rows else None

    def _newest(self, key: Key | None) -> list[Any]:
        where, values = ("AND device = ? AND number = ? AND mark = ?", key) if key is not None else ("", ())
        return self._rows(f"SELECT * FROM answer WHERE taken = 0 {where} ORDER BY {NEWEST} LIMIT 1", *values)

    def known(self) -> set[str]:
        """Items that were answered right at least once. A wrong answer that the learner rated well himself is none."""
        query = """
            SELECT item FROM memory WHERE EXISTS (
                SELECT 1 FROM answer
                WHERE answer.item = memory.item AND taken = 0 AND rating > 1 AND correct IS NOT 0
            )
        """
        return {row[0] for row in self._rows(query)}

    def marks(self, day: str) -> Marks:
        """How items are marked on a local day, as ``2026-11-21``: the newest event of each sort counts."""
        query = f"SELECT what, item, given FROM change WHERE what IN {MARKINGS} ORDER BY at, device, number, mark"
        newest = {(what, item): given for what, item, given in self._rows(query)}
        on = {
            marking: {item for (what, item), given in newest.items() if given and what == marking}
            for marking in MARKINGS
        }
        buried = {item for item in on[Marking.BURY] if newest[Marking.BURY, item] == day}
        return Marks(frozenset(on[Marking.SUSPEND]), frozenset(buried), frozenset(on[Marking.FLAG]))

    def histories(self) -> dict[str, list[tuple[Rating, float]]]:
        """Ratings and times of all answers, by item, oldest first."""
        ratings = {int(rating): rating for rating in Rating}
        found: dict[str, list[tuple[Rating, float]]] = {}
        for item, rating, time in self._rows(
            f"SELECT item, rating, time FROM answer WHERE taken = 0 ORDER BY {OLDEST}"
        ):
            found.setdefault(item, []).append((ratings[rating], time))
        return found

    def usual_seconds(self, kind: str) -> float | None:
        """The learner's median time for a right answer of a kind; None as long as there are too few."""
        query = f"SELECT seconds FROM answer WHERE taken = 0 AND kind = ? AND correct = 1 ORDER BY {NEWEST} LIMIT ?"
        seconds = [row[0] for row in self._rows(query, kind, RECENT)]
        return median(seconds) if len(seconds) >= ENOUGH else None

    def tally(self, gap: float, start: float) -> dict[str, Tally]:
        """Of each item that was answered, how its answers went.

        Args:
            gap: seconds after which an answer is a review of the one before.
            start: seconds since 1970, since when reviews are counted as recent.
        """
        query = """
            SELECT item, COUNT(*), SUM(rating > 1), SUM(since >= ?2), SUM(since >= ?2 AND rating > 1),
                SUM(since >= ?2 AND time >= ?1), SUM(since >= ?2 AND time >= ?1 AND rating > 1),
                MAX(CASE WHEN rating = 1 THEN time END) > MAX(CASE WHEN rating = 1 THEN -1e99 ELSE time END)
            FROM answer WHERE taken = 0 GROUP BY +item
        """
        rows = self._rows(query, start, gap)
        # A sum is NULL where no answer came after another one.
        return {item: Tally(*(number or 0 for number in numbers)) for item, *numbers in rows}

    def count_since(self, gap: float, start: float) -> int:
        """How many answers since a time came at least a gap (seconds) after the one to the same item before."""
        query = "SELECT COUNT(*) FROM answer WHERE taken = 0 AND time >= ? AND since >= ?"
        return int(self._rows(query, start, gap)[0][0])

    def totals(self) -> tuple[int, int]:
        """How many answers count, and how many of them were right."""
        count, right = self._rows("SELECT COUNT(*), COALESCE(SUM(rating > 1), 0) FROM answer WHERE taken = 0")[0]
        return count, right

    def count_by_day(self, start: float) -> dict[str, int]:
        """Answers since a time (seconds since 1970) on each day that has any, as ``2026-11-21``: the day where the
        learner was then, so that a journey changes none."""
        day = "CASE WHEN day != '' AND time = at THEN day ELSE date(time, 'unixepoch', 'localtime') END"
        query = f"SELECT {day} AS lived, COUNT(*) FROM answer WHERE taken = 0 AND time >= ?"
        return dict(self._rows(f"{query} GROUP BY lived ORDER BY lived", start))


def as_review(row: Iterable[Any]) -> Review:
    """A row of the state's answers; its time is the one that counts."""
    device, number, check, _, time, item, kind, given, correct, proposed, _, rating, seconds, *_ = row
    right = None if correct is None else bool(correct)
    return Review(item, time, kind, given, right, Rating(proposed), Rating(rating), seconds, (device, number), check)
