"""ProgressBar: a bar for what takes long, on a terminal alone."""

import io

import pytest

from kb.screen.progress_bar import ProgressBar
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
    with ProgressBar(Terminal(stream, {}), "indexing") as waiting:
        waiting.advance(1, 100)
        assert stream.getvalue() == "", "what takes no longer than a moment needs no bar"
        now[0] = 2.0
        waiting.advance(25, 100)
        assert "indexing ██████░░░░░░░░░░░░░░░░░░ 25/100  6 s" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_many_steps_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first is done, without a guess at the time; a few wait to be worth a word."""
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: 0.0)
    stream = Screen()
    with ProgressBar(Terminal(stream, {}), "indexing", at_once=10) as waiting:
        waiting.advance(0, 9)
        assert stream.getvalue() == ""
        waiting.advance(0, 10)
        assert stream.getvalue() == "\r\x1b[2Kindexing ░░░░░░░░░░░░░░░░░░░░░░░░ 0/10"


def test_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal there is no bar."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with ProgressBar(Terminal(stream, {}), "indexing") as waiting:
        now[0] = 9.0
        waiting.advance(25, 100)
    assert stream.getvalue() == ""


def test_bar_names_the_step_and_keeps_to_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done last stands before the bar, which is as long as the terminal lets it be."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    stream = Screen()
    with ProgressBar(Terminal(stream, {"COLUMNS": "40"}), "verify") as waiting:
        now[0] = 2.0
        waiting.advance(1, 2, "61 snippet")
        assert stream.getvalue() == "\r\x1b[2K61 snippet ████████░░░░░░░░░ 1/2  2 s"
        now[0] = 3.0
        waiting.advance(2, 2)
        assert stream.getvalue().rpartition("\x1b[2K")[2].startswith("61 snippet ")


def test_silent_bar_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at a terminal either."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    stream = Screen()
    with ProgressBar(Terminal(stream, {}), "verify", is_silent=True) as waiting:
        now[0] = 9.0
        waiting.advance(1, 2)
    assert stream.getvalue() == ""


def test_the_bar_gives_way_to_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """And behind the line stands room for the ^C of whoever has enough."""
    now = [0.0]
    monkeypatch.setattr("kb.screen.progress_bar.time.monotonic", lambda: now[0])
    for width, bar in ((40, "████████░░░░░░░░░ "), (24, ""), (12, "")):
        stream = Screen()
        now[0] = 0.0
        with ProgressBar(Terminal(stream, {"COLUMNS": str(width)}), "indexing") as waiting:
            now[0] = 2.0
            waiting.advance(40, 80)
            line = stream.getvalue().rpartition("\x1b[2K")[2]
        assert len(line) <= width - 3
        assert line.startswith(f"indexing {bar}40/80"[: width - 4])
