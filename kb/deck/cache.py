"""Store: a deck as it was read last, in one SQLite file of the cache folder.

Reading 80 entries from Markdown takes more than a second; from here a list takes a few milliseconds. Everything in
it can be made again, so whatever is wrong with the file ends in an empty store in memory.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kb.deck.summary import Summary

if TYPE_CHECKING:
    from kb.deck.entry import Entry
    from kb.deck.text import Text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    folder TEXT PRIMARY KEY, number INTEGER NOT NULL, signature TEXT NOT NULL, complaints INTEGER NOT NULL,
    summary TEXT, lines TEXT, body TEXT
);
CREATE INDEX IF NOT EXISTS entry_number ON entry (number);
CREATE INDEX IF NOT EXISTS entry_broken ON entry (complaints) WHERE complaints > 0;
CREATE TABLE IF NOT EXISTS indexed (folder TEXT PRIMARY KEY, signature TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS text (folder TEXT NOT NULL, language TEXT NOT NULL, number INTEGER NOT NULL, body TEXT);
CREATE INDEX IF NOT EXISTS text_number ON text (number, language);
CREATE INDEX IF NOT EXISTS text_folder ON text (folder);
CREATE TABLE IF NOT EXISTS item (folder TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS item_folder ON item (folder);
"""


class Row(NamedTuple):
    """What of an entry is searched."""

    folder: str
    summary: Summary
    lines: dict[str, list[tuple[str, int]]]
    code: str
    """The snippet's source; empty without one."""


