"""Keys: one key at a time from a terminal, without Enter; and how keys are shown at the bottom of a screen."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress

from kb.screen.layout import Line
from kb.screen.messages import Speech

ENTER, ESCAPE, END, BACKSPACE = "enter", "escape", "end", "backspace"
"""Names of keys that have no character; END is Ctrl-D."""
UP, DOWN, LEFT, RIGHT = "up", "down", "left", "right"
LINE_START, LINE_END, PAGE_UP, PAGE_DOWN = "line start", "line end", "page up", "page down"
"""The keys Home and End, and those that turn pages."""
INSERT, DELETE = "insert", "delete"

SETTLED = 0.15
"""Seconds without another change of size after which the screen is drawn anew."""

TOGETHER = 0.02
"""Seconds within which what follows an escape is of the same key."""

_ARROWS = {b"A": UP, b"B": DOWN, b"C": RIGHT, b"D": LEFT, b"H": LINE_START, b"F": LINE_END}
_NUMBERED = {1: LINE_START, 2: INSERT, 3: DELETE, 4: LINE_END, 5: PAGE_UP, 6: PAGE_DOWN, 7: LINE_START, 8: LINE_END}
_SEQUENCES = {
    b"": ESCAPE,
    b"\x1b": ESCAPE,
    **{start + end: name for start in (b"[", b"O") for end, name in _ARROWS.items()},
    **{b"[%d~" % number: name for number, name in _NUMBERED.items()},
}
"""What follows an escape, by terminals of all kinds. A sequence that is not here is a key of no use to anybody."""


class Keyboard:
    """The keys of one terminal.

    While it is open (``with keyboard:``) a key counts when it is pressed, also one that was pressed while nothing read.
    Closed, the terminal edits lines as it always does, and only ``read`` opens it, for its one key.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._is_open = False

    def __enter__(self) -> "Keyboard":
        self._modes = termios.tcgetattr(self._descriptor)
        # A signal handler may not draw, so it writes to a pipe, which is watched with the keys.
        self._signals, self._waker = os.pipe()
        os.set_blocking(self._signals, False)
        os.set_blocking(self._waker, False)
        self._handlers = {
            signal.SIGCONT: signal.signal(signal.SIGCONT, self._on_resume),
            signal.SIGWINCH: signal.signal(signal.SIGWINCH, self._on_signal),
        }
        self._is_open = True
        self._take_keys()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._modes)
        os.close(self._signals)
        os.close(self._waker)

    def read(self, redraw: Callable[[], None] | None = None) -> str:
        """The next key: its character, or a name. Ctrl-C raises KeyboardInterrupt; a closed terminal gives END.

        Args:
            redraw: called while it waits, once the terminal got another size or the program came back from Ctrl-Z,
                also if that was before, unless a key has come first.
        """
        with nullcontext() if self._is_open else self:
            while True:
                if redraw is not None:
                    self._wait(redraw)
                if key := self._key():
                    return key

    def read_within(self, seconds: float) -> str:
        """The next key, or nothing if none comes in time."""
        with nullcontext() if self._is_open else self:
            return self._key() if self._has_key(seconds) else ""

    def _on_signal(self, *_: object) -> None:
        with suppress(OSError):  # the pipe is full of what is not read yet
            os.write(self._waker, b"!")

    def _on_resume(self, *_: object) -> None:
        self._take_keys()  # after Ctrl-Z and fg the shell's own mode is there
        self._on_signal()

    def _take_keys(self) -> None:
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)  # not TCSAFLUSH: a key pressed early counts

    def _wait(self, redraw: Callable[[], None]) -> None:
        """Until a key is there."""
        is_due = False
        while True:
            # Dragging a window's edge gives many signals: drawn once, when they have ended.
            ready, _, _ = select.select([self._descriptor, self._signals], [], [], SETTLED if is_due else None)
            if self._signals in ready:
                os.read(self._signals, 1 << 16)
                is_due = True
            if self._descriptor in ready:
                return
            if is_due and not ready:
                is_due = False
                redraw()

    def _has_key(self, seconds: float) -> bool:
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _key(self) -> str:
        """The key that comes next; nothing if it is one of no use."""
        data = os.read(self._descriptor, 1)
        if not data or data == b"\x04":
            return END
        if data in (b"\r", b"\n"):
            return ENTER
        if data == b"\x1b":
            return _SEQUENCES.get(self._sequence(), "")
        if data in (b"\x7f", b"\x08"):
            return BACKSPACE
        # The rest of a character of several bytes.
        while data[0] >= 0xC0 and len(data) < (2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4):
            piece = os.read(self._descriptor, 1)
            if not piece:
                return END
            data += piece
        return data.decode("utf-8", "replace")

    def _sequence(self) -> bytes:
        """What follows an escape: the rest of one key's sequence, or nothing. The next key's stays where it is."""
        data = b""
        while self._has_key(TOGETHER):
            piece = os.read(self._descriptor, 1)
            data += piece
            # `ESC [ ... letter`, `ESC O letter`, `ESC [ [ letter`; anything else is one character after the escape.
            is_ended = len(data) > 1 and 0x40 <= piece[0] <= 0x7E and data != b"[[" if piece else True
            if is_ended or data[:1] not in (b"[", b"O"):
                break
        return data


def key_line(keys: Iterable[tuple[str, str]], say: Speech) -> Line:
    """Keys with what each does, as they stand at the bottom of a screen."""
    line: Line = []
    for key, what in keys:
        line += [(" · ", "dim")] if line else []
        line += [(key, "strong"), (f" {say(what)}", "dim")]
    return line
