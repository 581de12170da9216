"""Cache: a deck as it was read last, in one SQLite file of the cache folder.

Reading 80 entries from Markdown takes more than a second; from here a list takes a few milliseconds. Everything in it
can be made again, so a file that cannot be used is done without, and one that is damaged is removed. The entries in it
are ``EntryCache``'s; what the search index holds of them is ``IndexLedger``'s.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE entry (folder TEXT PRIMARY KEY, number INTEGER NOT NULL, signature TEXT NOT NULL,"
    " complaints INTEGER NOT NULL, summary TEXT, lines TEXT, snippet BLOB, items BLOB)",
    "CREATE INDEX entry_number ON entry (number)",
    # What lists and searches see: what could be read, and of folders that share a number the first.
    "CREATE VIEW shown AS SELECT * FROM entry WHERE summary IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entry AS other"
    " WHERE other.number = entry.number AND other.folder < entry.folder AND other.summary IS NOT NULL)",
    "CREATE INDEX entry_broken ON entry (complaints) WHERE complaints > 0",
    "CREATE TABLE text (folder TEXT NOT NULL, language TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX text_number ON text (number, language)",
    "CREATE INDEX text_folder ON text (folder)",
    "CREATE TABLE item (folder TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL)",
    "CREATE INDEX item_folder ON item (folder)",
    "CREATE TABLE said (piece TEXT PRIMARY KEY, symptoms TEXT NOT NULL)",
    "CREATE TABLE indexed (folder TEXT PRIMARY KEY, signature TEXT NOT NULL)",
)

PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""


class DamagedCache(Exception):  # noqa: N818 a state of the file, told to nobody
    """The file holds what was never written there; ``Cache.drop`` begins a new one."""


class Cache:
    """The file: rows that are asked for and changed, and small values by name."""

    def __init__(self, path: Path | None, version: str) -> None:
        """Open the file at a path; memory if the path is None or cannot be used.

        Args:
            path: the file.
            version: of what is kept: a file of another version is emptied.
        """
        self._path = path
        self._version = version
        self.name = path.stem if path else "memory"
        """What this deck's files in the cache folder are called after."""
        self.is_lasting = False
        """Whether what is kept will be there the next time."""
        self._open()

    def _open(self) -> None:
        self.is_lasting = False
        if self._path is not None:
            with suppress(OSError, sqlite3.Error, DamagedCache):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _mended(self._path, self._version)
                self.is_lasting = True
                return
        self._connection = _connected(":memory:", self._version)

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        self._connection.close()

    def drop(self) -> None:
        """Begin with an empty file, since this one is damaged."""
        self.close()
        if self._path is not None:
            with suppress(OSError):  # then it is found damaged once more on opening, and done without
                _remove(self._path)
        self._open()

    def leave(self) -> None:
        """Go on in memory with nothing, and let the file be: it cannot be used now."""
        self.close()
        self._path = None
        self._open()

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query finds.

        Raises:
            DamagedCache: the file cannot be read as what it should be.
            sqlite3.OperationalError: another process holds it.
        """
        with _damage_told():
            return self._connection.execute(query, values).fetchall()

    def change(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Change the file, once for each row of values.

        Raises:
            DamagedCache: the file cannot be read as what it should be.
            sqlite3.OperationalError: another process holds it, or it cannot be written.
        """
        with _damage_told():
            self._connection.executemany(statement, rows)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this is open no other process writes; what is changed within is changed whole or not at all."""
        with _alone(self._connection):
            yield

    def value(self, key: str) -> Any:
        """Something small that was kept; None if it was not."""
        rows = self.ask("SELECT value FROM meta WHERE key = ?", (key,))
        try:
            return json.loads(rows[0][0]) if rows else None
        except (ValueError, TypeError) as error:
            raise DamagedCache(f"the value of {key!r}: {error}") from error

    def made(self, key: str, stamp: object, make: Callable[[], Any]) -> Any:
        """What was kept under a name, as JSON gives it; made anew where it was made from something of another stamp."""
        kept = self.value(key)
        if isinstance(kept, list) and len(kept) == 2 and kept[0] == stamp:
            return kept[1]
        made = make()
        with suppress(Exception):  # a cache that cannot be written is no reason not to answer
            self.keep(key, [stamp, made])
        return made

    def keep(self, key: str, value: object) -> None:
        """Keep something small under a name."""
        self.change("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, as_json(value))])


def as_json(value: object) -> str:
    """A value as text, as short as can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # DatabaseError itself is what SQLite raises of a file's pages, its children of what is asked or of the moment:
        # a file that is locked, a disk that is full. Tables that are missing and texts that are none are its children.
        if type(error) is sqlite3.DatabaseError or str(error).startswith(("no such ", "Could not decode ")):
            raise DamagedCache(str(error)) from error
        raise


def _mended(path: Path, version: str) -> sqlite3.Connection:
    try:
        return _connected(str(path), version)
    except DamagedCache:
        _remove(path)
        return _connected(str(path), version)


def _connected(path: str, version: str) -> sqlite3.Connection:
    """A connection to a file with our tables, empty ones if it was of another version."""
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        with _damage_told():
            connection.execute("PRAGMA synchronous=OFF")  # a cache: speed over safety, damage is noticed and mended
        if not _is_of(version, connection):
            with _alone(connection):
                if not _is_of(version, connection):  # else another process was first
                    _empty(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_of(version: str, connection: sqlite3.Connection) -> bool:
    try:
        with _damage_told():
            found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    except DamagedCache as error:
        if str(error) == "no such table: meta":
            return False
        raise
    return bool(found == (version,))


def _empty(connection: sqlite3.Connection, version: str) -> None:
    query = "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT GLOB 'sqlite_*'"
    made = connection.execute(query).fetchall()  # what begins so is SQLite's own
    for statement in (*(f'DROP {kind} "{name}"' for kind, name in made), *_TABLES):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('version', ?)", (version,))


@contextmanager
def _alone(connection: sqlite3.Connection) -> Iterator[None]:
    with _damage_told():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


def _remove(path: Path) -> None:
    """Remove a file and its journal, which would be played back into the next one."""
    for name in (f"{path}-journal", path):
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108 one of the two is a text
