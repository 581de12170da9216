"""The quiz at a real pseudo-terminal: every kind asked, graded, saved; leaving at any moment loses nothing."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.conftest import write_entry
from tests.screen import Screen, answers


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK; no colours, so that the screen is text."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    return deck


def place_of(text: str, option: str) -> str:
    """The number before an option on the screen."""
    found = re.findall(rf"^  (\d)  {re.escape(option)}", text, re.MULTILINE)
    assert found, text
    return str(found[-1])


def test_choice_right(small: Path, home: Path) -> None:
    """One key answers; the explanation and the next interval are shown; the answer is in the log at once."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        text = screen.wait_for("1-4 choose")
        assert "What is the mean of 1, 2 and 6?" in text
        screen.send(place_of(text, "3"))
        text = screen.wait_for("Enter next")
        assert "✓ right" in text
        assert "Nine over three." in text
        assert "next review in" in text
        assert answers(home) == [("61/which-value", True)]
        screen.send("q")
        assert screen.end() == 0
    assert "1 answered, 1 right" in screen.text


def test_choice_of_several(small: Path, home: Path) -> None:
    """Keys toggle, Enter confirms; all right options and no other."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.wait_for("1-4 choose")
        screen.send("s")
        text = screen.wait_for("1-3 toggle")
        for option in ("It lies between", "It is one of", "It moves with", "It is one of"):
            screen.send(place_of(text, option))
        screen.send("\r")
        screen.wait_for("✓ right")
        assert answers(home) == [("61/which-hold", True)]


def test_wrong_choice_shows_the_right_one_and_comes_again(small: Path, home: Path) -> None:
    """A wrong answer is told with the right option; its question comes once more at the end."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        text = screen.wait_for("1-4 choose")
        screen.send(place_of(text, "2"))
        text = screen.wait_for("Enter next")
        assert "✗ wrong" in text
        assert re.search(r"right answer: \d 3", text)
        screen.send("\r")
        text = screen.wait_for("once more")
        screen.send(place_of(screen.wait_for("1 left"), "3"))
        screen.wait_for("✓ right")
        screen.send("\r")
        assert screen.end() == 0
    assert answers(home) == [("61/which-value", False), ("61/which-value", True)]


def test_predict_and_answer(small: Path, home: Path) -> None:
    """Typed values are graded against what the script prints; only the form wrong is no mistake."""
    with Screen("quiz", "61", "--kind", "predict") as screen:
        assert "print(sum([2, 4]) / 2)" in screen.wait_for("Your answer >")
        screen.send("\r")
        screen.wait_for("an answer is empty")
        screen.send("3\r")
        screen.wait_for("✓ right")
        screen.send("\r")
        assert screen.end() == 0
    with Screen("quiz", "61", "--kind", "answer") as screen:
        screen.wait_for("Your answer >")
        screen.send("4\r")
        text = screen.wait_for("✗ wrong")
        assert "right answer: 3" in screen.wait_for("Enter next")
        assert "12 // 4" not in text
        screen.send("q")
        assert screen.end() == 0
    assert answers(home) == [("61/printed", True), ("61/counted", False)]


def test_code_wrong_then_right(small: Path, home: Path) -> None:
    """Lines are run; a failed check is shown with its values; another try passes, and counts as helped."""
    with Screen("quiz", "61", "--kind", "code") as screen:
        text = screen.wait_for("Your lines >")
        assert "def mean(values: list[float]) -> float:" in text
        assert "total / len(values)" not in text
        screen.send("return sum(values)\r\r")
        screen.wait_for("AssertionError: the sum over the count", 90)
        screen.wait_for("Your lines >", times=2)
        screen.send("\x15" + "return sum(values) / len(values)\r\r")
        screen.wait_for("✓ right", 90)
        screen.send("q")
        assert screen.end() == 0
    assert answers(home) == [("61/mean-by-hand", True)]


