"""Ending: what the system says when a session is to end, turned into an exception that closes everything on its way."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, TextIO

NUMBERS = (signal.SIGTERM, signal.SIGHUP)
"""Somebody ends the program, the terminal's window is closed."""


class Ended(BaseException):
    """The system ends the session: terminal and worker are put in order, what was answered is saved already."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        """As a shell tells that a signal ended a program."""


def let_go(stream: TextIO) -> None:
    """Write what a stream still holds; where nobody reads it any more it goes nowhere, also what is written at exit."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def told_of_its_end() -> Iterator[None]:
    """Raise ``Ended`` when a signal comes, once; another one while things are put in order is one too many."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return

    own = os.getpid()

    def end(number: int, _: FrameType | None) -> NoReturn:
        if os.getpid() != own:
            os._exit(128 + number)  # a child that is about to become something else has nothing to put in order
        for other in NUMBERS:
            signal.signal(other, signal.SIG_IGN)
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
