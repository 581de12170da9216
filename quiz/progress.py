"""Progress: the log of reviews in SQLite. The log is the truth; what is due is its replay."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from kb.errors import KbError
from quiz.schedule import Memory, Parameters, Rating, replay, review
from quiz.vault import back_up, is_damage, keep_copy, open_vault, rebuild, transaction

ENOUGH = 8
"""How many right answers of a kind tell the learner's usual time for it."""

RECENT = 200
"""How many of the last right answers of a kind the usual time is taken from."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Review:
    """One graded answer."""

    item: str
    """``entry/id``."""
    at: float
    """When, seconds since 1970."""
    kind: str
    """The item's kind."""
    given: str
    """What was answered."""
    correct: bool | None
    """None for a recall card: only the learner can say."""
    proposed: Rating
    """What followed from the answer."""
    rating: Rating
    """What counts: the learner may have corrected it."""
    seconds: float
    """From question to answer."""
    id: int = field(default=0, compare=False)
    """Its number in the log; 0 as long as it is not written."""


class Progress:
    """One learner's log."""

    def __init__(self, path: Path, on_notice: Callable[[str], None] = lambda _: None) -> None:
        """Open the log; made if there is none, rebuilt from the newest backup if it is damaged.

        Args:
            path: of the file.
            on_notice: is told in words when the file was damaged and what was done.

        Raises:
            KbError: the file cannot be opened or written.
        """
        self.path = path
        self._on_notice = on_notice
        self._parameters: Parameters | None = None
        self._open()

    def _open(self) -> None:
        self._connection, notice = open_vault(self.path)
        if notice:
            self._on_notice(notice)
        # A rebuilt file has a log and no state.
        query = "SELECT NOT EXISTS (SELECT 1 FROM memory) AND EXISTS (SELECT 1 FROM event)"
        if self._safely(lambda: self._connection.execute(query).fetchone()[0]):
            self._safely(self._replay_all)

    def _safely(self, do: Callable[[], _T]) -> _T:
        """Do something with the file; if it turns out to be damaged, rebuild it and do it once more.

        Inside a transaction nothing is repaired: half of it would be lost. Whoever opened it does it again as a whole.
        """
        if self._connection.in_transaction:
            return do()
        try:
            return do()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        self._connection.close()
        if notice := rebuild(self.path):
            self._on_notice(notice)
        self._parameters = None
        self._open()
        return do()

    def _rows(self, query: str, *values: object) -> list[Any]:
        return self._safely(lambda: self._connection.execute(query, values).fetchall())

    def _change(self, do: Callable[[], _T]) -> _T:
        """Do something in one transaction; it is on the disk when this returns.

        Raises:
            KbError: it cannot be written.
        """

        def whole() -> _T:
            with transaction(self._connection):
                return do()

        try:
            return self._safely(whole)
        except sqlite3.Error as error:
            do_ = "free space or mend its permissions; every earlier answer is safe"
            raise KbError(f"nothing can be saved in {self.path}: {error}", do_) from None

    # Changing

    def add(self, one: Review) -> tuple[Review, Memory]:
        """Write an answer down; on the disk when this returns.

        Returns:
            The review with its number in the log, and the item's memory after it.
        """

        def do() -> tuple[Review, Memory]:
            before = self.memory(one.item)
            after = review(before, one.rating, one.at, self.parameters)
            correct = None if one.correct is None else int(one.correct)
            number = self._connection.execute(
                "INSERT INTO event (item, at, kind, given, correct, proposed, rating, seconds, since)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(one.item, one.at, one.kind, one.given, correct),
                    *(int(one.proposed), int(one.rating), one.seconds, one.at - before.last if before else None),
                ),
            ).lastrowid
            self._remember(one.item, after)
            return replace(one, id=number or 0), after

        return self._change(do)

    def amend(self, number: int, rating: Rating, at: float) -> Memory | None:
        """Correct the rating of an answer; what was proposed stays in the log.

        Args:
            number: the answer's in the log.
            rating: what is to count.
            at: when it is corrected, seconds since 1970.

        Returns:
            The item's memory after it; None if that answer does not count any more.
        """

        def do() -> Memory | None:
            row = self._connection.execute("SELECT item FROM review WHERE id = ?", (number,)).fetchone()
            if row is None:
                return None
            self._append("amend", row[0], number, rating, at)
            return self._replay(row[0])

        return self._change(do)

    def undo(self, at: float, number: int | None = None) -> Review | None:
        """Take an answer back that has not been taken back yet.

        Args:
            at: when, seconds since 1970.
            number: the answer's in the log; the last one that counts if left out.

        Returns:
            The answer that was taken back; None if there is none.
        """

        def do() -> Review | None:
            where, values = ("WHERE id = ?", (number,)) if number is not None else ("", ())
            query = f"SELECT * FROM review {where} ORDER BY id DESC LIMIT 1"
            row = self._connection.execute(query, values).fetchone()
            if row is None:
                return None
            taken = _review(row)
            self._append("undo", taken.item, taken.id, 0, at)
            self._replay(taken.item)
            return taken

        return self._change(do)

    def undo_all(self, numbers: Iterable[int], at: float) -> None:
        """Take answers back, all or none.

        Args:
            numbers: theirs in the log.
            at: when, seconds since 1970.
        """

        def do() -> None:
            chosen = set(numbers)
            rows = self._connection.execute("SELECT id, item FROM review").fetchall()
            gone = [(number, item) for number, item in rows if number in chosen]
            for number, item in gone:
                self._append("undo", item, number, 0, at)
            for item in {item for _, item in gone}:
                self._replay(item)

        self._change(do)

    def keep_copy(self) -> Path:
        """Copy the file beside, under a name of its own.

        Raises:
            KbError: it cannot be written.
        """
        try:
            return keep_copy(self._connection, self.path)
        except (OSError, sqlite3.Error) as error:
            raise KbError(f"no copy of {self.path} can be made: {error}", "free space; nothing was changed") from None

    def _append(self, kind: str, item: str, target: int, rating: int, at: float) -> None:
        self._connection.execute(
            "INSERT INTO event (item, at, kind, given, proposed, rating, seconds, target)"
            " VALUES (?, ?, ?, '', 0, ?, 0, ?)",
            (item, at, kind, int(rating), target),
        )

    def _replay(self, item: str) -> Memory | None:
        memory = replay(((one.rating, one.at) for one in self.reviews(item)), self.parameters)
        self._remember(item, memory)
        return memory

    def _replay_all(self) -> None:
        """Make the whole state anew from the log."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM memory")
            for item, history in self.histories().items():
                self._remember(item, replay(history, self.parameters))

    def _remember(self, item: str, memory: Memory | None) -> None:
        if memory is None:
            self._connection.execute("DELETE FROM memory WHERE item = ?", (item,))
        else:
            values = (item, memory.stability, memory.difficulty, memory.last, memory.due)
            self._connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?, ?, ?)", values)

    @property
    def parameters(self) -> Parameters:
        """What the schedule was fitted to this learner with; empty for the default."""
        if self._parameters is None:
            rows = self._connection.execute("SELECT value FROM setting WHERE name = 'parameters'").fetchall()
            self._parameters = tuple(json.loads(rows[0][0])) if rows else ()
        return self._parameters

    def set_parameters(self, parameters: Parameters) -> None:
        """Schedule by other parameters (the default ones if empty); the state is made anew by them."""

        def do() -> None:
            self._connection.execute("DELETE FROM setting WHERE name = 'parameters'")
            if parameters:
                self._connection.execute("INSERT INTO setting VALUES ('parameters', ?)", (json.dumps(parameters),))

        self._change(do)
        self._parameters = parameters
        self._safely(self._replay_all)

    def back_up(self, after: int = 1) -> None:
        """Copy the file beside, if so many events came since the newest backup. What hinders it is no error."""
        with suppress(OSError, sqlite3.Error, KbError):
            self._safely(lambda: back_up(self._connection, self.path, after))

    # Asking

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
        where, values = ("WHERE item = ?", (item,)) if item is not None else ("", ())
        return [_review(row) for row in self._rows(f"SELECT * FROM review {where} ORDER BY id", *values)]

    def histories(self) -> dict[str, list[tuple[Rating, float]]]:
        """Ratings and times of all answers that count, by item, oldest first."""
        found: dict[str, list[tuple[Rating, float]]] = {}
        for item, rating, at in self._rows("SELECT item, rating, at FROM review ORDER BY id"):
            found.setdefault(item, []).append((Rating(rating), at))
        return found

    def usual_seconds(self, kind: str) -> float | None:
        """The learner's median time for a right answer of a kind; None as long as there are too few."""
        query = "SELECT seconds FROM event WHERE kind = ? AND correct = 1 ORDER BY id DESC LIMIT ?"
        seconds = [row[0] for row in self._rows(query, kind, RECENT)]
        return median(seconds) if len(seconds) >= ENOUGH else None

    def tally(self, gap: float, start: float) -> dict[str, tuple[int, int, int, int]]:
        """By item: its reviews that came at least a gap after the one before, how many of them were right, and both
        numbers again for those since a time.

        Args:
            gap: seconds.
            start: seconds since 1970.
        """
        query = """
            SELECT item, COUNT(*), SUM(rating > 1), SUM(at >= ?1), SUM(at >= ?1 AND rating > 1)
            FROM review WHERE since >= ?2 GROUP BY +item
        """
        return {
            item: (count, right, late, late_right)
            for item, count, right, late, late_right in self._rows(query, start, gap)
        }

    def count_since(self, gap: float, start: float) -> int:
        """How many reviews since a time came at least a gap (seconds) after the one to the same item before."""
        return int(self._rows("SELECT COUNT(*) FROM review WHERE at >= ? AND since >= ?", start, gap)[0][0])

    def totals(self) -> tuple[int, int]:
        """How many answers count, and how many of them were right."""
        count, right = self._rows("SELECT COUNT(*), COALESCE(SUM(rating > 1), 0) FROM review")[0]
        return count, right

    def count_by_day(self, start: float) -> dict[str, int]:
        """Answers since a time (seconds since 1970) on each local day that has any, as ``2026-11-21``."""
        query = "SELECT date(at, 'unixepoch', 'localtime') AS day, COUNT(*) FROM review WHERE at >= ? GROUP BY day"
        return dict(self._rows(f"{query} ORDER BY day", start))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _review(row: Iterable[Any]) -> Review:
    number, item, at, kind, given, correct, proposed, rating, seconds, _ = row
    return Review(
        item=str(item),
        at=float(at),
        kind=str(kind),
        given=str(given),
        correct=None if correct is None else bool(correct),
        proposed=Rating(proposed),
        rating=Rating(rating),
        seconds=float(seconds),
        id=int(number),
    )