class Store:
    """Entries by folder, each with the signature of the files that it was read from."""

    def __init__(self, path: Path | None, version: str) -> None:
        """Open the store at a path; in memory if the path is None or cannot be used."""
        self.is_lasting = False
        self.name = path.stem if path else "memory"
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
                old = "".join(
                    f"DROP TABLE IF EXISTS {table};" for table in ("meta", "entry", "item", "text", "indexed")
                )
                connection.executescript(f"BEGIN IMMEDIATE; {old} {_SCHEMA} COMMIT;")
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (version,))
        except BaseException:
            connection.close()
            raise
        return connection

    def value(self, key: str) -> Any:
        """Something small that was kept beside the entries; None if it was not."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def keep(self, key: str, value: object) -> None:
        """Keep something small beside the entries."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, _dump(value)))

    def signatures(self) -> dict[str, str]:
        """The signature of every folder in the store."""
        return dict(self._connection.execute("SELECT folder, signature FROM entry"))

    def update(self, gone: list[str], read: list[tuple[str, int, str, int, "Entry | None"]]) -> None:
        """Take folders out and put others in, all or nothing.

        ``read`` holds folder, number, signature, count of complaints, and the entry if it could be read.
        """
        rows = [
            (folder, number, signature, complaints, *(_dumps(entry) if entry else (None, None, None)))
            for folder, number, signature, complaints, entry in read
        ]
        items = [
            (folder, number, item.id, item.kind)
            for folder, number, _, _, entry in read
            if entry
            for item in entry.items
        ]
        texts = [
            (folder, language, number, _dump(astuple(text)))
            for folder, number, _, _, entry in read
            if entry
            for language, text in entry.texts.items()
        ]
        with self.alone():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (os.urandom(6).hex(),))
            self._connection.executemany("DELETE FROM entry WHERE folder = ?", [(folder,) for folder in gone])
            self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            replaced = [(folder,) for folder in [*gone, *(row[0] for row in rows)]]
            self._connection.executemany("DELETE FROM item WHERE folder = ?", replaced)
            self._connection.executemany("INSERT INTO item VALUES (?, ?, ?, ?)", items)
            self._connection.executemany("DELETE FROM text WHERE folder = ?", replaced)
            self._connection.executemany("INSERT INTO text VALUES (?, ?, ?, ?)", texts)

    @property
    def generation(self) -> str:
        """A name for the store's present content, another after every change: what is made from it hangs on it."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        return f"{self.name}-{row[0] if row else 'empty'}"

    # What the search index holds

    def rows(self, folders: Collection[str] | None = None) -> Iterator[Row]:
        """What of the entries is searched: of these folders, or of all."""
        where = "" if folders is None else f"AND folder IN ({', '.join('?' * len(folders))})"
        query = (
            f"SELECT folder, summary, lines, body FROM entry WHERE summary IS NOT NULL {where} ORDER BY number, folder"
        )
        for folder, summary, lines, body in self._connection.execute(query, tuple(folders or ())):
            snippet = json.loads(body)[0]
            yield Row(folder, thaw_summary(json.loads(summary)), json.loads(lines), snippet[1] if snippet else "")

    def unindexed(self) -> tuple[list[str], list[str]]:
        """Folders whose entries are not in the index as they are now, and folders that are in it and should not be."""
        changed = self._connection.execute(
            "SELECT folder FROM entry LEFT JOIN indexed USING (folder) WHERE summary IS NOT NULL"
            " AND entry.signature IS NOT indexed.signature ORDER BY number, folder"
        )
        gone = self._connection.execute(
            "SELECT folder FROM indexed WHERE folder NOT IN (SELECT folder FROM entry WHERE summary IS NOT NULL)"
        )
        return [row[0] for row in changed], [row[0] for row in gone]

    def mark_indexed(self, folders: Collection[str], gone: Collection[str]) -> None:
        """Write down that the index holds these folders' entries as they are now, and those no more."""
        with self.alone():
            self._connection.executemany("DELETE FROM indexed WHERE folder = ?", [(folder,) for folder in gone])
            self._connection.executemany(
                "INSERT OR REPLACE INTO indexed SELECT folder, signature FROM entry WHERE folder = ?",
                [(folder,) for folder in folders],
            )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this is open no other process writes."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def clear_indexed(self) -> None:
        """Write down that there is no index."""
        self._connection.execute("DELETE FROM indexed")

    def summaries(self) -> list[Summary]:
        """The summaries of all entries, by number."""
        rows = self._connection.execute("SELECT summary FROM entry WHERE summary IS NOT NULL ORDER BY number, folder")
        return [thaw_summary(json.loads(row[0])) for row in rows]

    def summaries_of(self, numbers: Collection[int]) -> dict[int, Summary]:
        """The summaries of some entries, by number."""
        query = f"SELECT summary FROM entry WHERE summary IS NOT NULL AND number IN ({', '.join('?' * len(numbers))})"
        rows = self._connection.execute(f"{query} ORDER BY number, folder DESC", tuple(numbers))
        summaries = (thaw_summary(json.loads(row[0])) for row in rows)
        return {summary.number: summary for summary in summaries}

    def is_empty(self) -> bool:
        """Whether no entry could be read."""
        return self._connection.execute("SELECT 1 FROM entry WHERE summary IS NOT NULL LIMIT 1").fetchone() is None

    def count(self) -> int:
        """How many folders there are."""
        return int(self._connection.execute("SELECT COUNT(*) FROM entry").fetchone()[0])

    def folder_of(self, number: int) -> tuple[str, str] | None:
        """The folder of an entry and its signature, as they were read."""
        query = "SELECT folder, signature FROM entry WHERE number = ? ORDER BY folder"
        row = self._connection.execute(query, (number,)).fetchone()
        return (row[0], row[1]) if row else None

    def entry(self, number: int) -> "Entry | None":
        """One entry, whole."""
        query = "SELECT folder, summary, body FROM entry WHERE number = ? AND body IS NOT NULL ORDER BY folder"
        row = self._connection.execute(query, (number,)).fetchone()
        if row is None:
            return None
        # Deferred: a list needs none of an entry's dozen classes, which take 5 ms to make.
        from kb.deck.thaw import thaw_entry

        texts = self._connection.execute(
            "SELECT body FROM text WHERE number = ? AND folder = ? ORDER BY rowid", (number, row[0])
        )
        summary, (snippet, items) = thaw_summary(json.loads(row[1])), json.loads(row[2])
        return thaw_entry(summary, [json.loads(text[0]) for text in texts], snippet, items)

    def lines(self, number: int) -> dict[str, list[tuple[str, int]]]:
        """An entry's plain lines by language, each with its rank; none if there is no such entry."""
        query = "SELECT lines FROM entry WHERE number = ? AND lines IS NOT NULL ORDER BY folder"
        row = self._connection.execute(query, (number,)).fetchone()
        if row is None:
            return {}
        return {language: [(text, rank) for text, rank in lines] for language, lines in json.loads(row[0]).items()}

    def items(self) -> list[tuple[int, str, str]]:
        """Entry's number, id and kind of every written item, in the order of the files."""
        return list(self._connection.execute("SELECT number, id, kind FROM item ORDER BY number, rowid"))

    def text(self, number: int, language: str) -> "Text | None":
        """An entry's answer in one language, without the rest of the entry: a quarter of the work."""
        query = "SELECT body FROM text WHERE number = ? AND language = ? ORDER BY folder"
        row = self._connection.execute(query, (number, language)).fetchone()
        if row is None:
            return None
        from kb.deck.thaw import thaw_text

        return thaw_text(json.loads(row[0]))

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


def _dumps(entry: "Entry") -> tuple[str, str, str]:
    """Summary, lines, and the rest of an entry but for its texts."""
    lines = {language: text.lines for language, text in entry.texts.items()}
    snippet = astuple(entry.snippet) if entry.snippet else None
    return _dump(astuple(entry.summary)), _dump(lines), _dump([snippet, [astuple(item) for item in entry.items]])


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# The other way: from the list that astuple made, by hand, since it runs at every start.


def thaw_summary(raw: Any) -> Summary:
    """The summary whose ``astuple`` was written as JSON."""
    number, slug, area, level, tags, related, aliases, errors, titles, gists, sha256 = raw
    lists = tuple(tags), tuple(related), tuple(aliases), tuple(errors)
    return Summary(number, slug, area, level, *lists, titles, gists, sha256)
