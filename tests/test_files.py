"""Files: written whole or not at all, and never by two at once."""

import os
import stat
from pathlib import Path

import pytest

from kb.files import locked, put
from tests.full_disk import FullDisk


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
