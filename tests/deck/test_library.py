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
from kb.deck.kind_loading import LoadKinds
from kb.deck.library import Library
from kb.deck.manifest import Deck, read_deck
from kb.errors import Complaint, UsageError
from quiz.kinds.table import KINDS, all_kinds
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


def test_entries_are_read_again_when_their_kinds_change(deck: Path, cache: Path, tmp_path: Path) -> None:
    """What an older class of a kind made of an item does not stay."""
    written = tmp_path / "kinds"
    written.mkdir()
    (written / "choice.py").write_text("")
    Library.open(deck, cache, LoadKinds(all_kinds.load, str(written))).close()
    renamed = {name: kind for name, kind in KINDS.items() if name != "choice"}
    os.utime(written / "choice.py", (4e9, 4e9))
    library = Library.open(deck, cache, LoadKinds(lambda: renamed, str(written)))
    assert "choice" not in {item.kind for item in library.entry(61).items}


@pytest.mark.parametrize("damage", ["garbage", "truncated", "schema"])
def test_damaged_cache_is_made_again(deck: Path, cache: Path, damage: str) -> None:
    """Whatever happened to the cache file, the entries are there."""
    Library.open(deck, cache, all_kinds).close()
    (file,) = (cache / "decks").glob("*.db")
    if damage == "garbage":
        file.write_bytes(b"not a database" * 100)
    elif damage == "truncated":
        file.write_bytes(file.read_bytes()[:5000])
    else:
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TABLE entry")
    expected = load_entry(deck / "061-mean", read_deck(deck)[0], all_kinds())[0]
    for _ in range(2):
        library = Library.open(deck, cache, all_kinds)
        assert expected == library.entry(61)
        assert library.cache.is_lasting


def answers(library: Library) -> list[object]:
    """What a deck says of itself, by every question that there is."""
    return [
        library.summaries_of([61, 62]),
        library.lines(61),
        library.text(61, "zh"),
        library.entry(61),
        library.entry(62),
        library.items,
        library.summaries,
        library.broken,
        library.is_empty,
        library.surely(lambda: list(library.ledger.rows())),
        library.surely(library.ledger.unindexed),
    ]


