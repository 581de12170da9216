"""Upkeep: the cached entries kept true to the files of the deck."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from kb.deck.entry_cache import EntryCache, FolderReading
from kb.deck.manifest import Deck, number_of

if TYPE_CHECKING:
    from kb.deck.kind import LoadKinds

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
    with os.scandir(deck.path) as found:
        folders = [folder for folder in found if number_of(folder.name) is not None and folder.is_dir()]
    now = {folder.name: signature(folder.path) for folder in folders}
    changed = sorted(name for name, mark in now.items() if known.get(name) != mark)
    gone = [name for name in known if name not in now]
    for start in range(0, max(len(changed), bool(gone)), BATCH):
        batch = changed[start : start + BATCH]
        # What is gone leaves with the first batch: a folder that got another name is never missing.
        entries.update(gone if start == 0 else [], [_read(deck, kinds, name, now[name]) for name in batch])
        on_progress(start + len(batch), len(changed))
    return len(now)


def refresh_one(deck: Deck, entries: EntryCache, kinds: "LoadKinds", number: int) -> None:
    """Read one entry again if its files have changed."""
    found = entries.folder(number)
    if found is None:
        return
    name, known = found
    path = deck.path / name
    if not path.is_dir():
        entries.update([name], [])
    elif (now := signature(str(path))) != known:
        entries.update([], [_read(deck, kinds, name, now)])


def signature(folder: str) -> str:
    """What tells whether the files of a folder have changed: their names, sizes and times."""
    with os.scandir(folder) as files:
        facts = sorted((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file())
    return ";".join(f"{name}:{time}:{size}" for name, time, size in facts)


def _read(deck: Deck, kinds: "LoadKinds", name: str, mark: str) -> FolderReading:
    # Deferred: the Markdown parser takes 50 ms, and most starts find nothing to read.
    from kb.deck.folder import load_entry

    entry, complaints = load_entry(deck.path / name, deck, kinds())
    return FolderReading(name, number_of(name) or 0, mark, len(complaints), entry)
