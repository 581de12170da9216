"""The quiz at a real pseudo-terminal: every kind asked, graded, saved; leaving at any moment loses nothing."""

import re
import signal
import termios
from functools import partial
from pathlib import Path

import pytest
from wcwidth import wcswidth

from quiz.log.event import Review
from quiz.schedule import Rating
from tests.conftest import learner_log, write_entry
from tests.pseudo_terminal import Screen, answers


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK; no colours, so that the screen is text."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    return deck


def place_of(text: str, option: str) -> str:
    """The letter before an option on the screen."""
    found = re.findall(rf"^  (?:\[[x ]\] )?([a-z])  {re.escape(option)}", text, re.MULTILINE)
    assert found, text
    return str(found[-1])


def test_choice_right(small: Path, home: Path) -> None:
    """One key answers; the explanation and the next interval are shown; the answer is in the log at once."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        text = screen.wait_for("a-d choose")
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
        screen.wait_for("a-d choose")
        screen.send("s")
        text = screen.wait_for("a-c toggle")
        for option in ("It lies between", "It is one of", "It moves with", "It is one of"):
            screen.send(place_of(text, option))
        screen.send("\r")
        screen.wait_for("✓ right")
        assert answers(home) == [("61/which-hold", True)]


def test_wrong_choice_shows_the_right_one_and_comes_again(small: Path, home: Path) -> None:
    """A wrong answer is told with the right option; its question comes once more at the end."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        text = screen.wait_for("a-d choose")
        screen.send(place_of(text, "2"))
        text = screen.wait_for("Enter next")
        assert "✗ wrong" in text
        assert re.search(r"right answer: [a-d] · 3", text)
        screen.send("\r")
        screen.wait_for("once more")
        screen.send(place_of(screen.wait_for("a-d choose", times=2), "3"))
        assert "✓ right" in screen.wait_for("Enter next", times=2)
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
        assert "✓ right" in screen.wait_for("Enter next")
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
        screen.wait_for("AssertionError: the sum over the count")
        screen.wait_for("Your lines >", times=2)
        screen.send("\x15" + "return sum(values) / len(values)\r\r")
        assert "✓ right" in screen.wait_for("Enter next")
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
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("u")
        screen.wait_for("taken back: 61/which-value")
        assert answers(home) == []
        screen.wait_for("a-d choose")


def test_undo_of_an_earlier_answer_asks(small: Path, home: Path) -> None:
    """A stray u takes nothing of an earlier session back; y does, and U lets it count again."""
    log = learner_log(home)
    log.add(Review("61/which-value", 1000.0, "choice", "2", False, Rating.AGAIN, Rating.AGAIN, 5.0))
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.wait_for("a-d choose")
        screen.send("U")
        screen.wait_for("nothing was taken back in this session")
        screen.wait_for("a-d choose", times=2)
        screen.send("u")
        screen.wait_for("the last answer before it: 61/which-value")
        screen.wait_for("Enter leave it")
        screen.send("\r")
        screen.wait_for("a-d choose", times=3)
        assert len(answers(home)) == 1
        screen.send("u")
        screen.wait_for("Enter leave it", times=2)
        screen.send("y")
        screen.wait_for("taken back: 61/which-value")
        screen.wait_for("a-d choose", times=4)
        assert answers(home) == []
        screen.send("U")
        screen.wait_for("counts again: 61/which-value")
        assert answers(home) == [("61/which-value", False)]


def test_proof_is_run(small: Path, home: Path) -> None:
    """r runs the item's proof and shows that it passes."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("r")
        text = screen.wait_for("passed")
        assert "assert sum([1, 2, 6]) / 3 == 3" in text


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 0)])
@pytest.mark.parametrize("kind", ["choice", "predict", "code", "recall"])
def test_leaving_at_a_prompt(small: Path, home: Path, kind: str, key: str, code: int) -> None:
    """Ctrl-C and Ctrl-D end the session at every prompt: no traceback, the right exit code."""
    with Screen("quiz", "61", "--kind", kind) as screen:
        screen.wait_for({"predict": "Your answer >", "code": "Your lines >"}.get(kind, "skip"))
        screen.wait_for_keys()
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
        screen.wait_for("a-d")
        screen.send("a")
        text = screen.wait_for("Enter")
        assert all(wcswidth(line) <= columns for line in text.splitlines())
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
    assert "next: kb learn" in screen.text


def test_elapsed_time_while_nothing_is_printed(small: Path, home: Path) -> None:
    """A silent run shows how long it takes, and wipes it before its output."""
    path, seen = small / "061-mean" / "snippet.py", home / "seen"
    silent = f'import time\nwhile not os.path.exists({str(seen)!r}):\n    time.sleep(0.05)\nprint("on"'
    path.write_text(path.read_text().replace('print("on"', silent))
    with Screen("run", "61") as screen:
        screen.wait_for("running")
        seen.touch()
        assert screen.end() == 0
    assert "✓ passed" in screen.text
    assert "running" not in screen.text


def test_rating_is_corrected_by_one_key(small: Path, home: Path) -> None:
    """The proposed rating is shown with its interval; a digit changes both, and both are logged."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        assert "(rated good)" in screen.wait_for("Enter next")
        screen.send("4")
        screen.wait_for("(rated easy)")
        screen.send("2")
        screen.wait_for("(rated hard)")
        screen.send("q")
        assert screen.end() == 0
    log = learner_log(home).reviews()
    assert [(one.proposed, one.rating) for one in log] == [(Rating.GOOD, Rating.HARD)]


