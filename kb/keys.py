"""Keys: one key at a time from a terminal, without Enter."""

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

ENTER, ESCAPE, END = "enter", "escape", "end"
"""Names of keys that have no character; END is Ctrl-D."""


def read_key() -> str:
    """The next key: its character, or a name. Ctrl-C raises KeyboardInterrupt; a closed terminal gives END."""
    descriptor = sys.stdin.fileno()
    with _one_by_one(descriptor):
        data = os.read(descriptor, 1)
        if not data or data == b"\x04":
            return END
        if data in (b"\r", b"\n"):
            return ENTER
        if data == b"\x1b":
            _drain(descriptor)
            return ESCAPE
        # The rest of a character of several bytes.
        while data[0] >= 0xC0 and len(data) < (2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4):
            data += os.read(descriptor, 1)
    return data.decode("utf-8", "replace")


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

    previous = signal.signal(signal.SIGCONT, again)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # not TCSAFLUSH: a key pressed early counts
        yield
    finally:
        signal.signal(signal.SIGCONT, previous)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _drain(descriptor: int) -> None:
    """Swallow what follows an escape: an arrow key is no answer."""
    import select

    while select.select([descriptor], [], [], 0.02)[0]:
        os.read(descriptor, 16)
