"""Entry cache: a deck's entries as they were read last, each under the name of its folder."""

import json
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from kb.deck.cache import Cache, DamagedCache, as_json
from kb.deck.manifest import MAX_NUMBER
from kb.deck.summary import Summary

if TYPE_CHECKING:
    from kb.deck.entry import Entry
    from kb.deck.item import Item
    from kb.deck.script import Snippet
    from kb.deck.text import Text

Value = TypeVar("Value")


class FolderReading(NamedTuple):
    """An entry's folder as it was read."""

    folder: str
    """Its name."""
    number: int
    """The topic number in its name."""
    signature: str
    """Of its files, as they were then."""
    complaints: int
    """How many there are of it."""
    entry: "Entry | None"
    """None if not even a title and a gist could be read."""


class EntryCache:
    """The entries in a cache. All questions raise ``DamagedCache`` where the answer is none."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def update(self, gone: Collection[str], readings: Collection[FolderReading]) -> None:
        """Take folders out and put others in, all or nothing."""
        from kb.deck.text_cache import frozen_text  # deferred, as below

        entries = [(reading, reading.entry) for reading in readings if reading.entry]
        rows = [(*reading[:4], *(_columns(reading.entry) if reading.entry else (None,) * 4)) for reading in readings]
        items = [(one.folder, one.number, item.id, item.kind) for one, entry in entries for item in entry.items]
        texts = [
            (one.folder, language, one.number, frozen_text(text))
            for one, entry in entries
            for language, text in entry.texts.items()
        ]
        replaced = [(folder,) for folder in (*gone, *(reading.folder for reading in readings))]
        with self._cache.alone():
            self._cache.keep("generation", os.urandom(6).hex())
            for table in ("entry", "item", "text"):
                self._cache.change(f"DELETE FROM {table} WHERE folder = ?", replaced)
            self._cache.change("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._cache.change("INSERT INTO item VALUES (?, ?, ?, ?)", items)
            self._cache.change("INSERT INTO text VALUES (?, ?, ?, ?)", texts)

    # Of all folders

    def signatures(self) -> dict[str, str]:
        """The signature of every folder, whether or not an entry could be read from it."""
        return dict(self._cache.ask("SELECT folder, signature FROM entry"))

    def count(self) -> int:
        """How many folders there are."""
        return int(self._cache.ask("SELECT COUNT(*) FROM entry")[0][0])

    def broken(self) -> int:
        """How many folders hold something that ``kb check`` complains about."""
        return int(self._cache.ask("SELECT COUNT(*) FROM entry WHERE complaints > 0")[0][0])

    def complaints(self, numbers: Collection[int] | None = None) -> int:
        """How many complaints there are about the folders of these numbers, or of all."""
        rows = self._cache.ask("SELECT number, SUM(complaints) FROM entry WHERE complaints > 0 GROUP BY number")
        return sum(int(count) for number, count in rows if numbers is None or number in numbers)

    def is_empty(self) -> bool:
        """Whether no entry could be read."""
        return not self._cache.ask("SELECT 1 FROM entry WHERE summary IS NOT NULL LIMIT 1")

    def summaries(self, numbers: Collection[int] | None = None) -> list[Summary]:
        """The summaries of these entries or of all, by number."""
        asked = None if numbers is None else [number for number in numbers if abs(number) <= MAX_NUMBER]
        of = "" if asked is None else f"WHERE number IN ({', '.join('?' * len(asked))})"
        query = f"SELECT summary FROM shown {of} ORDER BY number"
        return [thawed_summary(row[0]) for row in self._cache.ask(query, tuple(asked or ()))]

    def items(self) -> list[tuple[int, str, str]]:
        """Entry's number, id and kind of every written item, in the order of the files."""
        rows = self._cache.ask(
            "SELECT number, id, kind FROM item WHERE folder IN (SELECT folder FROM shown) ORDER BY number, rowid"
        )
        return [(number, name, kind) for number, name, kind in rows]

    # Of one entry; where two folders have one number, the first that can be read

    def folders(self, number: int) -> list[tuple[str, str]]:
        """The folders of a number, which should be one, and their signatures."""
        return self._of("SELECT folder, signature FROM entry WHERE number = ? ORDER BY folder", number)

    def lines(self, number: int) -> dict[str, list[tuple[str, int]]]:
        """An entry's plain lines by language, each with its rank; none if there is no such entry."""
        rows = self._of("SELECT lines FROM shown WHERE number = ?", number)
        return thawed_lines(rows[0][0]) if rows else {}

    def text(self, number: int, language: str) -> "Text | None":
        """An entry's answer in one language, without the rest of the entry."""
        query = "SELECT body FROM shown JOIN text USING (folder) WHERE shown.number = ? AND language = ?"
        rows = self._of(query, number, language)
        if not rows:
            return None
        from kb.deck.text_cache import thawed_text  # deferred, as below

        return thawed_text(rows[0][0])

    def entry(self, number: int) -> "Entry | None":
        """One entry, whole."""
        rows = self._of("SELECT folder, summary, snippet, items FROM shown WHERE number = ?", number)
        if not rows:
            return None
        # Deferred: a list needs none of an entry's dozen classes, which take 5 ms to make.
        from kb.deck.entry import Entry
        from kb.deck.text_cache import thawed_text

        folder, summary, snippet, items = rows[0]
        texts = self._cache.ask("SELECT language, body FROM text WHERE folder = ? ORDER BY rowid", (folder,))
        return Entry(
            thawed_summary(summary),
            {language: thawed_text(body) for language, body in texts},
            thawed_snippet(snippet),
            thawed_items(items),
        )

    def _of(self, query: str, number: int, *more: object) -> list[tuple[Any, ...]]:
        """The rows about a number; none of one that is too large for a row."""
        return self._cache.ask(query, (number, *more)) if abs(number) <= MAX_NUMBER else []