def test_hint_makes_it_hard(small: Path, home: Path) -> None:
    """h shows the first rung; the right answer then counts as hard."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        text = screen.wait_for("a-d choose")
        screen.send("h")
        assert "hint 1" in screen.wait_for("a-d choose", times=2)
        screen.send(place_of(text, "3"))
        screen.wait_for("(rated hard)")


def test_giving_up_shows_the_difference(small: Path, home: Path) -> None:
    """Lines that failed are shown against a solution; a syntax error with its place."""
    with Screen("quiz", "61", "--kind", "code") as screen:
        screen.wait_for("Your lines >")
        screen.send("return sum(values\r\r")
        screen.wait_for("✗ your line 1: '(' was never closed")
        screen.wait_for("Your lines >", times=2)
        screen.send("\r:g\r")
        text = screen.wait_for("Enter next")
        assert "-return sum(values" in text
        assert "+return total / len(values)" in text


def test_wrong_answer_shows_what_was_chosen(small: Path, home: Path) -> None:
    """The chosen option and the right one stand side by side."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        place = place_of(screen.wait_for("a-d choose"), "6")
        screen.send(place)
        text = screen.wait_for("Enter next")
        assert f"✗ your answer: {place} · 6" in text
        assert re.search(r"right answer: [a-d] · 3", text)


def test_resizing_draws_the_question_anew(small: Path, home: Path) -> None:
    """On another width everything is wrapped to it, and the keys work."""
    with Screen("quiz", "61", "--kind", "choice", columns=80) as screen:
        screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.resize(40)
        text = screen.wait_for("a-d choose", times=2)
        last = text[text.rindex("What is the mean of 1") :]
        assert all(wcswidth(line) <= 40 for line in last.splitlines())
        screen.send(place_of(text, "3"))
        screen.wait_for("✓ right")
    assert answers(home) == [("61/which-value", True)]


def test_suspended_and_resumed(small: Path, home: Path) -> None:
    """After Ctrl-Z and fg the question stands there again, and one key answers."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.process.kill(signal.SIGSTOP)  # Ctrl-Z itself stops nobody who has no shell above
        screen.wait_until(partial(screen.is_in_state, "T"))
        # What a shell does when it gets the terminal back.
        modes = termios.tcgetattr(screen.process.child_fd)
        modes[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(screen.process.child_fd, termios.TCSANOW, modes)
        screen.process.kill(signal.SIGCONT)
        text = screen.wait_for("a-d choose", times=2)
        screen.send(place_of(text, "3"))
        screen.wait_for("✓ right")
    assert answers(home) == [("61/which-value", True)]


def test_nothing_scrolls_away_unread(small: Path, home: Path) -> None:
    """On a low screen what does not fit waits for a key."""
    with Screen("quiz", "61", "--kind", "choice", rows=10) as screen:
        text = screen.wait_for("— more")
        assert "What is the mean of 1, 2 and 6?" in text
        assert len(screen.screen.history.top) == 0
        screen.send(" ")
        screen.wait_for("a-d choose")


def test_next_session_of_the_day_says_what_is_due(small: Path, home: Path) -> None:
    """Nothing due is told with the time of the next, and new ones follow."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("q")
        assert screen.end() == 0
    with Screen("quiz", "--kind", "choice") as screen:
        text = screen.wait_for("choose all that apply")
        assert "nothing is due" in text
        assert "the next is due in" in text
        assert "here are new ones" in text
        screen.send("q")
        assert screen.end() == 0


def has_asked(screen: Screen, head: str) -> bool:
    """Whether the question of that head stands there to its end: the prompt where a line is typed, or the keys."""
    _, found, rest = screen.text.rpartition(head)
    return bool(found) and rest.endswith((" >", " q quit"))


def test_flood_is_told_and_goes_on_in_tens(small: Path, home: Path) -> None:
    """After a year's pause: a share of what is due, ten at a time, the rest on Enter."""
    for number in range(62, 75):
        write_entry(small, number, f"more-{number}")
    log = learner_log(home)
    for number in range(61, 75):
        for name in ("which-value", "which-hold", "printed", "counted", "recall"):
            log.add(Review(f"{number}/{name}", 0.0, "choice", "1", True, Rating.GOOD, Rating.GOOD, 5.0))
    log.close()
    with Screen(rows=30) as screen:
        assert screen.end() == 0
        assert "70 due" in screen.text
        assert "60 of it today" in screen.text
    with Screen("quiz", "--kind", "recall", rows=200) as screen:
        screen.wait_for("Recall the answer")
    with Screen("quiz", rows=300) as screen:
        screen.wait_for("60 of it today")
        for count in range(10):
            screen.wait_until(partial(has_asked, screen, f"{count + 1} of 10"))
            screen.send(":s\r" if "Your" in screen.text.splitlines()[-1] else "s")
        screen.wait_for("more are due today")
        screen.send("q")
        assert screen.end() == 0
