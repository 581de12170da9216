"""State file: the SQLite file in which a log's state is kept, and what is asked of it while the log is written."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from json import loads
from pathlib import Path
from typing import Any

from quiz.log.event import Key
from quiz.schedule import Parameters

FORMAT = 3
"""Of the file, in its ``user_version``."""

_CREATE = f"""
CREATE TABLE file (name TEXT PRIMARY KEY, stamp TEXT, size INTEGER, lines INTEGER, crc INTEGER, top INTEGER);
CREATE TABLE answer (
    device TEXT, number INTEGER, mark TEXT,  -- the event's key
    at REAL, time REAL,                      -- as it was written; as it counts
    item TEXT, kind TEXT, given TEXT, correct INTEGER, proposed INTEGER, first INTEGER,
    rating INTEGER, seconds REAL,            -- the rating that counts; `first` is what the answer came with
    since REAL,                              -- seconds since the answer before that counts; NULL for the first
    taken INTEGER,                           -- whether it was taken back
    day TEXT,                                -- the learner's, where the line knows it
    PRIMARY KEY (device, number, mark)
);
CREATE TABLE change (
    device TEXT, number INTEGER, mark TEXT, at REAL, what TEXT, rating INTEGER, given TEXT, item TEXT,
    PRIMARY KEY (device, number, mark)
);
CREATE TABLE target (device TEXT, number INTEGER, mark TEXT, of_device TEXT, of_number INTEGER, of_mark TEXT);
CREATE TABLE memory (item TEXT PRIMARY KEY, stability REAL, difficulty REAL, last REAL, due REAL);
CREATE INDEX change_what ON change (what, at);
CREATE INDEX target_by ON target (device, number, mark);
CREATE INDEX target_of ON target (of_device, of_number, of_mark);
PRAGMA user_version = {FORMAT};
"""

INDEXES = {
    "answer_item": "CREATE INDEX answer_item ON answer (item)",
    "answer_time": "CREATE INDEX answer_time ON answer (time, since, taken, rating, at, day)",
    "answer_moved": "CREATE INDEX answer_moved ON answer (item) WHERE time != at",
}
"""Of ``answer``: made after it is filled at once, which is quicker."""

TABLES = ("file", "answer", "change", "target", "memory")

EFFECTIVE = """
    FROM target JOIN change USING (device, number, mark) WHERE NOT EXISTS (
        SELECT 1 FROM target AS back JOIN change AS redo USING (device, number, mark)
        WHERE redo.what = 'redo'
        AND (back.of_device, back.of_number, back.of_mark) = (change.device, change.number, change.mark)
    )
"""
"""Changes that were not taken back themselves, each with every event that it names."""

OF_ANSWERS = f"SELECT of_device, of_number, of_mark, what, rating {EFFECTIVE} AND what IN ('undo', 'reset', 'amend')"


class StateFile:
    """One log's file."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, made if there is none; one that is damaged or of another format is made anew.

        Raises:
            sqlite3.Error, OSError: it cannot be kept there.
        """
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        # With a write-ahead log the file is sound after a power cut; what is missing then is read from the log again.
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        if self.rows("PRAGMA user_version")[0][0] != FORMAT:
            with self.transaction():
                for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                    self.connection.execute(f'DROP TABLE "{name}"')
                for statement in (*_CREATE.split(";\n"), *INDEXES.values()):
                    self.connection.execute(statement)

    def rows(self, query: str, *values: object) -> list[Any]:
        """What a query gives."""
        return self.connection.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise

    @property
    def parameters(self) -> tuple[Parameters, float]:
        """What the schedule is fitted with, and since when."""
        found = self.rows(f"SELECT given, at FROM change WHERE what = 'parameters' ORDER BY {_last('at')} LIMIT 1")
        return (tuple(loads(found[0][0])), found[0][1]) if found else ((), 0.0)

    def top(self, device: str) -> int:
        """The highest number of a device's events."""
        query = (
            "SELECT MAX(number) FROM answer WHERE device = ?1 UNION SELECT MAX(number) FROM change WHERE device = ?1"
        )
        return max(number or 0 for (number,) in self.rows(query, device))

    def is_shared(self, device: str) -> bool:
        """Whether somebody else wrote events under a device's name: two of one number, or some not in its file."""
        tops = self.rows("SELECT top FROM file WHERE name = ?", f"{device}.jsonl")
        if self.top(device) > (tops[0][0] if tops else 0):
            return True
        both = "SELECT number FROM answer WHERE device = ?1 UNION ALL SELECT number FROM change WHERE device = ?1"
        return bool(self.rows(f"SELECT 1 FROM ({both}) GROUP BY number HAVING COUNT(*) > 1 LIMIT 1", device))

    def last_amend(self, key: Key) -> float:
        """When an answer was last corrected; 0 if never."""
        query = """
            SELECT MAX(at) FROM target JOIN change USING (device, number, mark)
            WHERE what = 'amend' AND (of_device, of_number, of_mark) = (?, ?, ?)
        """
        return float(self.rows(query, *key)[0][0] or 0.0)

    def last_marking(self, item: str, what: str) -> float:
        """When an item was last marked in a way, or that was taken back; 0 if never."""
        return float(self.rows("SELECT MAX(at) FROM change WHERE what = ? AND item = ?", what, item)[0][0] or 0.0)

    def newest_taken(self) -> tuple[list[Key], list[Key]]:
        """The events to take back so that the newest undo or reset holds no more, and the answers that count then.
        More than one where two devices took the same answer back."""
        query = f"""
            SELECT device, number, mark, of_device, of_number, of_mark {EFFECTIVE} AND what IN ('undo', 'reset')
            AND (of_device, of_number, of_mark) IN (SELECT device, number, mark FROM answer)
            ORDER BY {_last("change.at")}
        """
        takes: dict[Key, list[Key]] = {}
        holders: dict[Key, set[Key]] = {}
        for row in self.rows(query):
            takes.setdefault(row[:3], []).append(row[3:])
            holders.setdefault(row[3:], set()).add(row[:3])
        chosen: dict[Key, None] = {}
        for take in takes:
            chosen[take] = None
            back = {answer for one in chosen for answer in takes[one] if holders[answer] <= chosen.keys()}
            if back:
                return list(chosen), sorted(back)
        return [], []


def _last(time: str) -> str:
    return f"{time} DESC, device DESC, number DESC, mark DESC"
