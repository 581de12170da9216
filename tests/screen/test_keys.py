"""Keys of a real pseudo-terminal."""

import os
import pty
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from kb.screen.keys import END, Keyboard
from tests.pseudo_terminal import Screen

BETWEEN_TWO_KEYS = """
import os, select, signal
import kb.screen.keys
from kb.screen.keys import Keyboard

kb.screen.keys.SETTLED = 0.0  # what is to be drawn is drawn before it sleeps
with Keyboard() as keyboard:
    for turn in range(2):
        os.kill(os.getpid(), signal.SIGCONT)
        print("turn", turn, flush=True)
        if turn == 1:
            select.select([0], [], [])  # the key comes before anybody waits for it
        for _ in range(2):
            key = keyboard.read(lambda: print("drawn anew", flush=True))
            print("key", key, flush=True)
"""


def test_suspended_between_two_keys() -> None:
    """The program comes back while it is not waiting for a key: the scene is drawn anew once it is, unless the next
    key comes first."""
    with Screen(program=[sys.executable, "-c", BETWEEN_TWO_KEYS]) as screen:
        screen.wait_for("drawn anew")
        screen.send("a")
        screen.wait_for("key a")
        screen.send("b")
        screen.wait_for("turn 1")
        screen.send("c")
        screen.wait_for("key c")
        screen.wait_until(partial(screen.is_in_state, "S"))  # nothing is left to do but to wait for the next key
        screen.send("d")
        assert screen.wait_for("key d").count("drawn anew") == 1


NAMED = """
import time
from kb.screen.keys import Keyboard

with Keyboard() as keyboard:
    print("ready", flush=True)
    while (key := keyboard.read()) != "q":
        print(f"<{key}>", flush=True)
"""


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("\x1b[A\x1bOB", "<up><down>"),
        ("\x1b[H\x1b[1~\x1b[7~\x1bOH", "<line start><line start><line start><line start>"),
        ("\x1b[F\x1b[4~\x1b[8~\x1bOF", "<line end><line end><line end><line end>"),
        ("\x1b[2~\x1b[3~\x1b[5~\x1b[6~", "<insert><delete><page up><page down>"),
        ("\x1b", "<escape>"),
        ("\x1b\x1b", "<escape>"),
        ("é中👍", "<é><中><👍>"),
        ("\x7f\r\x04", "<backspace><enter><end>"),
        # Alt-b, F1 of two kinds, F5, Ctrl-Right, the wheel: of no use, and none of their characters is a key.
        ("\x1bb\x1bOP\x1b[[A\x1b[15~\x1b[1;5C\x1b[<64;10;5Mx", "<x>"),
        # A mouse of the old kind, Alt and an arrow, a terminal's own reports.
        ("\x1b[M !!a\x1b\x1b[Ab\x1b]11;rgb:1/2/3\x07c\x1bP1$r\x1b\\d", "<a><b><c><d>"),
        # A sequence that is cut off takes nothing of the next key.
        ("\x1b[1;\x1b[A\x1b[\rx", "<up><enter><x>"),
        # What is pasted is no key.
        ("\x1b[200~3\rq\x1b[A中\x1b[201~y", "<y>"),
        ("\0x", "<x>"),
    ],
)
def test_keys_have_names(sent: str, names: str) -> None:
    """Of terminals of all kinds; what has no name is nothing, not an escape."""
    with Screen(program=[sys.executable, "-c", NAMED]) as screen:
        screen.wait_for("ready")
        screen.send(sent)
        screen.wait_until(lambda: shown_names(screen) == names)  # an escape and a letter at once are another key
        screen.send("q")
        assert screen.end() == 0
        assert shown_names(screen) == names


def shown_names(screen: Screen) -> str:
    """The names of the keys so far."""
    return "".join(screen.text.replace("ready", "").split("\n"))


@contextmanager
def typed(data: bytes, on_paste: Callable[[str], None] = lambda _: None) -> Iterator[Keyboard]:
    """A keyboard at which these bytes were typed, and which then is closed."""
    ours, theirs = pty.openpty()
    end, start = os.pipe()
    os.write(start, data)
    os.close(start)
    try:
        keyboard = Keyboard(theirs, on_paste)
        keyboard._descriptor = end  # noqa: SLF001 a terminal's own end comes only once
        yield keyboard
    finally:
        for descriptor in (ours, theirs, end):
            os.close(descriptor)


