"""The library: read once, kept in the cache, read again when files change; a broken cache is survived."""

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

import kb.deck.folder
from kb.deck.entry import Entry
from kb.deck.folder import load_entry
from kb.deck.kind import Kinds
from kb.deck.library import Library
from kb.deck.manifest import Deck, read_deck
from kb.errors import Complaint, UsageError
from quiz.kinds.table import all_kinds
from tests.conftest import EN, write_entry


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache folder."""
    return tmp_path / "cache"


def test_cached_entry_equals_the_files(deck: Path, cache: Path) -> None:
    """What comes from the cache is what was parsed, to the last field."""
    Library.open(deck, cache, all_kinds)
    cached = Library.open(deck, cache, all_kinds).entry(61)
    parsed, complaints = load_entry(deck / "061-mean", read_deck(deck)[0], all_kinds())
    assert complaints == []
    assert parsed == cached


def test_unchanged_files_are_not_read_again(deck: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start parses nothing; a changed file is the only one read."""
    write_entry(deck, 62, "other")
    Library.open(deck, cache, all_kinds)
    read: list[str] = []
    genuine = kb.deck.folder.load_entry

    def load(folder: Path, deck: Deck, kinds: Kinds) -> tuple[Entry | None, list[Complaint]]:
        read.append(folder.name)
        return genuine(folder, deck, kinds)

    monkeypatch.setattr(kb.deck.folder, "load_entry", load)
    Library.open(deck, cache, all_kinds)
    assert read == []
    (deck / "061-mean" / "en.md").write_text(
        EN.format(number=61).replace("of a batch", "of a sample"), encoding="utf-8"
    )
    library = Library.open(deck, cache, all_kinds)
    assert read == ["061-mean"]
    assert library.by_number[61].titles["en"] == "What is the mean of a sample?"


def test_removed_and_added_entries_are_noticed(deck: Path, cache: Path) -> None:
    """The list follows the folders."""
    Library.open(deck, cache, all_kinds)
    write_entry(deck, 63, "new")
    shutil.rmtree(deck / "061-mean")
    assert [summary.number for summary in Library.open(deck, cache, all_kinds).summaries] == [63]


@pytest.mark.parametrize("damage", ["garbage", "truncated", "schema"])
def test_damaged_cache_is_made_again(deck: Path, cache: Path, damage: str) -> None:
    """Whatever happened to the cache file, the entries are there."""
    Library.open(deck, cache, all_kinds).store.close()
    (file,) = (cache / "decks").glob("*.db")
    if damage == "garbage":
        file.write_bytes(b"not a database" * 100)
    elif damage == "truncated":
        file.write_bytes(file.read_bytes()[:5000])
    else:
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TABLE entry")
    assert Library.open(deck, cache, all_kinds).entry(61).number == 61
    assert Library.open(deck, cache, all_kinds).entry(61).number == 61


def test_unusable_cache_is_done_without(deck: Path, tmp_path: Path) -> None:
    """A cache folder that cannot be made costs time, nothing else."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    library = Library.open(deck, blocked, all_kinds)
    assert not library.store.is_lasting
    assert library.entry(61).number == 61


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_cache_is_done_without(deck: Path, cache: Path) -> None:
    """A cache that may not be written to is left as it is."""
    cache.mkdir()
    cache.chmod(stat.S_IREAD | stat.S_IEXEC)
    assert Library.open(deck, cache, all_kinds).entry(61).number == 61


def test_unknown_number_names_the_nearest(deck: Path) -> None:
    """The error helps to find what was meant."""
    for number in (63, 65, 70):
        write_entry(deck, number, f"e{number}")
    with pytest.raises(UsageError, match="no entry 64; the nearest are 61, 63, 65; kb list shows all"):
        Library.open(deck, None, all_kinds).entry(64)


def test_relations_count_both_ways(deck: Path) -> None:
    """An entry is next to those it names and those that name it; numbers that are not there are left out."""
    write_entry(deck, 62, "other", en=EN.format(number=62).replace("related: [62]", "related: [63, 70]"))
    write_entry(deck, 63, "third", en=EN.format(number=63).replace("related: [62]", "related: []"))
    library = Library.open(deck, None, all_kinds)
    assert tuple(library.neighbours(number) for number in (61, 62, 63)) == ([62], [61, 63], [62])


def test_broken_entry_does_not_hide_the_others(deck: Path) -> None:
    """A file that cannot be read costs its own entry alone."""
    folder = write_entry(deck, 62, "broken")
    (folder / "en.md").write_bytes(b"\xff\xfe\x00")
    library = Library.open(deck, None, all_kinds)
    assert [summary.number for summary in library.summaries] == [61]
    assert library.broken == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "is no deck"), ("x = [", "cannot be read")],
)
def test_no_deck(tmp_path: Path, text: str | None, message: str) -> None:
    """A folder without a readable deck.toml is told in one line."""
    if text is not None:
        (tmp_path / "deck.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        Library.open(tmp_path, None, all_kinds)
