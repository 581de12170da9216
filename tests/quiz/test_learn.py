"""kb learn: at a real pseudo-terminal and without one; nothing is lost, whatever is pressed."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Kb, only_json, write_entry
from tests.pseudo_terminal import Screen, answers
from tests.quiz.test_drill import place_of
from tests.quiz.test_progress import WRITTEN, give


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two entries, named by KB_DECK; no colours, so that the screen is text."""
    write_entry(deck, 62, "other")
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    return deck


def test_entry_on_one_screen(small: Path, home: Path) -> None:
    """Gist, code, the place on the path; the next, the one before, and no further; the other language."""
    with Screen("learn", rows=24) as screen:
        text = screen.wait_for("q quit")
        assert "1 of 2 · level 1" in text
        assert "61. What is the mean of a batch?" in text
        assert "The mean is the sum of the values over their count." in text
        assert "return total / len(values)" in text
        for key, sign, times in (("p", "this is the first entry", 1), ("n", "2 of 2", 1), ("n", "this is the last", 1),
                                 ("\x1b[D", "1 of 2", 2), ("l", "一个 batch 的均值是什么", 1)):  # fmt: skip
            screen.wait_for_keys()
            screen.send(key)
            screen.wait_for(sign, times=times)
        screen.wait_for("做测验")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
    assert "kb learn 接下来是：61." in screen.text
    assert not list(home.rglob("*.jsonl"))


def test_snippet_runs(small: Path) -> None:
    """Live, as kb run shows it; then the keys again. An entry without one says so and stands."""
    (small / "062-other" / "snippet.py").unlink()
    with Screen("learn", "61", "62", rows=50) as screen:
        screen.wait_for("q quit")
        screen.wait_for_keys()
        screen.send("r")
        screen.wait_for("step=2 loss=1.0")
        screen.wait_for("✓ passed")
        screen.wait_for("q quit", times=2)
        screen.wait_for_keys()
        screen.send("n")
        screen.wait_for("2 of 2")
        screen.wait_for_keys()
        screen.send("r")
        screen.wait_for("entry 62 has no snippet")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0


def test_entry_is_asked_until_it_is_done(small: Path, home: Path) -> None:
    """Enter asks what is not known yet, what is executed first; then the entry stands again, further than before."""
    give(home, 61, *WRITTEN[1:], "recall", at=time.time() - 60)
    with Screen("learn", rows=60) as screen:
        text = screen.wait_for("q quit")
        assert "1 of 2 · level 1 · 4/5" in text
        screen.wait_for_keys()
        screen.send("\r")
        text = screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.send(place_of(text, "3"))
        assert "✓ right" in screen.wait_for("Enter next")
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("1 answered, 1 right")
        screen.wait_for("1 of 2 · level 1 · done")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
    assert "1 of 2 entries done" in screen.text
    assert "goes on with 62." in screen.text
    assert answers(home)[-1] == ("61/which-value", True)


def test_leaving_a_question_leads_back_to_the_entry(small: Path, home: Path) -> None:
    """q, Ctrl-D and Ctrl-C in the questions; Ctrl-C on the entry ends with its own exit code."""
    with Screen("learn", rows=60) as screen:
        screen.wait_for("q quit")
        for times, key in enumerate(("\x04", "\x03"), 2):
            screen.wait_for_keys()
            screen.send("\r")
            screen.wait_for("Your answer >", times=times - 1)
            screen.wait_until(lambda: screen.is_in_state("S"))
            screen.send(key)
            screen.wait_for("1 of 2 · level 1", times=times)
            screen.wait_for("n next entry", times=times)
        screen.wait_for_keys()
        screen.send("\x03")
        assert screen.end() == 130
    assert "0 of 2 entries done" in screen.text
    assert answers(home) == []


def test_small_and_resized(small: Path) -> None:
    """At 40 columns and 24 rows nothing waits behind a key, and nothing is wider than the screen; after a change of
    size the entry stands again."""
    with Screen("learn", rows=24, columns=40) as screen:
        screen.wait_for("q quit")
        assert "— more" not in screen.text
        assert any("1 of 2" in line for line in screen.screen.display)
        screen.wait_for_keys()
        screen.resize(60)
        screen.wait_for("1 of 2", times=2)
        screen.wait_for_keys()
        screen.send("?")
        screen.wait_for("kb learn goes on where you left off")
        screen.wait_for_keys()
        screen.send("\x04")
        assert screen.end() == 0


def test_suspended_questions_are_not_asked(small: Path, home: Path, kb: Kb) -> None:
    """An entry of which nothing is asked says so and stands; its state needs no answer."""
    kb("suspend", "61")
    with Screen("learn", "61", rows=60) as screen:
        screen.wait_for("q quit")
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("every item that matches is suspended or buried")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0


def test_home_that_cannot_be_written_to_is_read_in(small: Path, home: Path) -> None:
    """Entries are shown and run; that no answer can be kept is told when one would be."""
    (home / "data").write_text("in the way")
    with Screen("learn", rows=60) as screen:
        screen.wait_for("q quit")
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("progress cannot be kept")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0


def test_stopped_and_brought_back(small: Path) -> None:
    """Ctrl-Z and fg: the entry stands again."""
    with Screen("learn", rows=30) as screen:
        screen.wait_for("q quit")
        screen.wait_for_keys()
        assert screen.process.pid
        os.kill(screen.process.pid, signal.SIGSTOP)
        screen.wait_until(lambda: screen.is_in_state("T"))
        os.kill(screen.process.pid, signal.SIGCONT)
        screen.wait_for("1 of 2", times=2)
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0


def test_plan_without_a_terminal(small: Path, home: Path, kb: Kb) -> None:
    """An entry a line, what was begun first, what is done not at all; as JSON whole."""
    give(home, 62, "printed")
    lines = kb("learn").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["62", "61"]
    assert "1/5" in lines[0]
    assert kb("learn", "-n", "1").stdout.splitlines()[1] == "1 more entry"
    path = only_json(kb("learn", "--json").stdout)["path"]
    assert [(one["number"], one["progress"]["state"]) for one in path] == [(62, "begun"), (61, "pending")]
    give(home, 62, *WRITTEN)
    assert [one["number"] for one in only_json(kb("learn", "--json").stdout)["path"]] == [61]
    give(home, 61, *WRITTEN)
    assert kb("learn").stdout == "every entry is done; kb quiz asks what is due\n"
    assert only_json(kb("learn", "--json").stdout)["path"] == []


def test_named_entries_alone(small: Path, kb: Kb) -> None:
    """In the order in which they are named; what names nothing is told, and so is a guess."""
    done = kb("learn", "62", "61")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["62", "61"]
    assert kb("learn", "99").returncode == 2
    done = kb("learn", "batch average mistake")
    assert (done.returncode, "names no entry" in done.stderr) == (2, True)
