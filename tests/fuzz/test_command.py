"""The command that runs fuzz targets: it ends when its time is over, and tells what it found."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.fuzz.__main__ import FOUND, search, targets


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


def test_targets() -> None:
    """Each file has some, each says what it holds, and --list names them."""
    listed = fuzz("--list").stdout
    assert {"page.pages", "deck.decks", "cache.spoilt"} <= targets().keys()
    assert [name for name, target in targets().items() if not target.__doc__ or name not in listed] == []


def test_time_is_over() -> None:
    """One line a target: what came of it, how much, how long."""
    done = fuzz("page.snippets", "--minutes", "0.02", "--plain")
    assert re.fullmatch(r"page\.snippets: ok, [1-9]\d* executions, \d+ s\n", done.stdout)
    assert done.returncode == 0


def test_unknown_target() -> None:
    """It is named, and nothing runs."""
    done = fuzz("pages")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no target pages; --list names them" in done.stderr


def test_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """The search ends with the values that Hypothesis made small."""

    @given(st.integers())
    def fails(value: int) -> None:
        """Holds for small numbers alone."""
        assert value < 1_000

    assert FOUND == search(fails, 60)
    said = capsys.readouterr().out
    assert "value=1000" in said
    assert re.search(r"^executions: [1-9]", said, re.MULTILINE)
