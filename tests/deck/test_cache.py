"""The cache's file: made, shared, damaged, done without."""

import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from kb.deck.cache import Cache, DamagedCache
from tests.conftest import ROOT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a cache may be made."""
    return tmp_path / "decks" / "one.db"


def test_small_values_are_kept(file: Path) -> None:
    """What was kept under a name is there for the next one who opens the file."""
    cache = Cache(file, "1")
    cache.keep("languages", ["en", "中文"])
    cache.close()
    again = Cache(file, "1")
    assert again.is_lasting
    assert again.value("languages") == ["en", "中文"]
    assert again.value("other") is None


def test_another_version_begins_empty(file: Path) -> None:
    """What another version of the program wrote is not read."""
    first = Cache(file, "1")
    first.keep("languages", ["en"])
    first.close()
    second = Cache(file, "2")
    assert second.is_lasting
    assert second.value("languages") is None


def test_file_of_another_kind_is_emptied(file: Path) -> None:
    """A database with other tables, or with a table of ours that lacks a column, is of another version."""
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        connection.execute('CREATE TABLE "a b" (c)')
    cache = Cache(file, "1")
    assert cache.is_lasting
    assert cache.ask("SELECT folder, snippet FROM entry") == []


def test_change_is_whole_or_not_at_all(file: Path) -> None:
    """What fails in the middle leaves nothing behind."""
    cache = Cache(file, "1")
    with suppress(ZeroDivisionError), cache.alone():
        cache.keep("half", 1)
        raise ZeroDivisionError
    assert cache.value("half") is None
    with cache.alone():
        cache.keep("whole", 1)
    assert Cache(file, "1").value("whole") == 1


def test_file_that_is_held_is_not_damaged(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that writes is waited for, then told of: what it holds is sound."""
    monkeypatch.setattr("kb.deck.cache.PATIENCE", 0.05)
    first, second = Cache(file, "1"), Cache(file, "1")
    with first.alone(), pytest.raises(sqlite3.OperationalError, match="locked"):
        second.keep("late", 1)


@pytest.mark.parametrize(
    ("query", "values", "error"),
    [
        ("SELECT * FROM entry WHERE", (), sqlite3.OperationalError),
        ("SELECT * FROM entry WHERE number = ?", (), sqlite3.ProgrammingError),
        ("SELECT * FROM entry WHERE folder = ?", ("\udcff",), UnicodeEncodeError),
        ("SELECT * FROM entry WHERE number = ?", (2**70,), OverflowError),
    ],
)
def test_mistakes_of_the_caller_are_no_damage(
    file: Path, query: str, values: tuple[object, ...], error: type[Exception]
) -> None:
    """A query that cannot be asked says nothing about the file."""
    with pytest.raises(error):
        Cache(file, "1").ask(query, values)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE entry",
        "ALTER TABLE entry RENAME COLUMN summary TO other",
        "INSERT INTO entry VALUES ('a', 1, '', 0, CAST(X'FF' AS TEXT), '', X'', X'')",
    ],
)
def test_damage_is_told_as_such(file: Path, damage: str) -> None:
    """Tables that are missing and texts that are none: what was never written there."""
    cache = Cache(file, "1")
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    with pytest.raises(DamagedCache):
        cache.ask("SELECT summary FROM entry")


def test_small_value_that_is_no_json_is_damage(file: Path) -> None:
    """The value is named."""
    cache = Cache(file, "1")
    cache.change("INSERT INTO meta VALUES (?, ?)", [("scanned", "[1, ")])
    with pytest.raises(DamagedCache, match="the value of 'scanned'"):
        cache.value("scanned")


def test_dropped_file_is_new_and_empty(file: Path) -> None:
    """A new file is there at once, and the old one's journal is not played back into it."""
    cache = Cache(file, "1")
    cache.keep("old", 1)
    Path(f"{file}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))
    cache.drop()
    assert cache.is_lasting
    assert cache.value("old") is None
    assert not Path(f"{file}-journal").exists()
    cache.keep("new", 1)
    assert Cache(file, "1").value("new") == 1


def test_file_that_is_left_stays_as_it_is(file: Path) -> None:
    """From then on everything is in memory."""
    cache = Cache(file, "1")
    cache.keep("old", 1)
    cache.leave()
    cache.keep("new", 2)
    assert (cache.is_lasting, cache.value("old"), cache.value("new")) == (False, None, 2)
    again = Cache(file, "1")
    assert (again.value("old"), again.value("new")) == (1, None)


OPEN = """
import sys
from contextlib import suppress
from pathlib import Path
from kb.deck.cache import Cache
print("ready", flush=True)
sys.stdin.readline()
cache = Cache(Path(sys.argv[1]), "1")
cache.keep(sys.argv[2], 1)
print(cache.is_lasting, flush=True)
"""


def test_processes_that_start_at_once_share_one_file(file: Path) -> None:
    """None empties what another has made."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(file), f"value{at}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for at in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in started] == ["True\n"] * 4
    cache = Cache(file, "1")
    assert [cache.value(f"value{at}") for at in range(4)] == [1] * 4
