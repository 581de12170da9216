"""State: what the log comes to, in a SQLite file that can be thrown away at any time. Every answer with what counts of
it, every item's memory, and how far each of the log's files was read.

All of it is a function of the set of lines: neither their order in the files, nor doubles, nor the order in which the
files were read make a difference.
"""

import gc
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from json import loads
from operator import itemgetter
from pathlib import Path
from typing import Any

from quiz.log.event import TAKES, Event, Key
from quiz.log.fsrs6 import MICROSECONDS, due_after, stepper
from quiz.log.journal import Damage, journals, read
from quiz.schedule import DAY, Parameters

FORMAT = 1
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
    PRIMARY KEY (device, number, mark)
);
CREATE TABLE change (
    device TEXT, number INTEGER, mark TEXT, at REAL, what TEXT, rating INTEGER, given TEXT,
    PRIMARY KEY (device, number, mark)
);
CREATE TABLE target (device TEXT, number INTEGER, mark TEXT, of_device TEXT, of_number INTEGER, of_mark TEXT);
CREATE TABLE memory (item TEXT PRIMARY KEY, stability REAL, difficulty REAL, last REAL, due REAL);
CREATE INDEX change_what ON change (what, at);
CREATE INDEX target_by ON target (device, number, mark);
CREATE INDEX target_of ON target (of_device, of_number, of_mark);
PRAGMA user_version = {FORMAT};
"""

_INDEXES = {
    "answer_item": "CREATE INDEX answer_item ON answer (item)",
    "answer_time": "CREATE INDEX answer_time ON answer (time, since, taken, rating)",
    "answer_moved": "CREATE INDEX answer_moved ON answer (item) WHERE time != at",
}
"""Of ``answer``: made after it is filled at once, which is quicker."""

_TABLES = ("file", "answer", "change", "target", "memory")

_AT, _TIME, _ITEM, _FIRST, _RATING, _SINCE, _TAKEN = 3, 4, 5, 10, 11, 13, 14

Row = tuple[Any, ...]
"""A row of ``answer``."""

_EFFECTIVE = """
    FROM target JOIN change USING (device, number, mark) WHERE NOT EXISTS (
        SELECT 1 FROM target AS back JOIN change AS redo USING (device, number, mark)
        WHERE redo.what = 'redo'
        AND (back.of_device, back.of_number, back.of_mark) = (change.device, change.number, change.mark)
    )
