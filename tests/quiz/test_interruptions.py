"""What comes between a question and its answer at a real pseudo-terminal: stray keys, Ctrl-C, Ctrl-Z, signals, a key
that cannot be computed. The terminal is as it was afterwards, and nothing that was answered is lost."""

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.pseudo_terminal import Screen, answers
from tests.quiz.test_drill import place_of, small
from tests.quiz.test_wire import break_key

__all__ = ["small"]

ASKED = {"choice": "a-d choose", "predict": "Your answer >", "code": "Your lines >", "recall": "Recall the answer"}
"""What stands on the screen once a question of a kind is asked."""

HEADS = {"choice": "mean of 1, 2 and 6?", "predict": "What does this print?", "code": "Fill in", "recall": "61."}
"""What its question holds."""

SHELL = termios.ICANON | termios.ECHO
"""What a shell turns on when it gets the terminal back."""


def modes_of(screen: Screen) -> list[object]:
    """How the terminal treats what is typed."""
    return termios.tcgetattr(screen.process.child_fd)[:4]


def suspend(screen: Screen) -> None:
    """What Ctrl-Z and fg do; Ctrl-Z itself stops nobody who has no shell above."""
    screen.process.kill(signal.SIGSTOP)
    screen.wait_until(partial(screen.is_in_state, "T"))
    modes = termios.tcgetattr(screen.process.child_fd)
    modes[3] |= SHELL
    termios.tcsetattr(screen.process.child_fd, termios.TCSANOW, modes)
    screen.process.kill(signal.SIGCONT)


def children(screen: Screen) -> set[int]:
    """Processes that the program started and that live."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(facts[1]) == screen.process.pid and facts[0] != "Z":
            found.add(int(path.parent.name))
    return found


@pytest.fixture(params=["xterm-256color", "dumb"])
def term(request: pytest.FixtureRequest) -> str:
    """A terminal of today, and one that can do nothing."""
    return str(request.param)


STRAY = "\x1b[3~\x1b[H\x1b[F\x1b[5~\x1b[6~\x1bb\x1b[15~\x1b[<0;3;3M\x1b[M !!\x1b[200~1\r2\x1b[201~\0\x01\t"


@pytest.mark.parametrize("kind", ["choice", "recall"])
def test_stray_keys_answer_nothing(small: Path, home: Path, kind: str) -> None:
    """Delete, Home, End, pages, Alt, function keys, the mouse, a paste."""
    with Screen("quiz", "61", "--kind", kind, "--limit", "1") as screen:
        screen.wait_for(ASKED[kind])
        screen.send(STRAY)
        screen.send("?")
        screen.wait_for("undo: take the last answer")  # the question still takes its keys
        text = screen.wait_for("? help", times=2)
        assert answers(home) == []
        assert "how well" not in text
        if kind == "choice":
            screen.send(place_of(text, "3"))
            screen.wait_for("Enter next")
            screen.send(STRAY)
            screen.send("4")
            screen.wait_for("(rated easy)")


def test_too_long_an_answer_is_asked_for_again(small: Path, home: Path) -> None:
    """In one line."""
    with Screen("quiz", "61", "--kind", "answer") as screen:
        screen.wait_for("Your answer >")
        screen.wait_for_keys()
        screen.send("1" * 10_001 + "\r")
        screen.wait_for("the answer has 10001 characters; 10000 at most are read")
        screen.wait_for("Your answer >", times=2)
        screen.send("3\r")
        screen.wait_for("✓ right")
    assert answers(home) == [("61/counted", True)]


def test_an_item_without_a_key_is_left_out(small: Path, home: Path) -> None:
    """The session says so and goes on."""
    break_key(small)
    with Screen("quiz", "61", "--kind", "predict") as screen:
        screen.wait_for("Your answer >")
        screen.send("3\r")
        assert screen.end() == 0
        assert "the key of 61/printed cannot be computed" in screen.text
        assert "nothing was answered" in screen.text
    assert answers(home) == []


def test_ctrl_c_stops_a_check_and_keeps_the_lines(small: Path, home: Path) -> None:
    """Only the check; a second one, at the prompt, ends the session."""
    with Screen("quiz", "61", "--kind", "code") as screen:
        screen.wait_for("Your lines >")
        screen.send("import os\rprint(os.getpid())\rwhile True: pass\r\r")
        screen.wait_for("checking")
        screen.send("\x03")
        screen.wait_for("stopped; nothing was graded")
        text = screen.wait_for("Your lines >", times=2)
        screen.wait_for("while True: pass", times=2)
        assert "✗" not in text
        assert answers(home) == []
        screen.wait_for_keys()
        screen.send("\x03")
        assert screen.end() == 130
        assert "Traceback" not in screen.text
    assert answers(home) == []


def test_ctrl_c_stops_a_wait_for_the_key(small: Path, home: Path) -> None:
    """What was typed stands at the prompt again, and Enter gives it once more."""
    seen = home / "seen"
    path = small / "061-mean" / "en.md"
    waiting = f"import os\nwhile not os.path.exists({str(seen)!r}):\n    pass\nprint(sum([2, 4]) / 2)"
    path.write_text(path.read_text().replace("print(sum([2, 4]) / 2)", waiting))
    with Screen("quiz", "61", "--kind", "predict") as screen:
        screen.wait_for("Your answer >")
        screen.send("3.0\r")
        screen.wait_for("checking")
        screen.send("\x03")
        screen.wait_for("stopped; nothing was graded")
        screen.wait_for("Your answer > 3.0", times=2)
        screen.send(":t\r")  # behind it: a command, and the answer stays
        screen.wait_for("Your answer > 3.0", times=3)
        seen.touch()
        screen.send("\r")
        screen.wait_for("✓ right")
    assert answers(home) == [("61/printed", True)]


@contextmanager
def in_endless_proof(deck: Path) -> Iterator[Screen]:
    """A session in which the proof of a right answer runs, and does not end by itself."""
    path = deck / "061-mean" / "en.md"
    path.write_text(path.read_text().replace("assert sum([1, 2, 6]) / 3 == 3", "print('begun')\nwhile True: pass"))
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("r")
        screen.wait_until(lambda: "begun" in screen.text.splitlines())
        yield screen


def test_ctrl_c_stops_a_proof(small: Path, home: Path) -> None:
    """The grade stands there with its keys."""
    with in_endless_proof(small) as screen:
        screen.send("\r")  # is dropped
        screen.send("\x03")
        screen.wait_for("stopped")
        screen.wait_for("Enter next", times=2)
        screen.send("4")
        screen.wait_for("(rated easy)")
        screen.send("q")
        assert screen.end() == 0
    assert answers(home) == [("61/which-value", True)]


def test_keys_pressed_during_a_check_are_dropped(small: Path, home: Path) -> None:
    """They were not meant for the grade."""
    seen = home / "seen"
    with Screen("quiz", "61", "--kind", "code") as screen:
        screen.wait_for("Your lines >")
        screen.send(f"while not os.path.exists({str(seen)!r}): pass\r")
        screen.send("return sum(values) / len(values)\r\r")
        screen.wait_for("checking")
        screen.send("\r \r")
        seen.touch()
        screen.wait_for("Enter next")
        screen.send("2")
        screen.wait_for("(rated hard)", times=1)
    assert answers(home) == [("61/mean-by-hand", True)]


def test_keys_pressed_ahead_answer_no_question(small: Path, home: Path) -> None:
    """Enter goes on; what comes with it was pressed before the next question could be read."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.send("\r12\rq")
        screen.wait_for("a-c toggle")
        screen.send("s")
        assert screen.end() == 0
    assert answers(home) == [("61/which-value", True)]


