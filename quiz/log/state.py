"""State: what the log comes to, in a SQLite file that can be thrown away at any time. Every answer with what counts of
it, every item's memory, and how far each of the log's files was read.

All of it is a function of the set of lines: neither their order in the files, nor doubles, nor the order in which the
files were read make a difference.
"""

import gc
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from quiz.log.event import TAKES, Event, Key
from quiz.log.journal import Damage, journals, read
from quiz.log.state_file import INDEXES, OF_ANSWERS, TABLES, StateFile
from quiz.schedule import DAY, MICROSECONDS, due_after, stepper

_TIME, _ITEM, _FIRST, _RATING = 4, 5, 10, 11

Row = tuple[Any, ...]
"""A row of ``answer``."""


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


class State(StateFile):
    """The state of one deck's log."""

    # Reading the files

    def catch_up(self, folder: Path, now: float, grown: str = "") -> News:
        """Read what came into the files since they were read last. The folder must be locked.

        Args:
            folder: of the deck's log.
            now: seconds since 1970.
            grown: a file that is known to have been added to, and not changed otherwise.
        """
        known = {row[0]: row[1:] for row in self.rows("SELECT * FROM file")}
        paths = {_name(path): path for path in journals(folder)}
        changed = [name for name, path in paths.items() if name not in known or known[name][0] != stamp(path)]
        news = News()
        if changed or known.keys() - paths.keys():
            with self.transaction(), _no_garbage():
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
            for table in TABLES:
                self.connection.execute(f"DELETE FROM {table}")
            pieces = [(path, stamp(path), path.read_bytes(), ("", 0, 0, 0, 0)) for path in paths.values()]
        events: list[Event] = []
        for path, mark, data, (_, size, lines, crc, top) in pieces:
            found = read(path, data, lines, crc)
            events += found.events
            news.damages += found.damages
            top = max([top, *(one.number for one in found.events if one.device == path.stem)])
            row = (_name(path), mark, size + found.size, found.lines, found.crc, top)
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
        rows = [(*one.key, one.at, one.what, one.rating, one.given, one.item) for one in changes]
        self.connection.executemany("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
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
        for name in INDEXES:
            self.connection.execute(f"DROP INDEX {name}")
        self._settle(by_item, set(there), _by_answer(self.rows(f"{OF_ANSWERS} ORDER BY {_first('change.at')}")))
        for statement in INDEXES.values():
            self.connection.execute(statement)

    def _replay(self, items: Iterable[str]) -> None:
        """Replay some items."""
        query = f"""
            {OF_ANSWERS} AND (of_device, of_number, of_mark) IN (
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
                settled.append((*row[:_RATING], rating, row[12], since, taken, row[15]))
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
            with self.transaction():
                rows = [(time, *key) for key, time in moved.items()]
                self.connection.executemany("UPDATE answer SET time = ? WHERE (device, number, mark) = (?, ?, ?)", rows)
                self._replay(items)


_INSERT = f"INSERT OR REPLACE INTO answer VALUES ({', '.join('?' * 16)})"


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
        *(one.proposed, one.rating, one.rating, one.seconds, None, 0, one.day),
    )


_key = itemgetter(0, 1, 2)
_order = itemgetter(_TIME, 0, 1, 2)


def _first(time: str) -> str:
    return f"{time}, device, number, mark"


def _by_answer(rows: Iterable[Row]) -> dict[Key, list[tuple[str, int]]]:
    found: dict[Key, list[tuple[str, int]]] = {}
    for device, number, mark, what, rating in rows:
        found.setdefault((device, number, mark), []).append((what, rating))
    return found


def _name(path: Path) -> str:
    """A file's name as the state keeps it: one that is not UTF-8 is as good as any."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")
