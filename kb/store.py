"""Store: a deck as it was read last, in one SQLite file of the cache folder.

Reading 80 entries from Markdown takes more than a second; from here a list takes a few milliseconds. Everything in
it can be made again, so whatever is wrong with the file ends in an empty store in memory.
"""

import json
import os
import sqlite3
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from kb.block import Block, Span
from kb.entry import Entry, Head, Hole, Snippet, Text
from quiz.item import Item, Kind, Wording

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    folder TEXT PRIMARY KEY, number INTEGER NOT NULL, signature TEXT NOT NULL, complaints INTEGER NOT NULL,
    head TEXT, body TEXT
);
CREATE INDEX IF NOT EXISTS entry_number ON entry (number);
CREATE TABLE IF NOT EXISTS item (folder TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS item_folder ON item (folder);
"""


class Store:
    """Entries by folder, each with the signature of the files that it was read from."""

    def __init__(self, path: Path | None, version: str) -> None:
        """Open the store at a path; in memory if the path is None or cannot be used."""
        self.is_lasting = False
        self._name = path.stem if path else "memory"
        if path is not None:
            with suppress(OSError, sqlite3.Error):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = self._open(path, version)
                self.is_lasting = True
        if not self.is_lasting:
            self._connection = self._open(None, version)

    @staticmethod
    def _open(path: Path | None, version: str) -> sqlite3.Connection:
        try:
            return Store._connect(path, version)
        except sqlite3.DatabaseError as error:
            if path is None or isinstance(error, sqlite3.OperationalError):
                raise  # locked or read-only: not ours to remove
            path.unlink()
            return Store._connect(path, version)

    @staticmethod
    def _connect(path: Path | None, version: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=OFF")  # a cache: speed over safety, damage is noticed and mended
            found = None
            with suppress(sqlite3.OperationalError):
                found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
            if found != (version,):
                connection.executescript(
                    f"BEGIN IMMEDIATE; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS item; {_SCHEMA} COMMIT;"
                )
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (version,))
        except BaseException:
            connection.close()
            raise
        return connection

    def signatures(self) -> dict[str, str]:
        """The signature of every folder in the store."""
        return dict(self._connection.execute("SELECT folder, signature FROM entry"))

    def update(self, gone: list[str], read: list[tuple[str, int, str, int, Entry | None]]) -> None:
        """Take folders out and put others in, all or nothing.

        ``read`` holds folder, number, signature, count of complaints, and the entry if it could be read.
        """
        rows = [
            (
                folder,
                number,
                signature,
                complaints,
                _dump(entry.head) if entry else None,
                _dump(entry) if entry else None,
            )
            for folder, number, signature, complaints, entry in read
        ]
        items = [
            (folder, number, item.id, str(item.kind))
            for folder, number, _, _, entry in read
            if entry
            for item in entry.items
        ]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (os.urandom(6).hex(),))
            self._connection.executemany("DELETE FROM entry WHERE folder = ?", [(folder,) for folder in gone])
            self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
            replaced = [(folder,) for folder in [*gone, *(row[0] for row in rows)]]
            self._connection.executemany("DELETE FROM item WHERE folder = ?", replaced)
            self._connection.executemany("INSERT INTO item VALUES (?, ?, ?, ?)", items)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @property
    def generation(self) -> str:
        """A name for the store's present content, another after every change: what is made from it hangs on it."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        return f"{self._name}-{row[0] if row else 'empty'}"

    def heads(self) -> list[Head]:
        """The heads of all entries, by number."""
        rows = self._connection.execute("SELECT head FROM entry WHERE head IS NOT NULL ORDER BY number, folder")
        return [_head(json.loads(row[0])) for row in rows]

    def entry(self, number: int) -> Entry | None:
        """One entry, whole."""
        query = "SELECT body FROM entry WHERE number = ? AND body IS NOT NULL ORDER BY folder"
        row = self._connection.execute(query, (number,)).fetchone()
        return _entry(json.loads(row[0])) if row else None

    def items(self) -> list[tuple[int, str, str]]:
        """Entry's number, id and kind of every written item, in the order of the files."""
        return list(self._connection.execute("SELECT number, id, kind FROM item ORDER BY number, rowid"))

    def broken(self) -> int:
        """How many folders hold something that ``kb check`` complains about."""
        row = self._connection.execute("SELECT COUNT(*) FROM entry WHERE complaints > 0").fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def signature(folder: str) -> str:
    """What tells whether the files of a folder have changed: their names, sizes and times."""
    with os.scandir(folder) as files:
        facts = sorted((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file())
    return ";".join(f"{name}:{time}:{size}" for name, time, size in facts)


def _dump(value: Head | Entry) -> str:
    return json.dumps(astuple(value), ensure_ascii=False, separators=(",", ":"))


# The other way: each class from the list that astuple made of it, by hand, since it runs at every start.


def _spans(raw: Any) -> tuple[Span, ...]:
    return tuple(Span(*one) for one in raw)


def _blocks(raw: Any) -> tuple[Block, ...]:
    return tuple(_block(one) for one in raw)


def _block(raw: Any) -> Block:
    kind, spans, info, children, line, end = raw
    return Block(kind, _spans(spans), info, _blocks(children), line, end)


def _head(raw: Any) -> Head:
    number, slug, area, level, tags, related, aliases, errors, titles, gists, sha256 = raw
    lists = tuple(tags), tuple(related), tuple(aliases), tuple(errors)
    return Head(number, slug, area, level, *lists, titles, gists, sha256)


def _snippet(raw: Any) -> Snippet | None:
    if raw is None:
        return None
    path, source, sha256, timeout, launcher, processes, holes = raw
    return Snippet(path, source, sha256, timeout, launcher, processes, tuple(Hole(*hole) for hole in holes))


def _item(raw: Any) -> Item:
    entry, name, kind, wordings, marks, code, proof, right, wrong, line = raw
    return Item(
        entry,
        name,
        Kind(kind),
        {
            language: Wording(_blocks(question), tuple(_spans(option) for option in options), _blocks(explanation))
            for language, (question, options, explanation) in wordings.items()
        },
        tuple(marks),
        code,
        proof,
        tuple(right),
        tuple(wrong),
        line,
    )


def _entry(raw: Any) -> Entry:
    head, texts, snippet, items = raw
    return Entry(
        _head(head),
        {
            name: Text(language, title, _block(gist), _blocks(body), markdown)
            for name, (language, title, gist, body, markdown) in texts.items()
        },
        _snippet(snippet),
        tuple(_item(item) for item in items),
    )
