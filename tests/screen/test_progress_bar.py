"""Waiting: a bar for what takes long, on a terminal alone."""

import io

import pytest

from kb.screen.progress_bar import Waiting
from kb.screen.terminal import Terminal


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_bar_shows_how_far_it_is_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn with the count and the time that is left; nothing of it stays."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    stream = Screen()
    with Waiting(Terminal(stream, {}), "indexing") as waiting:
        waiting.advance(1, 100)
        assert stream.getvalue() == "", "what takes no longer than a moment needs no bar"
        now[0] = 2.0
        waiting.advance(25, 100)
        assert "indexing ██████░░░░░░░░░░░░░░░░░░ 25/100  6 s" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal there is no bar."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with Waiting(Terminal(stream, {}), "indexing") as waiting:
        now[0] = 9.0
        waiting.advance(25, 100)
    assert stream.getvalue() == ""
