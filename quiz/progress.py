"""Progress: the log of reviews in SQLite. The log is the truth; what is due is its replay."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import KbError
from quiz.schedule import Memory, Rating, replay, review

VERSION = 1

_SCHEMA = (
    """
    CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        item TEXT NOT NULL,          -- entry/id
        at REAL NOT NULL,            -- seconds since 1970
        kind TEXT NOT NULL,          -- of the item; 'undo' takes the event in `undoes` back
        given TEXT NOT NULL,         -- what was answered
        correct INTEGER,             -- 1 right, 0 wrong, NULL if only the learner can say
        proposed INTEGER NOT NULL,   -- rating that followed from the answer
        rating INTEGER NOT NULL,     -- rating after the learner's correction
        seconds REAL NOT NULL,       -- from question to answer
        undoes INTEGER REFERENCES event (id)
    )
    """,
    "CREATE INDEX event_item ON event (item)",
    "CREATE INDEX event_at ON event (at)",
    "CREATE INDEX event_undoes ON event (undoes)",
    # What the log's replay gives: made anew from it at any time.
    """
    CREATE TABLE memory (
        item TEXT PRIMARY KEY, stability REAL NOT NULL, difficulty REAL NOT NULL, last REAL NOT NULL, due REAL NOT NULL
    )
    """,
    "CREATE INDEX memory_due ON memory (due)",
)

_LIVE = "kind != 'undo' AND id NOT IN (SELECT undoes FROM event WHERE undoes IS NOT NULL)"


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


class Progress:
    """One learner's log."""

    def __init__(self, path: Path) -> None:
        """Open the log; made if there is none.

        Raises:
            KbError: the file cannot be opened or written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise KbError(
                f"progress cannot be kept in {path}: {error}", "set KB_HOME to a folder that you may write to"
            ) from None

    def _prepare(self) -> None:
        with self._transaction():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {VERSION}")
        if version > VERSION:
            raise sqlite3.DatabaseError(f"it was written by a newer kb (format {version})")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def add(self, one: Review) -> Memory:
        """Write an answer down; on the disk when this returns.

        Returns:
            The item's memory after it.
        """
        after = None
        try:
            with self._transaction():
                after = review(self.memory(one.item), one.rating, one.at)
                correct = None if one.correct is None else int(one.correct)
                self._connection.execute(
                    "INSERT INTO event (item, at, kind, given, correct, proposed, rating, seconds)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (one.item, one.at, one.kind, one.given, correct, int(one.proposed), int(one.rating), one.seconds),
                )
                self._remember(one.item, after)
        except sqlite3.Error as error:
            do = "free space or mend its permissions; every earlier answer is safe"
            raise KbError(f"the answer cannot be saved in {self.path}: {error}", do) from None
        return after

    def undo(self, at: float) -> Review | None:
        """Take the last answer back that has not been taken back yet.

        Args:
            at: when, seconds since 1970.

        Returns:
            The answer that was taken back; None if there is none left.
        """
        with self._transaction():
            row = self._connection.execute(f"SELECT * FROM event WHERE {_LIVE} ORDER BY id DESC LIMIT 1").fetchone()
            if row is None:
                return None
            taken = _review(row)
            self._connection.execute(
                "INSERT INTO event (item, at, kind, given, proposed, rating, seconds, undoes)"
                " VALUES (?, ?, 'undo', '', 0, 0, 0, ?)",
                (taken.item, at, row[0]),
            )
            self._remember(taken.item, replay((one.rating, one.at) for one in self.reviews(taken.item)))
        return taken

    def _remember(self, item: str, memory: Memory | None) -> None:
        if memory is None:
            self._connection.execute("DELETE FROM memory WHERE item = ?", (item,))
        else:
            values = (item, memory.stability, memory.difficulty, memory.last, memory.due)
            self._connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?, ?, ?)", values)

    def memory(self, item: str) -> Memory | None:
        """What is known of one item; None if it was never answered."""
        query = "SELECT stability, difficulty, last, due FROM memory WHERE item = ?"
        row = self._connection.execute(query, (item,)).fetchone()
        return Memory(*row) if row else None

    def memories(self) -> dict[str, Memory]:
        """What is known of every item that was answered."""
        rows = self._connection.execute("SELECT item, stability, difficulty, last, due FROM memory")
        return {item: Memory(*rest) for item, *rest in rows}

    def reviews(self, item: str | None = None) -> list[Review]:
        """All answers that count, oldest first; those to one item if it is given."""
        where, values = (" AND item = ?", (item,)) if item is not None else ("", ())
        return [
            _review(row)
            for row in self._connection.execute(f"SELECT * FROM event WHERE {_LIVE}{where} ORDER BY id", values)
        ]

    def days(self) -> list[float]:
        """Times of all answers that count, for streaks and heat maps."""
        return [row[0] for row in self._connection.execute(f"SELECT at FROM event WHERE {_LIVE} ORDER BY at")]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _review(row: tuple[Any, ...]) -> Review:
    _, item, at, kind, given, correct, proposed, rating, seconds, _ = row
    return Review(
        item=str(item),
        at=float(at),
        kind=str(kind),
        given=str(given),
        correct=None if correct is None else bool(correct),
        proposed=Rating(proposed),
        rating=Rating(rating),
        seconds=float(seconds),
    )
