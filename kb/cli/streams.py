"""Streams: standard input, output and errors made sound before anything uses them, whatever the program was started
with."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO


def secure_streams() -> None:
    """See to it that the three streams are there and take whatever is written.

    One that was closed is the null device from now on, as git and the programs of other languages have it: a file that
    is opened later would get its number, and be written to by mistake. What a stream's encoding lacks is replaced, so
    that no text is an error.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest free number, which is this one
    for name, number, errors in (("stdin", 0, "replace"), ("stdout", 1, "replace"), ("stderr", 2, "backslashreplace")):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def let_go(stream: TextIO) -> None:
    """Have what was not written yet, and all that is written from now on, go nowhere: the stream takes no more."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        stream.flush()
