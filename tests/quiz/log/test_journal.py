"""Journal: a line is on the disk as a whole, or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from kb.errors import KbError
from quiz.log.journal import append, read, set_aside
from quiz.schedule import DAY
from tests.full_disk import FullDisk
from tests.quiz.log.logs import answer, line, open_log, put

ONE, TWO, THREE = (line("laptop", number) for number in (1, 2, 3))


def test_a_disk_that_is_full_at_any_byte_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one byte of the line stays, the answer does not count, and the learner is told what to do."""
    log = open_log(tmp_path)
    log.add(answer("61/a", at=DAY))
    path = next(log.folder.glob("*.jsonl"))
    before = path.read_bytes()
    for room in range(len(before)):
        with monkeypatch.context() as patch:
            FullDisk(room, patch)
            with pytest.raises(
                KbError, match=r"nothing can be saved in .*; free space .* every earlier answer is safe"
            ):
                log.add(answer("61/a", at=DAY))
        assert before == path.read_bytes()
    assert len(log.reviews()) == 1
    log.add(answer("61/a", at=2 * DAY))
    assert [one.at for one in open_log(tmp_path).reviews()] == [DAY, 2 * DAY]


def test_a_failed_sync_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may not have reached the disk does not count."""
    path = tmp_path / "laptop.jsonl"
    append(path, ONE)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        append(path, TWO)
    assert ONE + b"\n" == path.read_bytes()


@pytest.mark.parametrize("cut", range(len(TWO) + 2))
def test_a_line_cut_at_any_length_costs_no_other(tmp_path: Path, cut: int) -> None:
    """It is told and kept aside, unless it is whole but for its end; the next line is a line of its own."""
    path = tmp_path / "laptop.jsonl"
    path.write_bytes(ONE + b"\n" + (TWO + b"\n")[:cut])
    reading = read(path, path.read_bytes())
    is_whole = cut >= len(TWO)
    assert [1, 2][: 1 + is_whole] == [one.number for one in reading.events]
    assert (1 if 0 < cut < len(TWO) else 0) == len(reading.damages)
    append(path, THREE)
    expected = [ONE, TWO, THREE] if is_whole else [ONE, THREE]
    assert b"".join(one + b"\n" for one in expected) == path.read_bytes()
    if 0 < cut < len(TWO):
        assert TWO[:cut] + b"\n" == path.with_suffix(".damaged").read_bytes()


def test_a_long_torn_line_is_cut_too(tmp_path: Path) -> None:
    """Longer than what is read at a time."""
    path = tmp_path / "laptop.jsonl"
    path.write_bytes(ONE + b"\n" + b"\0" * 200_000)
    append(path, TWO)
    assert ONE + b"\n" + TWO + b"\n" == path.read_bytes()


def test_nobody_else_can_look(tmp_path: Path) -> None:
    """Files 0600, folders 0700, whatever the umask."""
    old = os.umask(0)
    try:
        log = open_log(tmp_path / "home")
        log.add(answer())
        put(log.folder, other=[b"damaged"])
        log.refresh()
        log.sync(tmp_path / "stick")
    finally:
        os.umask(old)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for folder in (log.folder, log.folder.parent, tmp_path / "home" / "data", tmp_path / "stick")
        for path in (folder, *folder.rglob("*"))
        if path.name != "other.jsonl"
    }
    assert len(modes) >= 9
    assert {path: 0o700 if path.is_dir() else 0o600 for path in modes} == modes
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home" / "cache").iterdir()}


def test_what_is_damaged_is_set_aside_once(tmp_path: Path) -> None:
    """Told again it would only frighten."""
    path = tmp_path / "laptop.jsonl"
    damages = read(path, b"one\ntwo\none\n").damages
    assert [1, 2, 3] == [one.line for one in damages]
    assert 2 == len(set_aside(damages))
    assert [] == set_aside(damages)
    assert b"one\ntwo\n" == (tmp_path / "laptop.damaged").read_bytes()


def test_where_nothing_can_be_kept_no_question_is_asked(tmp_path: Path) -> None:
    """Told before the first answer."""
    (tmp_path / "progress").write_text("in the way")
    with pytest.raises(KbError, match=r"progress cannot be kept in .*; set KB_HOME"):
        open_log(tmp_path).make_ready()
