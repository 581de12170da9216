"""Library: a deck's entries, read once and kept in the cache until their files change."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kb.deck.cache import Store, signature
from kb.deck.manifest import FILE, Chapter, Deck, number_of, read_deck
from kb.deck.summary import Summary
from kb.errors import UsageError
from kb.places import short_hash

if TYPE_CHECKING:
    from kb.deck.entry import Entry
    from kb.deck.kind import LoadKinds
    from kb.deck.text import Text


LARGE = 1_000
"""Entries of a deck whose files are not looked at one by one on every start: that takes 25 microseconds each."""

MIN_AGE = 10.0
"""Seconds for which a look at a large deck's files holds."""

BATCH = 1_000
"""Entries that are read at a time."""

OnProgress = Callable[[int, int], None]
"""Told how many entries are done, of how many."""

OnStale = Callable[[Path, Path], None]
"""Told that a large deck's files should be looked at behind: its folder, and the cache folder."""


class Library:
    """The entries of one deck."""

    def __init__(self, deck: Deck, store: Store, kinds: "LoadKinds", is_trusted: bool = False) -> None:
        self.deck = deck
        self.store = store
        self.kinds = kinds
        self.is_trusted = is_trusted
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
        file = None if cache is None else cache / "decks" / f"{short_hash(str(path))}.db"
        store = Store(file, _program_version() + _file_stamp(path / FILE))
        deck = _deck(path, store)
        try:
            scanned = store.value("scanned") if store.is_lasting else None
            if scanned and store.count() > LARGE:
                finished, seconds = scanned
                if cache is not None and on_stale and time.time() - finished > max(MIN_AGE, 50 * seconds):
                    on_stale(path, cache)
                return cls(deck, store, kinds, is_trusted=True)
            refresh(deck, store, kinds, on_progress)
        except sqlite3.Error:
            # Another process holds the file, or the disk is full: answer from memory.
            store.close()
            store = Store(None, "")
            refresh(deck, store, kinds, on_progress)
        return cls(deck, store, kinds)

    def freshen(self, number: int) -> None:
        """Read one entry again if the deck is trusted and its files have changed."""
        found = self.store.folder_of(number) if self.is_trusted else None
        if found is None:
            return
        name, known = found
        path = self.deck.path / name
        with suppress(sqlite3.Error):
            if not path.is_dir():
                self.store.update([name], [])
            elif (now := signature(str(path))) != known:
                from kb.deck.folder import load_entry

                entry, complaints = load_entry(path, self.deck, self.kinds())
                self.store.update([], [(name, number, now, len(complaints), entry)])

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """All entries, by number."""
        return tuple(self.store.summaries())

    @cached_property
    def by_number(self) -> dict[int, Summary]:
        """All entries under their numbers."""
        return {summary.number: summary for summary in self.summaries}

    @property
    def is_empty(self) -> bool:
        """Whether no entry can be read."""
        return self.store.is_empty()

    @property
    def broken(self) -> int:
        """How many of the deck's folders hold something that ``kb check`` complains about."""
        return self.store.broken()

    def summary(self, number: int) -> Summary:
        """One entry in short.

        Raises:
            UsageError: there is none of that number; the nearest are named.
        """
        self.freshen(number)
        found = self.store.summaries_of([number])
        if number not in found:
            raise UsageError(f"no entry {number}", self._advice(number))
        return found[number]

    def entry(self, number: int) -> "Entry":
        """One entry, whole.

        Raises:
            UsageError: there is none of that number; the nearest are named.
        """
        self.summary(number)
        entry = self.store.entry(number)
        if entry is None:
            raise AssertionError(f"the store has the summary of entry {number} and not its body")
        return entry

    def text(self, number: int, language: str) -> "Text":
        """An entry's answer in a language, or in the deck's primary one where that is missing.

        Raises:
            UsageError: there is no entry of that number.
        """
        self.summary(number)
        for wish in (language, *self.deck.languages):
            if text := self.store.text(number, wish):
                return text
        raise AssertionError(f"the store has the summary of entry {number} and no text")

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

    def _advice(self, number: int) -> str:
        nearest = sorted(self.by_number, key=lambda other: (abs(other - number), other))[:3]
        if not nearest:
            return "the deck is empty; kb check tells what is wrong with it"
        return f"the nearest are {', '.join(map(str, sorted(nearest)))}; kb list shows all"


def _deck(path: Path, store: Store) -> Deck:
    """The deck's own facts, as they were read last if its file is the same."""
    with suppress(sqlite3.Error, ValueError, TypeError):
        if raw := store.value("deck"):
            name, titles, languages, areas, chapters, complete = raw
            made = tuple(Chapter(*chapter) for chapter in chapters)
            return Deck(path, name, titles, tuple(languages), areas, made, complete)
    deck, _ = read_deck(path)
    with suppress(sqlite3.Error):
        store.keep("deck", list(astuple(deck))[1:])
    return deck


def refresh(deck: Deck, store: Store, kinds: "LoadKinds", on_progress: OnProgress = lambda *_: None) -> None:
    """Bring the store up to date with the files, in batches: one that is interrupted is gone on with."""
    started = time.time()
    known = store.signatures()
    with os.scandir(deck.path) as found:
        there = {folder.name: folder.path for folder in found if number_of(folder.name) is not None and folder.is_dir()}
    now = {name: signature(path) for name, path in there.items()}
    changed = sorted(name for name, mark in now.items() if known.get(name) != mark)
    gone = [name for name in known if name not in now]
    if changed or gone:
        _read(deck, store, kinds, changed, gone, there, now, on_progress)
    if len(now) > LARGE:
        store.keep("scanned", [time.time(), time.time() - started])


def _read(
    deck: Deck,
    store: Store,
    kinds: "LoadKinds",
    changed: list[str],
    gone: list[str],
    there: dict[str, str],
    now: dict[str, str],
    on_progress: OnProgress,
) -> None:
    # Deferred: the Markdown parser takes 50 ms, and most starts find nothing to read.
    from kb.deck.folder import load_entry

    for start in range(0, max(1, len(changed)), BATCH):
        read = []
        for name in changed[start : start + BATCH]:
            entry, complaints = load_entry(Path(there[name]), deck, kinds())
            read.append((name, number_of(name) or 0, now[name], len(complaints), entry))
        store.update(gone if start == 0 else [], read)
        on_progress(min(start + BATCH, len(changed)), len(changed))


def _program_version() -> str:
    """Changes whenever the program's own files do: an older reading may be wrong."""
    with os.scandir(os.path.dirname(__file__)) as files:  # noqa: PTH120 pathlib would cost a millisecond here
        return str(max(file.stat().st_mtime_ns for file in files if file.name.endswith(".py")))


def _file_stamp(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:
        return ""
    return f":{facts.st_mtime_ns}:{facts.st_size}"