@pytest.fixture
def sound(deck: Path, cache: Path) -> Path:
    """The file of a cache of two entries."""
    write_entry(deck, 62, "other")
    Library.open(deck, cache, all_kinds).close()
    (file,) = (cache / "decks").glob("*.db")
    return file


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE text SET body = substr(body, 1, 100) WHERE folder = '061-mean'",
        'UPDATE text SET body = CAST(replace(body, \'"kind":"paragraph"\', \'"kind":[]\') AS BLOB)',
        "DELETE FROM text WHERE folder = '061-mean'",
        "UPDATE entry SET items = '[{}]' WHERE number = 62",
        "UPDATE entry SET snippet = X'FF' WHERE number = 62",
        "UPDATE entry SET lines = '{\"en\": [1]}'",
        "UPDATE entry SET summary = '[62]' WHERE number = 62",
        "UPDATE entry SET summary = CAST(X'FF' AS TEXT) WHERE number = 62",
        "UPDATE meta SET value = '[' WHERE key = 'deck'",
        "DROP TABLE item",
    ],
)
def test_damaged_row_is_noticed_when_it_is_read(
    deck: Path, cache: Path, sound: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is made again, once, and the answer is what the files say; the next start finds a sound one."""
    expected = answers(Library.open(deck, None, all_kinds))
    with sqlite3.connect(sound) as connection:
        connection.execute(damage)
    assert expected == answers(Library.open(deck, cache, all_kinds))
    monkeypatch.setattr("kb.deck.cache.Cache.drop", lambda _: pytest.fail("dropped again"))
    library = Library.open(deck, cache, all_kinds)
    assert expected == answers(library)
    assert library.cache.is_lasting


@pytest.mark.parametrize("filling", [b"\x00", b"\xab", b"text"])
def test_damaged_page_is_noticed_when_it_is_read(deck: Path, cache: Path, sound: Path, filling: bytes) -> None:
    """Whichever page of the file was written over, the answers are what the files say."""
    expected = answers(Library.open(deck, None, all_kinds))
    whole = sound.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    assert len(whole) > 10 * size
    for at in range(0, len(whole), size):
        sound.write_bytes(whole[:at] + (filling * size)[:size] + whole[at + size :])
        library = Library.open(deck, cache, all_kinds)
        assert expected == answers(library), f"page {at // size}"
        library.close()


@pytest.fixture
def trusted(deck: Path, cache: Path, sound: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A deck of two entries that counts as large: its files are not looked at when it is opened."""
    monkeypatch.setattr("kb.deck.library.LARGE", 1)
    Library.open(deck, cache, all_kinds).close()
    library = Library.open(deck, cache, all_kinds)
    assert library.is_trusted
    return library


def test_entry_of_a_trusted_deck_is_looked_at_when_it_is_asked_for(deck: Path, trusted: Library) -> None:
    """A changed file is read again; an entry that is gone is none."""
    write_entry(deck, 61, "mean", en=EN.format(number=61).replace("of a batch", "of a sample"))
    assert trusted.entry(61).text("en").title == "What is the mean of a sample?"
    shutil.rmtree(deck / "062-other")
    with pytest.raises(UsageError, match="no entry 62"):
        trusted.text(62, "en")


def test_damaged_cache_of_a_trusted_deck_is_made_from_all_files(deck: Path, trusted: Library, sound: Path) -> None:
    """What the files say by then; after that nothing is left to be looked at."""
    write_entry(deck, 63, "third")
    with sqlite3.connect(sound) as connection:
        connection.execute("UPDATE text SET body = X'FF'")
    assert trusted.text(61, "en").title == "What is the mean of a batch?"
    assert [summary.number for summary in trusted.summaries] == [61, 62, 63]
    assert not trusted.is_trusted


def test_cache_that_is_held_is_done_without(
    deck: Path, cache: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that does not let go of the file costs a reading; the file stays as it is."""
    monkeypatch.setattr("kb.deck.cache.PATIENCE", 0.05)
    write_entry(deck, 63, "third")
    with sqlite3.connect(sound, isolation_level=None) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        library = Library.open(deck, cache, all_kinds)
        assert sorted(library.by_number) == [61, 62, 63]
        assert not library.cache.is_lasting
        connection.execute("ROLLBACK")
        assert [row[0] for row in connection.execute("SELECT number FROM entry ORDER BY number")] == [61, 62]


def test_text_falls_back_to_the_primary_language(deck: Path) -> None:
    """Where an entry is not translated, and where the deck does not know the language."""
    (deck / "061-mean" / "zh.md").unlink()
    library = Library.open(deck, None, all_kinds)
    assert [library.text(61, language).language for language in ("zh", "fr", "en")] == ["en", "en", "en"]


def test_unusable_cache_is_done_without(deck: Path, tmp_path: Path) -> None:
    """A cache folder that cannot be made costs time, nothing else."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    library = Library.open(deck, blocked, all_kinds)
    assert not library.cache.is_lasting
    assert library.entry(61).number == 61


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_cache_is_done_without(deck: Path, cache: Path) -> None:
    """A cache that may not be written to is left as it is."""
    cache.mkdir()
    cache.chmod(stat.S_IREAD | stat.S_IEXEC)
    library = Library.open(deck, cache, all_kinds)
    assert library.entry(61).number == 61
    assert not library.cache.is_lasting
    assert list(cache.iterdir()) == []


def test_unknown_number_names_the_nearest(deck: Path) -> None:
    """The error helps to find what was meant."""
    for number in (63, 65, 70):
        write_entry(deck, number, f"e{number}")
    with pytest.raises(UsageError, match="no entry 64; the nearest are 61, 63, 65; kb list shows all"):
        Library.open(deck, None, all_kinds).entry(64)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, -(2**63) - 1, 99999999999999999999, 10**400])
def test_number_that_no_entry_can_have(deck: Path, cache: Path, number: int) -> None:
    """It is as unknown as any other, whatever SQLite can hold, and the cache is none the worse."""
    library = Library.open(deck, cache, all_kinds)
    for ask in (library.summary, library.entry, lambda number: library.text(number, "en")):
        with pytest.raises(UsageError, match=f"no entry {number}; the nearest are 61"):
            ask(number)
    assert ({}, [61]) == (library.lines(number), list(library.summaries_of([number, 61, 2**64])))
    assert library.cache.is_lasting


@pytest.mark.parametrize("what", ["folder", "folder for decks", "other deck", "words"])
def test_something_else_in_the_place_of_the_cache(deck: Path, cache: Path, sound: Path, what: str) -> None:
    """The answers are what the files say."""
    expected = answers(Library.open(deck, None, all_kinds))
    if what == "folder":
        sound.unlink()
        sound.mkdir()
    elif what == "folder for decks":
        shutil.rmtree(cache / "decks")
        (cache / "decks").write_text("in the way")
    elif what == "words":
        sound.write_text("not a database " * 1000)
    else:
        other = deck.parent / "other"
        other.mkdir()
        shutil.copy2(deck / "deck.toml", other)
        write_entry(other, 70, "another")
        sound.unlink()
        Library.open(other, cache, all_kinds).close()
        (theirs,) = (cache / "decks").glob("*.db")
        shutil.copyfile(theirs, sound)
    for _ in range(2):
        library = Library.open(deck, cache, all_kinds)
        assert expected == answers(library)
        assert library.cache.is_lasting == (what in ("words", "other deck"))
        library.close()


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
