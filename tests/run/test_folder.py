"""Folders of runs and workers: wherever TMPDIR points, they work, and nothing is left of them."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import KbError
from kb.places import LONGEST, find_places, temporary_folder
from kb.run.folder import find_temporary_folder, make_folder, remove_folder
from kb.run.job import Job
from kb.run.runner import block_job, run
from kb.run.worker import Worker

SOCKETS = """
import os, tempfile
from multiprocessing.connection import Listener
with Listener(family="AF_UNIX") as listener:
    assert listener.address.startswith(tempfile.gettempdir())
"""
"""Makes a socket where DataLoader's workers make theirs."""


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a name of over 200 characters; nothing of ours may be left in it."""
    folder = tmp_path / ("long" * 50)
    folder.mkdir()
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert list(folder.glob("kb-*")) == []


def socket_job() -> Job:
    """A job whose script makes a socket."""
    return block_job(SOCKETS, "script", needs_checks=True)


def test_runs_do_not_hang_on_the_length_of_a_path(long: Path) -> None:
    """Cold and warm, also where the script makes sockets in its own folder for temporary files."""
    assert run(socket_job()).passed
    with Worker.start() as worker:
        warm = run(socket_job(), worker=worker)
        assert (True, True) == (warm.passed, warm.warm)
    assert not worker.folder.exists()


def test_kept_worker_does_not_hang_on_the_length_of_a_path(long: Path, tmp_path: Path) -> None:
    """Its socket is elsewhere then."""
    worker = Worker.keep(find_places({"KB_HOME": str(tmp_path / "home")}).worker, minutes=5)
    try:
        assert run(socket_job(), worker=worker).warm
    finally:
        worker.stop()
    assert not worker.folder.exists()


def test_folder_for_temporary_files(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is named, is there and is short enough; relative ones count from here."""
    assert str(temporary) == temporary_folder()
    preferred = temporary / "preferred"
    preferred.mkdir()
    assert str(preferred) == temporary_folder(str(preferred))
    for other in (temporary / "missing", temporary / ("x" * LONGEST)):
        assert str(temporary) == temporary_folder(str(other))
    monkeypatch.chdir(temporary)
    assert str(preferred) == temporary_folder("preferred")
    monkeypatch.setenv("TMPDIR", "/dev/null")
    assert temporary_folder() == "/tmp"  # noqa: S108 it is only named


def test_no_folder_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, with what to do, by runs and by workers."""
    monkeypatch.setattr("kb.run.folder.temporary_folder", lambda: None)
    told = "no folder for temporary files can be written; set TMPDIR to one that can"
    for start in (find_temporary_folder, Worker.start, lambda: run(socket_job())):
        with pytest.raises(KbError, match=told):
            start()


def test_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that went away meanwhile, or lies on a full disk."""
    for module in ("cold", "worker"):
        monkeypatch.setattr(f"kb.run.{module}.find_temporary_folder", lambda: "/dev/null")
    with pytest.raises(KbError, match=r"/dev/null/kb-run-\w+: Not a directory; free space, or set TMPDIR"):
        run(socket_job())
    with pytest.raises(KbError, match="/dev/null: Not a directory; set TMPDIR"):
        Worker.start()


def test_nothing_is_left_where_python_does_not_start(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter may be gone: a line says so."""
    monkeypatch.setattr(sys, "executable", str(temporary / "python"))
    for start in (Worker.start, lambda: run(socket_job())):
        with pytest.raises(KbError, match="No such file or directory; see that Python is still there"):
            start()
    with pytest.raises(FileNotFoundError):
        Worker.keep(temporary / "kept" / "worker", minutes=1)
    assert list(temporary.iterdir()) == []


def test_folders_are_private_and_removed(temporary: Path) -> None:
    """Also where their owner took away his own permission."""
    folder = Path(make_folder(str(temporary)))
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "inner").mkdir()
    (folder / "inner" / "file").touch()
    (folder / "inner").chmod(0)
    remove_folder(str(folder))
    assert list(temporary.iterdir()) == []
