"""The cached entries follow the files."""

import shutil
from pathlib import Path

import pytest

from kb.deck.cache import Cache
from kb.deck.entry_cache import EntryCache
from kb.deck.manifest import Deck, read_deck
from kb.deck.upkeep import refresh, refresh_one, signature
from quiz.kinds.table import all_kinds
from tests.conftest import EN, write_entry


@pytest.fixture
def entries() -> EntryCache:
    """Nothing, in memory."""
    return EntryCache(Cache(None, "1"))


@pytest.fixture
def three(deck: Path) -> Deck:
    """A deck of entries 61, 62 and 63."""
    write_entry(deck, 62, "other")
    write_entry(deck, 63, "third")
    return read_deck(deck)[0]


def test_progress_is_told_entry_by_entry(three: Deck, entries: EntryCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are done, of how many; nothing where nothing has changed."""
    monkeypatch.setattr("kb.deck.upkeep.BATCH", 2)
    told: list[tuple[int, int]] = []
    assert refresh(three, entries, all_kinds, lambda *one: told.append(one)) == 3
    assert refresh(three, entries, all_kinds, lambda *one: told.append(one)) == 3
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_interrupted_reading_is_gone_on_with(three: Deck, entries: EntryCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before stays, the rest is read the next time."""
    monkeypatch.setattr("kb.deck.upkeep.BATCH", 2)

    def interrupt(done: int, whole: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(three, entries, all_kinds, interrupt)
    assert sorted(entries.signatures()) == ["061-mean", "062-other"]
    refresh(three, entries, all_kinds)
    assert sorted(entries.signatures()) == ["061-mean", "062-other", "063-third"]


def test_folder_under_another_name_is_the_same_entry(three: Deck, entries: EntryCache) -> None:
    """The old name leaves when the new one comes."""
    refresh(three, entries, all_kinds)
    (three.path / "063-third").rename(three.path / "063-fourth")
    refresh(three, entries, all_kinds)
    assert [one.slug for one in entries.summaries()] == ["mean", "other", "fourth"]


def test_one_entry_is_read_again_by_itself(three: Deck, entries: EntryCache) -> None:
    """Its own files are looked at, those of the others are not."""
    refresh(three, entries, all_kinds)
    for number, slug in ((61, "mean"), (62, "other")):
        write_entry(three.path, number, slug, en=EN.format(number=number).replace("of a batch", "of a sample"))
    refresh_one(three, entries, all_kinds, 61)
    assert [one.titles["en"] for one in entries.summaries([61, 62])] == [
        "What is the mean of a sample?",
        "What is the mean of a batch?",
    ]


def test_one_entry_that_is_gone_is_taken_out(three: Deck, entries: EntryCache) -> None:
    """A number that was never there changes nothing."""
    refresh(three, entries, all_kinds)
    shutil.rmtree(three.path / "062-other")
    refresh_one(three, entries, all_kinds, 62)
    refresh_one(three, entries, all_kinds, 70)
    assert [one.number for one in entries.summaries()] == [61, 63]


def test_signature_tells_every_change(three: Deck) -> None:
    """Of names, sizes and times; folders inside do not count."""
    folder = three.path / "061-mean"
    seen = [signature(str(folder))]
    (folder / "__pycache__").mkdir()
    assert signature(str(folder)) == seen[0]
    (folder / "en.md").write_text("longer " * 1000)
    seen.append(signature(str(folder)))
    (folder / "en.md").rename(folder / "de.md")
    seen.append(signature(str(folder)))
    assert len(set(seen)) == 3