def test_other_holes_are_not_shown(small: Path, home: Path) -> None:
    """The lines around a hole end where another hole begins: its solution is another question's key."""
    path = small / "061-mean" / "snippet.py"
    path.write_text(
        path.read_text().replace("assert mean([4.0])", "# hole: other\nsecret = 1\n# end\nassert mean([4.0])")
    )
    with Screen("quiz", "61", "--kind", "code") as screen:
        text = screen.wait_for("Your lines >")
        assert "assert mean([1.0, 2.0, 6.0]) == 3.0" in text
        assert "secret" not in text


def test_code_given_up(small: Path, home: Path) -> None:
    """Giving up shows a solution and counts as wrong."""
    with Screen("quiz", "61", "--kind", "code") as screen:
        screen.wait_for("Your lines >")
        screen.send(":g\r")
        text = screen.wait_for("Enter next")
        assert "✗ wrong" in text
        assert "return total / len(values)" in text
    assert answers(home) == [("61/mean-by-hand", False)]


def test_recall(small: Path, home: Path) -> None:
    """The title asks, the gist answers, the learner rates."""
    with Screen("quiz", "61", "--kind", "recall") as screen:
        assert "sum of the values" not in screen.wait_for("Recall the answer")
        screen.send(" ")
        assert "sum of the values over their count" in screen.wait_for("how well")
        screen.send("3")
        assert screen.end() == 0
    assert answers(home) == [("61/recall", None)]


def test_undo(small: Path, home: Path) -> None:
    """u takes the last answer back and asks it again."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("1-4 choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("u")
        screen.wait_for("taken back: 61/which-value")
        assert answers(home) == []
        screen.wait_for("1-4 choose")


def test_proof_is_run(small: Path, home: Path) -> None:
    """r runs the item's proof and shows that it passes."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("1-4 choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("r")
        text = screen.wait_for("passed", 90)
        assert "assert sum([1, 2, 6]) / 3 == 3" in text


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 0)])
@pytest.mark.parametrize("kind", ["choice", "predict", "code", "recall"])
def test_leaving_at_a_prompt(small: Path, home: Path, kind: str, key: str, code: int) -> None:
    """Ctrl-C and Ctrl-D end the session at every prompt: no traceback, the right exit code."""
    with Screen("quiz", "61", "--kind", kind) as screen:
        screen.wait_for({"predict": "Your answer >", "code": "Your lines >"}.get(kind, "skip"))
        screen.read(0.3)
        screen.send(key)
        assert code == screen.end()
        assert "Traceback" not in screen.text
        assert "nothing was answered" in screen.text


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_the_screen(small: Path, home: Path, columns: int, lang: str) -> None:
    """Question, options and explanation wrap at words: no line is cut by the terminal's edge."""
    write_entry(small, 62, "other")
    with Screen("quiz", "61", "--kind", "choice", "--lang", lang, columns=columns) as screen:
        text = screen.wait_for("1-4")
        screen.send("1")
        text = screen.wait_for("Enter")
        assert all(cell_len(line) <= columns for line in text.splitlines())
        # A word that the terminal itself broke would go on at the next line's start without a space.
        assert "explana\ntion" not in text


def test_language_is_switched(small: Path, home: Path) -> None:
    """l shows the question in the other language."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.wait_for("What is the mean of 1, 2 and 6?")
        screen.send("l")
        screen.wait_for("的均值是多少")
        screen.wait_for("选择")


def test_home(small: Path, home: Path) -> None:
    """Bare kb tells what is due and what to do next."""
    with Screen() as screen:
        assert screen.end() == 0
    assert "0 due, 6 new" in screen.text
    assert "next: kb quiz" in screen.text


def test_elapsed_time_while_nothing_is_printed(small: Path, home: Path) -> None:
    """A silent run shows how long it takes, and wipes it before its output."""
    folder = small / "061-mean" / "snippet.py"
    folder.write_text(folder.read_text().replace('print("on"', 'import time\ntime.sleep(1.5)\nprint("on"'))
    with Screen("run", "61") as screen:
        screen.wait_for("running")
        assert screen.end() == 0
    assert "✓ passed" in screen.text
    assert "running" not in screen.text