def terminal_program(folder: Path, rest: str) -> Path:
    """A program that writes down whether its terminal edits lines, and then does something."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\nstty -a </dev/tty | grep -o ' -\\?icanon' > {folder}/mode\n{rest}\n")
    path.chmod(0o755)
    return path


def test_the_editor_has_the_terminal(small: Path, home: Path) -> None:
    """As it was before the session; afterwards keys are the quiz's again."""
    editor = terminal_program(home, 'echo "return sum(values) / len(values)" > "$1"')
    with Screen("quiz", "61", "--kind", "code", EDITOR=str(editor)) as screen:
        screen.wait_for("Your lines >")
        screen.send(":e\r")
        screen.wait_for("✓ right")
        screen.wait_for("Enter next")
        screen.send("4")
        screen.wait_for("(rated easy)")
    assert (home / "mode").read_text() == " icanon\n"
    assert answers(home) == [("61/mean-by-hand", True)]


def test_too_many_lines_are_told(small: Path, home: Path) -> None:
    """The question stands."""
    editor = terminal_program(home, "head -c 100001 /dev/zero | tr '\\0' x > \"$1\"")
    with Screen("quiz", "61", "--kind", "code", EDITOR=str(editor)) as screen:
        screen.wait_for("Your lines >")
        screen.send(":e\r")
        screen.wait_for("the answer has 100001 characters; 100000 at most are read")
        screen.wait_for("Enter open it again")
        screen.wait_for_keys()
        screen.send("p")
        screen.wait_for("Your lines >", times=2)
        screen.send("return sum(values) / len(values)\r\r")
        screen.wait_for("✓ right")


