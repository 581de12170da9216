"""Index: what is on the disk survives whatever happens to it."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.search.index import api_names
from kb.search.searcher import Searcher
from quiz.kinds.table import all_kinds
from tests.conftest import EN, ROOT, Kb, write_entry
from tests.search.conftest import numbers, opened


def change(deck: Path, old: str, new: str) -> None:
    """Write something else into the entry on the LSTM."""
    path = deck / "062-lstm" / "en.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_only_changed_entries_are_written_again(small: Path, tmp_path: Path) -> None:
    """What they hold now is found, what they held is not."""
    cache = tmp_path / "cache"
    done: list[tuple[int, int]] = []
    assert [62] == numbers(opened(small, cache).search("lstm"))
    change(small, "hidden state", "wombat state")
    searcher = Searcher.open(Library.open(small, cache, all_kinds), cache, lambda *counts: done.append(counts))
    assert {(0, 1), (1, 1)} == set(done)
    assert (1, 1) == done[-1]
    assert [62] == numbers(searcher.search("wombat"))
    assert [] == numbers(searcher.search('"hidden state"'))


def test_nothing_is_written_where_nothing_changed(small: Path, tmp_path: Path) -> None:
    """The index serves as it is."""
    cache = tmp_path / "cache"
    opened(small, cache)
    done: list[int] = []
    searcher = Searcher.open(Library.open(small, cache, all_kinds), cache, lambda count, _: done.append(count))
    assert ([], [62]) == (done, numbers(searcher.search("lstm")))


def test_entry_that_is_gone_is_found_no_more(small: Path, tmp_path: Path) -> None:
    """Whoever has the index open still has an answer; the next finds the others alone, in the same index."""
    cache = tmp_path / "cache"
    before = opened(small, cache)
    shutil.rmtree(small / "062-lstm")
    assert [62] == numbers(before.search("transformer"))
    after = opened(small, cache)
    assert [] == numbers(after.search("transformer"))
    assert [61, 63] == sorted(numbers(after.search("mean", every=True)))
    assert 1 == len(list((cache / "indexes").iterdir()))


def test_index_of_another_form_is_made_anew(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is swept away."""
    cache = tmp_path / "cache"
    opened(small, cache)
    (old,) = (cache / "indexes").iterdir()
    monkeypatch.setattr("kb.search.index.FORMAT", "another")
    assert [62] == numbers(opened(small, cache).search("lstm"))
    (new,) = (cache / "indexes").iterdir()
    assert old != new


