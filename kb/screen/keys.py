"""Keys: one key at a time from a terminal, without Enter; and how keys are shown at the bottom of a screen."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress

from kb.errors import Message
from kb.screen.layout import Line, flow
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

UNFINISHED = 0.5
"""Seconds after which the rest of a character, or the end of a paste, does not come any more."""

MAX_PASTE = 1_000_000
"""Bytes of a paste that are kept."""

_PASTE, _PASTE_END = b"[200~", b"\x1b[201~"
_MOUSE = b"[M"
_REPORTS = b"]P_^"
"""What begins a terminal's own report, which a BEL or an ``ESC \\`` ends: its letters are no keys."""

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

    def __init__(self, descriptor: int | None = None, on_paste: Callable[[str], None] = lambda _: None) -> None:
        """Take what is read.

        Args:
            descriptor: of the terminal; standard input if left out.
            on_paste: gets a text that was pasted, where the terminal marks it as such. It is no key.
        """
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._on_paste = on_paste
        self._is_open = False
        self._back = b""
        """A byte that was read and is the next key's."""

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
        if not self._is_open:
            return
        self._is_open = False
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        with suppress(termios.error):  # the terminal is gone
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

    def read_within(self, seconds: float, redraw: Callable[[], None] | None = None) -> str:
        """The next key, or nothing if none comes in time.

        Args:
            seconds: how long to wait.
            redraw: called first if the terminal got another size or the program came back from Ctrl-Z.
        """
        with nullcontext() if self._is_open else self:
            if redraw is not None and select.select([self._signals], [], [], 0)[0]:
                os.read(self._signals, 1 << 16)
                redraw()
            return self._key() if self._has_key(seconds) else ""

    def drop(self) -> None:
        """Forget what was pressed and not read yet: it was meant for something else."""
        self._back = b""
        with suppress(termios.error):
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def _on_signal(self, *_: object) -> None:
        with suppress(OSError):  # the pipe is full of what is not read yet
            os.write(self._waker, b"!")

    def _on_resume(self, *_: object) -> None:
        with suppress(termios.error):  # a terminal that goes away sends this too
            self._take_keys()  # after Ctrl-Z and fg the shell's own mode is there
        self._on_signal()

    def _take_keys(self) -> None:
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)  # not TCSAFLUSH: a key pressed early counts

    def _wait(self, redraw: Callable[[], None]) -> None:
        """Until a key is there."""
        is_due = False
        while not self._back:
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
        return bool(self._back or select.select([self._descriptor], [], [], seconds)[0])

    def _byte(self) -> bytes:
        """The next byte; nothing at the end."""
        if self._back:
            data, self._back = self._back, b""
            return data
        try:
            return os.read(self._descriptor, 1)
        except OSError:  # the terminal is gone
            return b""

    def _key(self) -> str:
        """The key that comes next; nothing if it is one of no use. Never raises but for Ctrl-C, whatever comes."""
        data = self._byte()
        if not data or data == b"\x04":
            return END
        if data in (b"\r", b"\n"):
            return ENTER
        if data == b"\x1b":
            sequence = self._sequence()
            if sequence == _PASTE:
                self._on_paste(self._paste())
            return _SEQUENCES.get(sequence, "")
        if data in (b"\x7f", b"\x08"):
            return BACKSPACE
        if data == b"\0":
            return ""
        return data.decode() if data < b"\x80" else self._character(data)

    def _character(self, data: bytes) -> str:
        """A character of several bytes, by its first one; nothing if it is none. What follows stays where it is."""
        first = data[0]
        size = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
        while len(data) < size:
            if not self._has_key(UNFINISHED):
                return ""
            piece = self._byte()
            if not piece:
                return END
            if not 0x80 <= piece[0] < 0xC0:
                self._back = piece
                return ""
            data += piece
        return data.decode("utf-8", "ignore")

    def _sequence(self) -> bytes:
        """What follows an escape: the rest of one key's sequence, or nothing. The next key's stays where it is."""
        data = b""
        while self._has_key(TOGETHER) and (piece := self._byte()):
            if data == b"\x1b" and piece not in (b"[", b"O"):
                self._back = piece  # Escape twice
                break
            if data[-1:] not in (b"", b"\x1b") and not b" " <= piece <= b"~":
                self._back = piece  # cut off in its middle
                break
            data += piece
            start = data.removeprefix(b"\x1b")
            # `ESC [ ... letter`, `ESC O letter`, `ESC [ [ letter`; anything else is one character after the escape.
            is_ended = len(start) > 1 and b"@" <= piece <= b"~" and start != b"[["
            if is_ended or start[:1] not in (b"", b"[", b"O"):
                break
        if data == _MOUSE:
            for _ in range(3):  # button, column and row
                data += self._byte() if self._has_key(TOGETHER) else b""
        elif data and data in _REPORTS:
            data += self._until((b"\x07", b"\x1b\\"), TOGETHER)
        return data

    def _paste(self) -> str:
        """What was pasted."""
        return self._until((_PASTE_END,), UNFINISHED).removesuffix(_PASTE_END).decode("utf-8", "replace")

    def _until(self, ends: tuple[bytes, ...], seconds: float) -> bytes:
        """What comes up to one of some ends, or until nothing comes for so long."""
        data = bytearray()
        while self._has_key(seconds) and (piece := self._byte()):
            data += piece
            if data.endswith(ends):
                break
            if len(data) > 2 * MAX_PASTE:
                del data[MAX_PASTE : -len(_PASTE_END)]
        return bytes(data)


def key_lines(keys: Iterable[tuple[str, str]], say: Speech, width: int) -> list[Line]:
    """Keys with what each does, as they stand at the bottom of a screen; none is broken."""
    return flow(([(key, "strong"), (f" {say.of(Message(what))}", "dim")] for key, what in keys), width)