def test_the_pager_has_the_terminal(small: Path, home: Path) -> None:
    """And the question stands there again when it is left."""
    pager = terminal_program(home, "exec cat")
    with Screen("quiz", "61", "--kind", "choice", PAGER=str(pager), rows=18) as screen:
        screen.wait_for("a-d choose")
        screen.send("o")
        text = screen.wait_for("a-d choose", times=2)
        screen.send(place_of(text, "3"))
        screen.wait_for("✓ right")
    assert (home / "mode").read_text() == " icanon\n"


@pytest.mark.parametrize("kind", ASKED)
def test_suspended_at_every_prompt(small: Path, home: Path, kind: str, term: str) -> None:
    """The scene comes back, and keys work."""
    with Screen("quiz", "61", "--kind", kind, "--limit", "1", TERM=term, columns=40) as screen:
        screen.wait_for(ASKED[kind])
        screen.wait_for_keys()
        suspend(screen)
        text = screen.wait_for(ASKED[kind], times=2)
        assert text.count(HEADS[kind]) == 2
        screen.wait_for_keys()
        typed = {"choice": place_of(text, "3") if kind == "choice" else "", "predict": "3\r", "recall": " "}
        screen.send(typed.get(kind, "return sum(values) / len(values)\r\r"))
        if kind == "recall":
            screen.wait_for("how well")
            screen.wait_for_keys()
            suspend(screen)
            screen.wait_for("how well", times=2)
            screen.send("3")
            assert screen.end() == 0
            return
        screen.wait_for("✓ right")
        screen.wait_for("Enter next")
        screen.wait_for_keys()
        suspend(screen)
        screen.wait_for("✓ right", times=2)
        screen.wait_for("Enter next", times=2)
        screen.send("\r")
        assert screen.end() == 0


def test_suspended_before_the_rest(small: Path, home: Path, term: str) -> None:
    """On a low screen: what was shown is shown again, and a key shows the rest."""
    with Screen("quiz", "61", "--kind", "choice", rows=10, TERM=term) as screen:
        screen.wait_for("— more")
        screen.wait_for_keys()
        suspend(screen)
        text = screen.wait_for("— more", times=2)
        assert text.count("What is the mean of 1, 2 and 6?") == 2
        screen.wait_for_keys()
        screen.send(" ")
        screen.wait_for("a-d choose")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("kind", ["choice", "predict", "code"])
def test_the_system_ends_the_session(small: Path, home: Path, kind: str, number: signal.Signals, term: str) -> None:
    """The terminal is as it was, the worker is gone, the exit code tells the signal."""
    with Screen("quiz", "61", "--kind", kind, TERM=term) as screen:
        before = modes_of(screen)
        screen.wait_for(ASKED[kind])
        screen.wait_for_keys()
        assert before != modes_of(screen)
        started = children(screen)
        screen.process.kill(number)
        screen.wait_until(lambda: not screen.process.isalive())
        after = modes_of(screen)
        assert screen.end() == -number
        assert "Traceback" not in screen.text
        assert before == after
        assert kind == "choice" or started
        assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_the_system_ends_the_session_before_the_rest(small: Path, home: Path, term: str) -> None:
    """On a screen that is low and narrow."""
    with Screen("quiz", "61", "--kind", "code", TERM=term, rows=10, columns=40) as screen:
        before = modes_of(screen)
        screen.wait_for("— more")
        screen.wait_for_keys()
        screen.process.kill(signal.SIGTERM)
        screen.wait_until(lambda: not screen.process.isalive())
        assert before == modes_of(screen)
        assert screen.end() == -signal.SIGTERM
        assert "Traceback" not in screen.text


def test_what_was_answered_before_the_end_is_saved(small: Path, home: Path) -> None:
    """The window is closed while the grade is read."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for("Enter next")
        screen.process.kill(signal.SIGHUP)
        assert screen.end() == -signal.SIGHUP
    assert answers(home) == [("61/which-value", True)]


@pytest.mark.parametrize("kind", ["choice", "predict", "code"])
def test_the_window_is_gone(small: Path, home: Path, kind: str) -> None:
    """Nobody is there to read a farewell, and nothing is made of it."""
    screen = Screen("quiz", "61", "--kind", kind)
    screen.wait_for(ASKED[kind])
    screen.wait_for_keys()
    pid: Any = screen.process.pid
    process: Any = screen.process
    process.ptyproc.fileobj.close()
    _, status = os.waitpid(pid, 0)
    process.closed = process.terminated = True
    assert os.waitstatus_to_exitcode(status) == -signal.SIGHUP
