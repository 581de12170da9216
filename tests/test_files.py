"""Files: written whole or not at all, and never by two at once."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.cli.own_copies import edit_own
from kb.deck.entry import Entry
from kb.deck.library import Library
from kb.deck.listed import write_listed
from kb.deck.trust import Trust
from kb.errors import KbError
from kb.files import locked, put
from kb.verify.recording import write_records
from quiz.draft import Draft
from quiz.kinds.table import all_kinds
from tests.full_disk import FullDisk
from tests.verify.test_record import RECORD


def test_a_file_is_replaced_whole_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old one, and nothing beside it."""
    path = tmp_path / "file"
    put(path, b"old")
    for room in range(3):
        with monkeypatch.context() as patch:
            FullDisk(room, patch)
            with pytest.raises(OSError, match="No space"):
                put(path, b"new")
    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_a_link_and_a_mode_stay(tmp_path: Path) -> None:
    """What it leads to is replaced; the mode is the file's, not that of a new one. A folder is made."""
    path, link = tmp_path / "deep" / "file", tmp_path / "link"
    put(path, b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    put(link, b"new", 0o600)
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_that_is_asked_for(tmp_path: Path) -> None:
    """Less the umask, as any other file."""
    old = os.umask(0o022)
    try:
        put(tmp_path / "a", b"")
        put(tmp_path / "b", b"", 0o600)
    finally:
        os.umask(old)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o644, 0o600]


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """And no traceback of another kind."""
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match="link"):
        put(link / "file", b"")


def test_two_who_lock_the_same_folders_crosswise_do_not_wait_for_ever(tmp_path: Path) -> None:
    """They are locked in one order; and one folder named twice is locked once."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    with locked(second, first, first):
        pass
    with locked(first, second):
        pass


@pytest.fixture(name="entry")
def small_entry(deck: Path) -> Entry:
    """The entry of the small deck."""
    return Library.open(deck, None, all_kinds).entry(61)


def writers(folder: Path, entry: Entry) -> dict[str, Callable[[str], object]]:
    """What writes a user's files anew, by the file; each takes a word that shall stand in it."""
    assert entry.snippet
    snippet = entry.snippet
    draft = Draft(folder / "draft", snippet, snippet.holes[0])
    return {
        "draft": lambda word: draft.write(f"return {word}", f"# {word}\n"),
        "decks": lambda word: write_listed(folder / "decks", {word: folder}),
        "trust": lambda word: Trust(folder / "trust", folder, {}).give([entry], always=word == "new"),
        "records": lambda word: write_records(folder, folder, [RECORD._replace(printed=word)]),
    }


@pytest.mark.parametrize("name", ["draft", "decks", "trust", "records"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, name: str, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of it would be worse than none: it would be taken for all."""

    def there() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    folder = tmp_path / "files"
    folder.mkdir()
    write = writers(folder, entry)[name]
    write("old")
    before = there()
    assert before
    for room in (0, 1, 9):
        with monkeypatch.context() as patch:
            FullDisk(room, patch)
            with pytest.raises((KbError, OSError), match="No space"):
                write("new")
        assert there() == before
    write("new")
    assert there() != before


def test_an_own_copy_is_whole_or_not_there(tmp_path: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is never made again: half of a snippet would stay half."""
    assert entry.snippet
    with monkeypatch.context() as patch:
        FullDisk(9, patch)
        with pytest.raises(KbError, match="No space"):
            edit_own(tmp_path / "mine", entry.summary, entry.snippet, {})
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == []
    path = edit_own(tmp_path / "mine", entry.summary, entry.snippet, {"EDITOR": "true"})
    assert path.read_text(encoding="utf-8") == entry.snippet.source