@pytest.mark.parametrize(
    "how", ["garbage", "empty", "missing", "file", "half", "swapped", "of another deck", "no owner"]
)
def test_damaged_index_is_made_anew(small: Path, tmp_path: Path, how: str) -> None:
    """Whatever lies there, the answer is the same."""
    cache = tmp_path / "cache"
    opened(small, cache)
    (folder,) = (cache / "indexes").iterdir()
    files = [path for path in folder.iterdir() if path.is_file()]
    if how == "missing":
        for path in files:
            if path.name != "meta.json":
                path.unlink()
    elif how == "swapped":
        for one, other in zip(files, [*files[1:], files[0]], strict=True):
            one.rename(f"{other}-")
        for path in files:
            Path(f"{path}-").rename(path)
    elif how == "of another deck":
        (folder / "owner").write_text("another")
    elif how == "no owner":
        (folder / "owner").unlink()
    elif how == "file":
        shutil.rmtree(folder)
        folder.write_text("in the way")
    else:
        for path in files:
            data = path.read_bytes()
            path.write_bytes({"garbage": b"\x13" * len(data), "empty": b"", "half": data[: len(data) // 2]}[how])
    assert [62] == numbers(opened(small, cache).search("lstm"))
    assert [62] == numbers(opened(small, cache).search("lstm"))


def test_damage_that_opening_does_not_meet(small: Path, tmp_path: Path) -> None:
    """Found while searching, the index is made anew, and the answer comes."""
    cache = tmp_path / "cache"
    opened(small, cache)
    for path in (cache / "indexes").rglob("*"):
        if path.suffix in (".fast", ".store", ".fieldnorm", ".idx"):
            path.write_bytes(bytes(len(path.read_bytes())))
    assert [62] == numbers(opened(small, cache).search("lstm"))
    assert [62] == numbers(opened(small, cache).search("lstm"))


@pytest.mark.parametrize(
    "kept", ["3", '["4"]', '["4", "x", 1]', '["4", "x", "../../deck"]', '["4", "x", "deck-0"]', "[[]]"]
)
def test_damaged_note_of_the_index(small: Path, tmp_path: Path, kept: str) -> None:
    """It names no folder that is not the index's own: that folder would be removed."""
    cache = tmp_path / "cache"
    opened(small, cache).library.close()
    with sqlite3.connect(next((cache / "decks").glob("*.db"))) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'index'", (kept,))
    for _ in range(2):
        assert [62] == numbers(opened(small, cache).search("lstm"))
    assert (small / "deck.toml").exists()
    assert 1 == len(list((cache / "indexes").iterdir()))


def test_read_only_cache_answers_from_memory(small: Path, home: Path, kb: Kb) -> None:
    """A cache folder that cannot be made is no reason not to answer."""
    (home / "cache").write_text("in the way")
    assert kb("search", "lstm").stdout.split()[0] == "62"


def test_processes_that_build_at_once(small: Path, home: Path, kb: Kb) -> None:
    """All answer; there is one index, and every entry stands in it once."""
    for number in range(64, 70):
        write_entry(small, number, f"more-{number}")
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(kb("search", "lstm").stdout.split()[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["62"] * 4 == found
    assert 1 == len(list((home / "cache" / "indexes").iterdir()))
    every = numbers(opened(small, home / "cache").search("mean", 50, every=True))
    assert [*range(61, 70)] == sorted(every)


BUILD = """
import sys
from pathlib import Path
import kb.search.index
kb.search.index.BATCH = 20
from kb.deck.library import Library
from kb.search.searcher import Searcher
from quiz.kinds.table import all_kinds
library = Library.open(Path(sys.argv[1]), Path(sys.argv[2]), all_kinds)
print("go", flush=True)


def told(done, whole):
    if done and done % 20 == 0:
        print(done, flush=True)
    if done >= 60:
        sys.stdin.read()  # until it is killed


Searcher.open(library, Path(sys.argv[2]), told)
"""


def test_killed_build_is_gone_on_with(tmp_path: Path, home: Path) -> None:
    """SIGKILL in the middle: what was written stays, the rest follows, nothing is there twice."""
    deck, cache = tmp_path / "deck", tmp_path / "cache"
    deck.mkdir()
    (deck / "deck.toml").write_text('name = "many"\nlanguages = ["en"]\n')
    for number in range(1, 301):
        folder = deck / f"{number:03d}-note"
        folder.mkdir()
        (folder / "en.md").write_text(f"# {number}. Where is number{number}?\n\nIt is wombat{number}.\n")
    command = [sys.executable, "-c", BUILD, str(deck), str(cache)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ)
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(4)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert lines[0] == "go"
    counts: list[int] = []
    searcher = Searcher.open(Library.open(deck, cache, all_kinds), cache, lambda _, whole: counts.append(whole))
    assert counts
    assert counts[0] <= 300 - int(lines[-1])
    for number in (1, 20, 60, 150, 300):
        found = numbers(searcher.search(f"wombat{number}", 300, every=True))
        assert (found[0], found.count(number)) == (number, 1)


@pytest.fixture
def trusted(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a deck that counts as large: its files are not looked at on every start."""
    monkeypatch.setattr("kb.deck.library.LARGE", 2)
    cache = tmp_path / "cache"
    assert not Library.open(small, cache, all_kinds).is_trusted
    assert opened(small, cache).library.is_trusted
    return cache


def test_what_is_shown_of_a_large_deck_is_true(small: Path, trusted: Path) -> None:
    """An entry that is found is looked at, and read again if it has changed."""
    change(small, "How does an LSTM keep", "How does an LSTM lose")
    (hit,) = opened(small, trusted).search("lstm").hits
    assert hit.summary.titles["en"] == "How does an LSTM lose a gradient?"


def test_large_deck_is_looked_at_after_a_while(small: Path, trusted: Path) -> None:
    """Behind the command, which is told to have it done."""
    refreshed: list[Path] = []
    Library.open(small, trusted, all_kinds, on_stale=lambda path, _: refreshed.append(path))
    assert [] == refreshed
    with sqlite3.connect(next((trusted / "decks").glob("*.db"))) as connection:
        connection.execute("UPDATE meta SET value = '[0, 0]' WHERE key = 'scanned'")
    Library.open(small, trusted, all_kinds, on_stale=lambda path, _: refreshed.append(path))
    assert [small] == refreshed


def test_background_process_finds_what_is_new(small: Path, trusted: Path) -> None:
    """What it does: all files looked at, the index brought up to date."""
    from kb.cli.refresh import refresh_whole

    write_entry(small, 64, "wombat", en=EN.format(number=64).replace("of a batch", "of a wombat"))
    assert [] == numbers(opened(small, trusted).search("wombat"))
    refresh_whole(str(small), str(trusted))
    assert [64] == numbers(opened(small, trusted).search("wombat"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = torch.nn.LSTM(3)", ["torch.nn.LSTM", "torch.nn"]),
        ("nn.Linear; nn.Linear", ["nn.Linear"]),
        ("f().x", []),
        ("def broken(", []),
    ],
)
def test_names_that_a_script_uses(code: str, expected: list[str]) -> None:
    """Names with dots, each once; what does not parse has none."""
    assert sorted(expected) == sorted(api_names(code))
