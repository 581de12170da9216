"""Upkeep: the cached entries kept true to the files of the deck."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from kb.deck.entry_cache import EntryCache, FolderReading
from kb.deck.manifest import Deck, is_folder, number_of
from kb.deck.source import spoken_name
from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.deck.kind_loading import LoadKinds

BATCH = 1_000
"""Entries that are read at a time."""

OnProgress = Callable[[int, int], None]
"""Told how many entries are done, of how many."""


def refresh(deck: Deck, entries: EntryCache, kinds: "LoadKinds", on_progress: OnProgress = lambda *_: None) -> int:
    """Read what has changed, in batches: one that is interrupted is gone on with.

    Returns:
        How many folders of entries the deck has.
    """
    known = entries.signatures()
    now = {name: signature(f"{deck.path}/{name}") for name in _folder_names(deck)}
    changed = sorted(name for name, mark in now.items() if known.get(name) != mark)
    gone = [name for name in known if name not in now]
    if changed:
        on_progress(0, len(changed))  # what reads Markdown is yet to be loaded
    for start in range(0, max(len(changed), bool(gone)), BATCH):
        batch = changed[start : start + BATCH]
        # What is gone leaves with the first batch: a folder that got another name is never missing.
        readings = []
        for at, name in enumerate(batch, start + 1):
            readings.append(_read(deck, kinds, name, now[name]))
            if at < start + len(batch):
                on_progress(at, len(changed))
        entries.update(gone if start == 0 else [], readings)
        on_progress(start + len(batch), len(changed))
    return len(now)


def refresh_one(deck: Deck, entries: EntryCache, kinds: "LoadKinds", number: int) -> None:
    """Read one entry again if its files have changed."""
    for name, known in entries.folders(number):
        path = deck.path / name
        if not is_folder(path):
            entries.update([name], [])
        elif (now := signature(str(path))) != known:
            entries.update([], [_read(deck, kinds, name, now)])


def _folder_names(deck: Deck) -> list[str]:
    try:
        with os.scandir(deck.path) as found:
            return [one.name for one in found if number_of(one.name) is not None and _is_folder(one)]
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {error}", "mend it", path=deck.path, error=error.strerror or error
        ) from None


def _is_folder(found: os.DirEntry[str]) -> bool:
    try:
        return found.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def signature(folder: str) -> str:
    """What tells whether the files of a folder have changed: their names, sizes and times.

    A folder or a file that cannot be looked at is told, and its complaint comes when it is read.
    """
    try:
        with os.scandir(folder) as files:
            facts = sorted(_facts(file) for file in files if not _is_folder(file))
    except OSError as error:
        return f"cannot be read: {error.errno}"
    return ";".join(f"{name}:{time}:{size}" for name, time, size in facts)


def _facts(file: os.DirEntry[str]) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError as error:  # a link that leads nowhere, or a file that has gone this moment
        return spoken_name(file.name), -1, error.errno or 0
    return spoken_name(file.name), found.st_mtime_ns, found.st_size


def _read(deck: Deck, kinds: "LoadKinds", name: str, mark: str) -> FolderReading:
    # Deferred: the Markdown parser takes 50 ms, and most starts find nothing to read.
    from kb.deck.folder import load_entry

    entry, complaints = load_entry(deck.path / name, deck, kinds())
    return FolderReading(name, number_of(name) or 0, mark, len(complaints), entry)
