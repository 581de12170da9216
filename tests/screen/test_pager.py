"""The pager, at a real pseudo-terminal."""

import sys
import termios
from pathlib import Path

import pytest

from tests.pseudo_terminal import Screen

PAGER = """
import signal, sys, termios

text = sys.stdin.read()
keys = open("/dev/tty", "rb", buffering=0)
before = termios.tcgetattr(keys)
quiet = termios.tcgetattr(keys)
quiet[3] &= ~(termios.ECHO | termios.ICANON)
termios.tcsetattr(keys, termios.TCSADRAIN, quiet)
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print(len(text.splitlines()) > 10, "lines", flush=True)
while keys.read(1) != b"q":
    pass
termios.tcsetattr(keys, termios.TCSADRAIN, before)
"""


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


def test_interrupt_is_the_pagers_own_key(small: Path, tmp_path: Path) -> None:
    """Ctrl-C reaches the pager, kb waits on, and the shell that goes on afterwards shows what is typed."""
    program = tmp_path / "pager.py"
    program.write_text(PAGER)
    script = f"{sys.executable} -m kb show 61; echo left $?; cat"
    with Screen(program=["bash", "-c", script], rows=10, PAGER=f"{sys.executable} {program}") as screen:
        screen.wait_for("True lines")
        for count in (1, 2):
            screen.send("\x03")
            screen.wait_for("interrupted", times=count)
        screen.send("q")
        screen.wait_for("left 0")
        assert "kb: interrupted" not in screen.text
        assert termios.tcgetattr(screen.process.child_fd)[3] & termios.ECHO
        screen.send("\x04")
        assert screen.end() == 0


def test_interrupt_ends_a_pager_that_does_not_know_it(small: Path, tmp_path: Path) -> None:
    """What is inherited is the usual effect of Ctrl-C."""
    program = tmp_path / "pager.py"
    program.write_text('import time\nprint("begun", flush=True)\ntime.sleep(600)\n')
    with Screen("show", "61", rows=10, PAGER=f"{sys.executable} {program}") as screen:
        screen.wait_for("begun")
        screen.send("\x03")
        assert screen.end() == 0


@pytest.mark.parametrize("pager", ["no-such-program-here", "'", "less '"])
def test_without_a_pager_the_text_is_printed(small: Path, pager: str) -> None:
    """A program that is not there, or a command line that is none, costs the reader nothing."""
    with Screen("show", "61", rows=10, PAGER=pager) as screen:
        assert screen.end() == 0
        assert "What is the mean" in screen.text
        assert "Traceback" not in screen.text
