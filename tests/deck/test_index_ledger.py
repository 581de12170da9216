"""The ledger of the search index: what it should take in, what it holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from kb.deck.cache import Cache, DamagedCache
from kb.deck.entry_cache import EntryCache, FolderReading
from kb.deck.folder import load_entry
from kb.deck.index_ledger import IndexLedger, Row
from kb.deck.manifest import read_deck
from kb.deck.text import blocks_text
from quiz.kinds.table import all_kinds
from tests.conftest import SNIPPET, write_entry


@pytest.fixture
def cache(deck: Path) -> Cache:
    """A cache of entries 61 and 62 and of a folder 63 that could not be read."""
    write_entry(deck, 62, "other")
    readings = [FolderReading("063-bad", 63, "c", 1, None)]
    for name, sign in (("061-mean", "a"), ("062-other", "b")):
        entry, complaints = load_entry(deck / name, read_deck(deck)[0], all_kinds())
        readings.append(FolderReading(name, int(name[:3]), sign, len(complaints), entry))
    cache = Cache(None, "1")
    EntryCache(cache).update([], readings)
    return cache


def test_rows_hold_what_is_searched(cache: Cache) -> None:
    """Summary, lines and code of the folders that are asked for, or of all."""
    entry = EntryCache(cache).entry(61)
    assert entry is not None
    lines = {language: text.lines for language, text in entry.texts.items()}
    assert entry.snippet is not None
    holes = [entry.snippet.solution(hole.name) for hole in entry.snippet.holes]
    rows = list(IndexLedger(cache).rows(["061-mean"]))
    assert rows == [Row("061-mean", entry.summary, lines, SNIPPET, holes, rows[0].quiz)]
    item = entry.items[0]
    assert {blocks_text(wording.question) for wording in item.wordings.values()} <= set(rows[0].quiz)
    assert [row.folder for row in IndexLedger(cache).rows()] == ["061-mean", "062-other"]
    assert list(IndexLedger(cache).rows([])) == []


def test_entry_without_a_snippet_has_no_code(cache: Cache) -> None:
    """Its row's code is empty."""
    entry = EntryCache(cache).entry(61)
    assert entry is not None
    EntryCache(cache).update([], [FolderReading("061-mean", 61, "a", 0, replace(entry, snippet=None))])
    assert [row.code for row in IndexLedger(cache).rows(["061-mean"])] == [""]


def test_index_takes_what_it_lacks(cache: Cache) -> None:
    """All at first; then what has changed, and out of it what is gone or can no longer be read."""
    ledger, entries = IndexLedger(cache), EntryCache(cache)
    assert ledger.unindexed() == (["061-mean", "062-other"], [])
    ledger.mark_indexed(["061-mean", "062-other"], [])
    assert ledger.unindexed() == ([], [])
    entry = entries.entry(61)
    entries.update(["062-other"], [FolderReading("061-mean", 61, "a2", 0, entry)])
    assert ledger.unindexed() == (["061-mean"], ["062-other"])
    ledger.mark_indexed(["061-mean"], ["062-other"])
    assert ledger.unindexed() == ([], [])
    entries.update([], [FolderReading("061-mean", 61, "a3", 1, None)])
    assert ledger.unindexed() == ([], ["061-mean"])


def test_cleared_ledger_knows_of_no_index(cache: Cache) -> None:
    """Everything is to be taken in again."""
    ledger = IndexLedger(cache)
    ledger.mark_indexed(["061-mean", "062-other"], [])
    ledger.clear()
    assert ledger.unindexed() == (["061-mean", "062-other"], [])


def test_every_change_is_a_generation(cache: Cache) -> None:
    """An empty cache has a name too; marking what is indexed is no change of the entries."""
    ledger, entries = IndexLedger(cache), EntryCache(cache)
    seen = [IndexLedger(Cache(None, "1")).generation, ledger.generation]
    ledger.mark_indexed(["061-mean"], [])
    assert ledger.generation == seen[-1]
    entries.update(["062-other"], [])
    seen.append(ledger.generation)
    assert len(set(seen)) == 3


def test_damaged_snippet_is_told(cache: Cache) -> None:
    """A row whose code cannot be read is damage, not an entry without code."""
    cache.change("UPDATE entry SET snippet = substr(snippet, 1, 40)", [()])
    with pytest.raises(DamagedCache, match="a snippet"):
        list(IndexLedger(cache).rows())