def keys_of(data: bytes) -> list[str]:
    """The keys of some bytes up to their end, without those that are nothing."""
    with typed(data) as keyboard:
        return [key for key in iter(keyboard._key, END) if key]  # noqa: SLF001


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\xe4", []),
        (b"a\xe4\xb8", ["a"]),
        (b"\xe4a", ["a"]),
        (b"\xe4\xb8\x1b[A", ["up"]),
        (b"\xf0\x9f\xc3\xa9", ["é"]),
        (b"\x80\xbf\xc0\xc1\xf5\xffx", ["x"]),
        (b"\xed\xa0\x80x", ["x"]),
        (b"\x1b\xc3\xa9x", ["x"]),
        (b"\x1b[1;", []),
        (b"\x1b[200~never ends", []),
        (b"\x1b[M", []),
        (b"\x1b]", []),
        (b"\x15\x01", ["\x15", "\x01"]),
        (b"\x1b", ["escape"]),
    ],
)
def test_bytes_that_are_no_keys(data: bytes, keys: list[str]) -> None:
    """Half characters, half sequences, and the end in the middle of any: nothing of them is a key, nothing after them
    is lost."""
    assert keys == keys_of(data)


def test_a_paste_is_given_as_a_text() -> None:
    """Whole, to whoever wants it; one without an end too."""
    pasted: list[str] = []
    with typed(b"a\x1b[200~two\rlines \xe4\xb8\xad\x1b[201~b\x1b[200~half", pasted.append) as keyboard:
        assert ["a", "b"] == [key for key in iter(keyboard._key, END) if key]  # noqa: SLF001
    assert ["two\rlines 中", "half"] == pasted


def test_what_was_pressed_before_is_dropped() -> None:
    """Also the one that was looked at already."""
    ours, theirs = pty.openpty()
    with Keyboard(theirs) as keyboard:
        os.write(ours, b"\xe4ab")
        assert keyboard.read_within(9) == ""
        keyboard.drop()
        os.write(ours, b"c")
        assert keyboard.read() == "c"
    os.close(ours)
    os.close(theirs)


def test_a_terminal_that_is_gone_is_the_end() -> None:
    """Its window was closed while a key was waited for."""
    ours, theirs = pty.openpty()
    with Keyboard(theirs) as keyboard:
        os.close(ours)
        assert keyboard.read(lambda: None) == END
    os.close(theirs)


ONE_BY_ONE = """
import termios
from kb.screen.keys import Keyboard

keyboard = Keyboard()
before = termios.tcgetattr(0)
print("key", keyboard.read(lambda: None), flush=True)
print("as before", termios.tcgetattr(0) == before, flush=True)
print("within", repr(keyboard.read_within(0.01)), termios.tcgetattr(0) == before, flush=True)
print("line", input(), flush=True)
"""


def test_closed_keyboard_leaves_the_terminal_as_it_was() -> None:
    """Between two keys lines are edited and echoed."""
    with Screen(program=[sys.executable, "-c", ONE_BY_ONE]) as screen:
        screen.send("a")
        screen.wait_for("key a")
        screen.wait_for("as before True")
        screen.wait_for("within '' True")
        screen.send("words\r")
        screen.wait_for("line words")
        assert screen.end() == 0


RESIZED = """
import kb.screen.keys
from kb.screen.keys import Keyboard

kb.screen.keys.SETTLED = 3.0  # a busy machine takes its time between two of the sizes
with Keyboard() as keyboard:
    print("ready", flush=True)
    print("key", keyboard.read(lambda: print("drawn anew", flush=True)), flush=True)
"""


def test_new_size_is_drawn_once() -> None:
    """Dragging an edge gives many sizes; the last one counts."""
    with Screen(program=[sys.executable, "-c", RESIZED]) as screen:
        screen.wait_for("ready")
        screen.wait_for_keys()
        for columns in (70, 60, 50):
            screen.resize(columns)
        screen.wait_for("drawn anew")
        screen.send("x")
        screen.wait_for("key x")
        assert screen.text.count("drawn anew") == 1