"""
"""Changes that were not taken back themselves, each with every event that it names."""

_OF_ANSWERS = f"SELECT of_device, of_number, of_mark, what, rating {_EFFECTIVE} AND what IN ('undo', 'reset', 'amend')"


@dataclass(slots=True)
class News:
    """What was found when the files were looked at."""

    events: int = 0
    """How many were new."""
    damages: list[Damage] = field(default_factory=list)
    lost: list[Key] = field(default_factory=list)
    """Events that were there and are in no file any more."""
    missing: dict[str, int] = field(default_factory=dict)
    """By device, how many numbers below its highest no line has; looked at when everything is read."""
    early: list[str] = field(default_factory=list)
    """Items of answers that lie in the future and did not before."""


class State:
    """The state of one deck's log."""

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
            with self._transaction():
                for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                    self.connection.execute(f'DROP TABLE "{name}"')
                for statement in (*_CREATE.split(";\n"), *_INDEXES.values()):
                    self.connection.execute(statement)

    def rows(self, query: str, *values: object) -> list[Any]:
        """What a query gives."""
        return self.connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
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

    def newest_taken(self) -> tuple[list[Key], list[Key]]:
        """The events to take back so that the newest undo or reset holds no more, and the answers that count then.
        More than one where two devices took the same answer back."""
        query = f"""
            SELECT device, number, mark, of_device, of_number, of_mark {_EFFECTIVE} AND what IN ('undo', 'reset')
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

    # Reading the files

    def catch_up(self, folder: Path, now: float, grown: str = "") -> News:
        """Read what came into the files since they were read last. The folder must be locked.

        Args:
            folder: of the deck's log.
            now: seconds since 1970.
            grown: a file that is known to have been added to, and not changed otherwise.
        """
        known = {row[0]: row[1:] for row in self.rows("SELECT * FROM file")}
        paths = {path.name: path for path in journals(folder)}
        changed = [name for name, path in paths.items() if name not in known or known[name][0] != stamp(path)]
        news = News()
        if changed or known.keys() - paths.keys():
            with self._transaction(), _no_garbage():
                self._read(paths, known, changed, news, grown)
        self._pin(now + DAY, news)
        return news

    def _read(self, paths: dict[str, Path], known: dict[str, Row], changed: list[str], news: News, grown: str) -> None:
        before: list[Key] = []
        pieces: list[tuple[Path, str, bytes, Row]] = []
        anew = bool(known.keys() - paths.keys())
        for name in changed:
            row = known.get(name, ("", 0, 0, 0, 0))
            mark = stamp(paths[name])
            with paths[name].open("rb") as file:
                if name == grown:
                    file.seek(row[1])
                    data = file.read()
                else:
                    data = file.read()
                    anew |= zlib.crc32(memoryview(data)[: row[1]]) != row[3] or len(data) < row[1]
                    data = data[row[1] :]
            pieces.append((paths[name], mark, data, row))
        if anew:
            before = self.rows("SELECT device, number, mark FROM answer UNION SELECT device, number, mark FROM change")
            for table in _TABLES:
                self.connection.execute(f"DELETE FROM {table}")
            pieces = [(path, stamp(path), path.read_bytes(), ("", 0, 0, 0, 0)) for path in paths.values()]
        events: list[Event] = []
        for path, mark, data, (_, size, lines, crc, top) in pieces:
            found = read(path, data, lines, crc)
            events += found.events
            news.damages += found.damages
            top = max([top, *(one.number for one in found.events if one.device == path.stem)])
            row = (path.name, mark, size + found.size, found.lines, found.crc, top)
            self.connection.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", row)
        if anew or not known:
            numbers: dict[str, set[int]] = {}
            for one in events:
                numbers.setdefault(one.device, set()).add(one.number)
            news.missing = {name: max(found) - len(found) for name, found in numbers.items() if max(found) > len(found)}
        news.events = self._absorb(events, everything=anew or not known)
        if before:
            query = "SELECT device, number, mark FROM answer UNION SELECT device, number, mark FROM change"
            news.lost = sorted(set(before) - set(self.rows(query)))

    def _absorb(self, events: Iterable[Event], everything: bool) -> int:
        """Take new events in, and replay the items that they touch; how many were new."""
        fresh: dict[Key, Event] = {}
        for one in events:
            key = one.key
            if key not in fresh and (everything or not self._knows(key)):
                fresh[key] = one
        parameters = self.parameters[0]
        changes = [one for one in fresh.values() if one.what != "answer"]
        rows = [(*one.key, one.at, one.what, one.rating, one.given) for one in changes]
        self.connection.executemany("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        targets = [(*one.key, *of) for one in changes for of in one.of]
        self.connection.executemany("INSERT INTO target VALUES (?, ?, ?, ?, ?, ?)", targets)
        answers = [_row(one) for one in fresh.values() if one.what == "answer"]
        if everything or parameters != self.parameters[0]:
            self._replay_all(answers)
        else:
            self.connection.executemany(_INSERT, answers)
            items = {row[_ITEM] for row in answers}
            for one in changes:
                for key in (one.key, *one.of):
                    items |= self._items_of(key)
            self._replay(items)
        return len(fresh)

    def _knows(self, key: Key) -> bool:
        where = "WHERE (device, number, mark) = (?, ?, ?)"
        return bool(self.rows(f"SELECT 1 FROM answer {where} UNION ALL SELECT 1 FROM change {where}", *key, *key))

    def _items_of(self, key: Key) -> set[str]:
        query = """
            SELECT DISTINCT item FROM target JOIN answer
            ON (answer.device, answer.number, answer.mark) = (of_device, of_number, of_mark)
            WHERE (target.device, target.number, target.mark) = (?, ?, ?)
        """
        return {row[0] for row in self.rows(query, *key)}

    # Replaying

    def _replay_all(self, new: list[Row]) -> None:
        """Replay every item: those of the answers that are there, and of new ones."""
        there = self.rows("SELECT * FROM answer")
        by_item: dict[str, list[Row]] = {}
        for row in (*there, *new):
            by_item.setdefault(row[_ITEM], []).append(row)
        for name in _INDEXES:
            self.connection.execute(f"DROP INDEX {name}")
        self._settle(by_item, set(there), _by_answer(self.rows(f"{_OF_ANSWERS} ORDER BY {_first('change.at')}")))
        for statement in _INDEXES.values():
            self.connection.execute(statement)

    def _replay(self, items: Iterable[str]) -> None:
        """Replay some items."""
        query = f"""
            {_OF_ANSWERS} AND (of_device, of_number, of_mark) IN (
                SELECT device, number, mark FROM answer WHERE item = ?
            )
            ORDER BY {_first("change.at")}
        """
        for item in items:
            there = self.rows("SELECT * FROM answer WHERE item = ?", item)
            self._settle({item: there}, set(there), _by_answer(self.rows(query, item)))

    def _settle(
        self, by_item: dict[str, list[Row]], there: set[Row], changes: dict[Key, list[tuple[str, int]]]
    ) -> None:
        """Work out what counts of items' answers, and the memory that they leave; write down what is not there."""
        firsts, step, interval = stepper(self.parameters[0])
        settled: list[Row] = []
        memories: list[Row] = []
        gone: list[Row] = []
        for item, rows in by_item.items():
            known: tuple[float, float] | None = None
            last = 0.0
            rows.sort(key=_order)
            for row in rows:
                rating, taken, since, time = row[_FIRST], 0, None, row[_TIME]
                for what, other in changes.get(row[:3], ()) if changes else ():
                    if what in TAKES:
                        taken = 1
                    else:
                        rating = other
                if not taken:
                    if known:
                        since = time - last
                        known = step(*known, round(since * 1e6) // MICROSECONDS, rating)
                    else:
                        known = firsts[rating]
                    last = time
                settled.append((*row[:_RATING], rating, row[12], since, taken))
            if known:
                memories.append((item, *known, last, due_after(last, interval(known[0]))))
            else:
                gone.append((item,))
        settled = sorted(set(settled) - there, key=_key) if there else sorted(settled, key=_key)
        self.connection.executemany(_INSERT, settled)
        self.connection.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?, ?, ?, ?)", memories)
        self.connection.executemany("DELETE FROM memory WHERE item = ?", gone)

    def _pin(self, horizon: float, news: News) -> None:
        """Let answers that lie in the future, since a clock was ahead, count as given when their device last wrote
        before: too early rather than too late, and the same whenever it is worked out."""
        moved: dict[Key, float] = {}
        items: set[str] = set()
        query = "SELECT device, number, mark, at, time, item FROM answer WHERE"
        for *key, at, time, item in self.rows(f"{query} time > ? UNION {query} time != at", horizon):
            right = at
            if at > horizon:
                before = (
                    "SELECT at FROM answer WHERE device = ? AND number < ? AND at <= ? ORDER BY number DESC LIMIT 1"
                )
                found = self.rows(before, key[0], key[1], horizon)
                right = found[0][0] if found else 0.0
            if right != time:
                moved[key[0], key[1], key[2]] = right
                items.add(item)
                if time == at:
                    news.early.append(item)
        if moved:
            with self._transaction():
                rows = [(time, *key) for key, time in moved.items()]
                self.connection.executemany("UPDATE answer SET time = ? WHERE (device, number, mark) = (?, ?, ?)", rows)
                self._replay(items)


_INSERT = f"INSERT OR REPLACE INTO answer VALUES ({', '.join('?' * 15)})"


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Looking for circles among hundreds of thousands of rows, which have none, takes a fifth of the whole time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def stamp(path: Path) -> str:
    """What is another one as soon as a file was written to."""
    found = path.stat()
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _row(one: Event) -> Row:
    return (
        *(one.device, one.number, one.check, one.at, one.at, one.item, one.kind, one.given, one.correct),
        *(one.proposed, one.rating, one.rating, one.seconds, None, 0),
    )


_key = itemgetter(0, 1, 2)
_order = itemgetter(_TIME, 0, 1, 2)


def _first(time: str) -> str:
    return f"{time}, device, number, mark"


def _last(time: str) -> str:
    return f"{time} DESC, device DESC, number DESC, mark DESC"


def _by_answer(rows: Iterable[Row]) -> dict[Key, list[tuple[str, int]]]:
    found: dict[Key, list[tuple[str, int]]] = {}
    for device, number, mark, what, rating in rows:
        found.setdefault((device, number, mark), []).append((what, rating))
    return found
