"""Shared parts: a folder for temporary files of each test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Runs of other programs on this machine leave no folders where a test looks for its own. (The names of pytest's
    own folders are too long for sockets.)"""
    tmp_path_factory.getbasetemp()  # pytest makes its own folder when it is first asked for one: not in here
    folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    shutil.rmtree(folder)
