"""Library: a deck's entries, read once and kept in the cache until their files change."""

import os
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kb.deck.address import Address
from kb.deck.cache import Cache, DamagedCache
from kb.deck.entry_cache import EntryCache
from kb.deck.index_ledger import IndexLedger
from kb.deck.manifest import FILE, Deck, read_deck, thawed_deck
from kb.deck.summary import Summary
from kb.deck.upkeep import OnProgress, refresh, refresh_one
from kb.errors import Message, UsageError
from kb.places import short_hash

if TYPE_CHECKING:
    from kb.deck.entry import Entry
    from kb.deck.kind_loading import LoadKinds
    from kb.deck.text import Text


LARGE = 1_000
"""Entries of a deck whose files are not looked at one by one on every start: that takes 25 microseconds each."""

MIN_AGE = 10.0
"""Seconds for which a look at a large deck's files holds."""

OnStale = Callable[[Path, Path], None]
"""Told that a large deck's files should be looked at behind: its folder, and the cache folder."""

Answer = TypeVar("Answer")


class Library:
    """The entries of one deck."""

    def __init__(self, deck: Deck, cache: Cache, kinds: "LoadKinds") -> None:
        self.deck = deck
        self.kinds = kinds
        self.cache = cache
        self.ledger = IndexLedger(cache)
        self._entries = EntryCache(cache)
        self.address = Address()
        """How the reader names the deck, for what is to be typed."""
        self.is_trusted = False
        """Whether the files were not looked at: the deck is large, and a process in the background does it."""

    @classmethod
    def open(
        cls,
        path: Path,
        cache: Path | None,
        kinds: "LoadKinds",
        on_progress: OnProgress = lambda *_: None,
        on_stale: OnStale | None = None,
    ) -> "Library":
        """Open a deck; entries whose files changed since the last time are read again.

        Looking at the files of a deck of more than ``LARGE`` entries would take longer than a search: once it was read
        whole, a process in the background looks at them, and what is shown of an entry is checked when it is shown.

        Args:
            path: the deck's folder.
            cache: the cache folder; None keeps everything in memory.
            kinds: gives the kinds of items that a quiz may hold.
            on_progress: told how many entries were read, of how many.
            on_stale: told that a large deck should be looked at behind; without it nobody does.

        Raises:
            UsageError: there is no deck, or its ``deck.toml`` cannot be read.
        """
        path = path.absolute()
        name = short_hash(str(path))
        file = None if cache is None else cache / "decks" / f"{name}.db"
        # A file that was copied from another deck's has another name in it.
        kept = Cache(file, f"{name}:{_program_version(kinds.folder)}{_file_stamp(path / FILE)}")
        library = cls(_deck(path, kept), kept, kinds)
        scanned = library.surely(library._last_scan)
        if scanned is None:
            library.surely(lambda: library.refresh(on_progress))
            return library
        library.is_trusted = True
        finished, seconds = scanned
        if cache is not None and on_stale and time.time() - finished > max(MIN_AGE, 50 * seconds):
            on_stale(path, cache)
        return library

    def close(self) -> None:
        """Close the cache; nothing can be asked afterwards."""
        self.cache.close()

    # Kept true to the files

    def refresh(self, on_progress: OnProgress = lambda *_: None) -> None:
        """Look at all files, and read again what has changed."""
        started = time.time()
        if refresh(self.deck, self._entries, self.kinds, on_progress) > LARGE:
            self.cache.keep("scanned", [time.time(), time.time() - started])
        self.is_trusted = False

    def freshen(self, number: int) -> None:
        """Read one entry again if the deck is trusted and its files have changed."""

        def look() -> None:
            with suppress(sqlite3.Error):  # the cache cannot be written now: what was read last must do
                refresh_one(self.deck, self._entries, self.kinds, number)

        if self.is_trusted:
            self.surely(look)

    def surely(self, ask: Callable[[], Answer]) -> Answer:
        """What a question to the cache gives; where the cache turns out damaged, it is made again and asked again.

        If it cannot be used, the answer comes from memory, after a reading of all files.
        """
        try:
            return ask()
        except DamagedCache:
            self.cache.drop()
        except sqlite3.OperationalError:
            self.cache.leave()  # another process holds the file, or the disk is full
        with suppress(DamagedCache, sqlite3.OperationalError):
            self.refresh()
            return ask()
        self.cache.leave()
        self.refresh()
        return ask()

    def _last_scan(self) -> tuple[float, float] | None:
        """When a large deck's files were looked at last and how long it took; None if that must be done now."""
        kept = self.cache.value("scanned") if self.cache.is_lasting else None
        if not kept or self._entries.count() <= LARGE:
            return None
        try:
            finished, seconds = kept
            return float(finished), float(seconds)
        except (TypeError, ValueError) as error:
            raise DamagedCache(f"the time of the last look: {error}") from error

    # What is asked

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """All entries, by number."""
        return tuple(self.surely(self._entries.summaries))

    @cached_property
    def by_number(self) -> dict[int, Summary]:
        """All entries under their numbers."""
        return {summary.number: summary for summary in self.summaries}

    @property
    def is_empty(self) -> bool:
        """Whether no entry can be read."""
        return self.surely(self._entries.is_empty)

    @property
    def broken(self) -> int:
        """How many of the deck's folders hold something that ``kb check`` complains about."""
        return self.surely(self._entries.broken)

    def complaints(self, numbers: Collection[int] | None = None) -> int:
        """How many complaints there are about the folders of these numbers, or of all, each by itself."""
        return self.surely(lambda: self._entries.complaints(numbers))

    @property
    def items(self) -> list[tuple[int, str, str]]:
        """Entry's number, id and kind of every written item, in the order of the files."""
        return self.surely(self._entries.items)

    def summaries_of(self, numbers: Collection[int]) -> dict[int, Summary]:
        """Entries in short, those of the numbers that are there."""
        found = self.surely(lambda: self._entries.summaries(numbers))
        return {summary.number: summary for summary in found}

    def summary(self, number: int) -> Summary:
        """One entry in short.

        Raises:
            UsageError: there is none of that number; the nearest are named.
        """
        self.freshen(number)
        found = self.summaries_of([number])
        if number not in found:
            raise UsageError("no entry {number}", self._advice(number), number=number)
        return found[number]

    def entry(self, number: int) -> "Entry":
        """One entry, whole.

        Raises:
            UsageError: there is none of that number; the nearest are named.
        """
        self.summary(number)
        return self.surely(lambda: _there(self._entries.entry(number), number))

    def text(self, number: int, language: str) -> "Text":
        """An entry's answer in a language, or in the deck's primary one where that is missing.

        Raises:
            UsageError: there is no entry of that number.
        """
        self.summary(number)

        def best() -> "Text | None":
            wishes = (language, *self.deck.languages)
            return next((text for wish in wishes if (text := self._entries.text(number, wish))), None)

        return self.surely(lambda: _there(best(), number))

    def lines(self, number: int) -> dict[str, list[tuple[str, int]]]:
        """An entry's plain lines by language, each with its rank; none if there is no such entry."""
        return self.surely(lambda: self._entries.lines(number))

    @cached_property
    def links(self) -> dict[int, set[int]]:
        """Numbers of each entry's neighbours that are there: those it names and those that name it."""
        links: dict[int, set[int]] = {number: set() for number in self.by_number}
        for summary in self.summaries:
            for other in summary.related:
                if other in links and other != summary.number:
                    links[summary.number].add(other)
                    links[other].add(summary.number)
        return links

    def neighbours(self, number: int) -> list[int]:
        """Numbers of related entries that are there."""
        return sorted(self.links.get(number, ()))

    def _advice(self, number: int) -> Message:
        nearest = sorted(self.by_number, key=lambda other: (abs(other - number), other))[:3]
        if not nearest:
            return Message("the deck is empty; kb check{deck} tells what is wrong with it", deck=self.address.of())
        return Message(
            "the nearest are {numbers}; kb list{deck} shows all",
            numbers=", ".join(map(str, sorted(nearest))),
            deck=self.address.option,
        )


def _there(found: Answer | None, number: int) -> Answer:
    """A part of an entry whose summary was found."""
    if found is None:
        raise DamagedCache(f"entry {number} has a summary and lacks a part")
    return found


def _deck(path: Path, cache: Cache) -> Deck:
    """The deck's own facts, as they were read last if its file is the same."""
    with suppress(sqlite3.Error, DamagedCache, ValueError, TypeError, AttributeError):
        if raw := cache.value("deck"):
            return thawed_deck(path, raw)
    deck, _ = read_deck(path)
    with suppress(sqlite3.Error, DamagedCache):
        cache.keep("deck", deck[1:])
    return deck


def _program_version(kinds: str) -> str:
    """Changes whenever the files that read entries do, here or in the folder of the kinds: an older reading may be
    wrong."""
    times = []
    for folder in (os.path.dirname(__file__), kinds):  # noqa: PTH120 pathlib would cost a millisecond here
        with os.scandir(folder) as files:
            times += [file.stat().st_mtime_ns for file in files if file.name.endswith(".py")]
    return str(max(times))


def _file_stamp(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:
        return ""
    return f":{facts.st_mtime_ns}:{facts.st_size}"