# Summaries, lines and texts are JSON of the standard library, thawed by hand: every list, every search and every entry
# that is shown needs them, and msgspec takes 5 ms to import, 80 summaries a fifth of that.


def _columns(entry: "Entry") -> tuple[str, str, bytes | None, bytes]:
    """Summary, lines, snippet and items."""
    lines = {language: text.lines for language, text in entry.texts.items()}
    snippet = _frozen(entry.snippet) if entry.snippet else None
    return as_json(entry.summary), as_json(lines), snippet, _frozen(entry.items)


def thawed_summary(text: str) -> Summary:
    """The summary that was written as a JSON list.

    Raises:
        DamagedCache: the text is no such thing.
    """
    try:
        number, slug, area, level, tags, related, aliases, errors, titles, gists, sha256 = json.loads(text)
        lists = tuple(tags), tuple(related), tuple(aliases), tuple(errors)
    except (ValueError, TypeError) as error:
        raise DamagedCache(f"a summary: {error}") from error
    return Summary(number, slug, area, level, *lists, titles, gists, sha256)


def thawed_lines(text: str) -> dict[str, list[tuple[str, int]]]:
    """Lines and ranks by language.

    Raises:
        DamagedCache: the text is no such thing.
    """
    try:
        return {language: [(line, rank) for line, rank in lines] for language, lines in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedCache(f"an entry's lines: {error}") from error


def thawed_items(body: bytes) -> "tuple[Item, ...]":
    """An entry's written items.

    Raises:
        DamagedCache: the body is no such thing.
    """
    from kb.deck.item import Item  # deferred, as above

    return _thawed(body, tuple[Item, ...])


def thawed_snippet(body: bytes | None) -> "Snippet | None":
    """An entry's script, if it has one.

    Raises:
        DamagedCache: the body is no such thing.
    """
    from kb.deck.script import Snippet  # deferred, as above

    return None if body is None else _thawed(body, Snippet, "a snippet")


def _frozen(value: Any) -> bytes:
    import msgspec  # deferred, as below

    return msgspec.json.encode(value)


def _thawed(body: bytes, kind: type[Value], what: str = "a body") -> Value:
    """The value of a type; a body that is damaged is told with the path to the place."""
    import msgspec  # deferred: 5 ms, and neither a list nor a search nor a text needs it

    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise DamagedCache(f"{what}: {error}") from error
