"""Keys: one key at a time from a terminal, without Enter."""

import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import FrameType

from kb.screen.layout import Line
from kb.screen.messages import Speech

ENTER, ESCAPE, END, BACKSPACE = "enter", "escape", "end", "backspace"
UP, DOWN, LEFT, RIGHT = "up", "down", "left", "right"
"""Names of keys that have no character; END is Ctrl-D."""

SETTLED = 0.15
"""Seconds without another change of size after which the screen is drawn anew."""

_ARROWS = {b"[A": UP, b"[B": DOWN, b"[C": RIGHT, b"[D": LEFT, b"OA": UP, b"OB": DOWN, b"OC": RIGHT, b"OD": LEFT}


class _Missed:
    """What is still to be done about signals that came while nobody waited for a key."""

    redraw = False
    """The program came back from Ctrl-Z."""


def read_key(redraw: Callable[[], None] | None = None) -> str:
    """The next key: its character, or a name. Ctrl-C raises KeyboardInterrupt; a closed terminal gives END.

    Args:
        redraw: called while it waits, once the terminal got another size or the program came back from Ctrl-Z.
    """
    descriptor = sys.stdin.fileno()
    with _one_by_one(descriptor):
        if redraw is not None:
            _wait(descriptor, redraw)
        data = os.read(descriptor, 1)
        if not data or data == b"\x04":
            return END
        if data in (b"\r", b"\n"):
            return ENTER
        if data == b"\x1b":
            return _ARROWS.get(_sequence(descriptor), ESCAPE)
        if data in (b"\x7f", b"\x08"):
            return BACKSPACE
        # The rest of a character of several bytes.
        while data[0] >= 0xC0 and len(data) < (2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4):
            data += os.read(descriptor, 1)
    return data.decode("utf-8", "replace")


def _wait(descriptor: int, redraw: Callable[[], None]) -> None:
    """Until a key is there. A signal handler may not draw, so it writes to a pipe, which is watched with the keys."""
    import select

    woken, waker = os.pipe()
    os.set_blocking(waker, False)

    def wake(*_: object) -> None:
        with suppress(OSError):
            os.write(waker, b"!")

    before = signal.getsignal(signal.SIGCONT)

    def resume(number: int, frame: FrameType | None) -> None:
        if callable(before):
            before(number, frame)
        wake()

    previous = signal.signal(signal.SIGWINCH, wake), signal.signal(signal.SIGCONT, resume)
    try:
        is_due = _Missed.redraw
        while True:
            # Dragging a window's edge gives many signals: drawn once, when they have ended.
            ready, _, _ = select.select([descriptor, woken], [], [], SETTLED if is_due else None)
            if descriptor in ready:
                return
            if woken in ready:
                os.read(woken, 512)
                is_due = True
            elif is_due:
                is_due = False
                redraw()
    finally:
        _Missed.redraw = False  # drawn, or a key has come first
        signal.signal(signal.SIGWINCH, previous[0])
        signal.signal(signal.SIGCONT, previous[1])
        os.close(woken)
        os.close(waker)


def read_key_within(seconds: float) -> str:
    """The next key, or nothing if none comes in time. For use inside ``keys_at_once``."""
    import select

    if not select.select([sys.stdin.fileno()], [], [], seconds)[0]:
        return ""
    return read_key()


def keys_at_once() -> AbstractContextManager[None]:
    """While this is open a key counts when it is pressed, also one that was pressed while nothing read."""
    return _one_by_one(sys.stdin.fileno()) if sys.stdin.isatty() else nullcontext()


@contextmanager
def _one_by_one(descriptor: int) -> Iterator[None]:
    before = termios.tcgetattr(descriptor)

    def again(*_: object) -> None:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # after Ctrl-Z and fg the shell's own mode is there
        _Missed.redraw = True

    previous = signal.signal(signal.SIGCONT, again)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # not TCSAFLUSH: a key pressed early counts
        yield
    finally:
        signal.signal(signal.SIGCONT, previous)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _sequence(descriptor: int) -> bytes:
    """What follows an escape: the rest of one key's sequence, or nothing. The next key's stays for the next call."""
    import select

    data = b""
    while select.select([descriptor], [], [], 0.02)[0]:
        piece = os.read(descriptor, 1)
        data += piece
        # `ESC [ ... letter` or `ESC O letter`; anything else is one character after the escape.
        if not piece or data[:1] not in (b"[", b"O") or (len(data) > 1 and 0x40 <= piece[0] <= 0x7E):
            break
    return data


def key_line(keys: Iterable[tuple[str, str]], say: Speech) -> Line:
    """Keys with what each does, as they stand at the bottom of a screen."""
    line: Line = []
    for key, what in keys:
        line += [(" · ", "dim")] if line else []
        line += [(key, "strong"), (f" {say(what)}", "dim")]
    return line
