"""Source: the text of one file of a deck. Whatever lies there in its place is a message, and never waited for."""

import codecs
import os
import stat
from pathlib import Path

from kb.errors import Message

MAX_BYTES = 1_000_000
"""Of one file; a long entry has 40,000."""

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Unreadable(Exception):  # noqa: N818 a state of a file, told as a complaint or an error
    """There is something, and no text can be read from it."""

    def __init__(self, message: Message, reason: object = None) -> None:
        super().__init__(message)
        self.message = message
        """What is wrong; what to do."""
        self.reason = message if reason is None else reason
        """What is wrong, for a sentence that says "cannot be read" by itself."""


def cannot_be_read(error: object) -> Unreadable:
    """What the system or a parser says of a file."""
    return Unreadable(Message("cannot be read: {error}; mend it", error=error), error)


def read_source(path: Path, most: int = MAX_BYTES) -> str:
    r"""A file's text with ``\n`` line ends, without the mark that some editors put before UTF-8.

    Args:
        path: the file.
        most: how many bytes it may have.

    Raises:
        FileNotFoundError: there is nothing of that name.
        Unreadable: there is something else than such a text.
    """
    try:
        data = _bytes(path, most)
    except FileNotFoundError:
        if path.is_symlink():
            raise Unreadable(Message("a link that leads nowhere; put the file itself here")) from None
        raise
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise cannot_be_read(getattr(error, "strerror", None) or error) from None
    # Without a mark every other byte of an English text in UTF-16 is null, and that would be valid UTF-8.
    if data.startswith(_WIDE_MARKS) or data[:100].count(0) > len(data[:100]) / 4:
        raise Unreadable(Message("saved as UTF-16; save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(error.object)
        raise Unreadable(Message("not UTF-8 at byte {start}; save it as UTF-8", start=start)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes(path: Path, most: int) -> bytes:
    # Without O_NONBLOCK the opening of a named pipe waits for somebody who writes into it.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise Unreadable(Message("not an ordinary file; put a text file in its place"))
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(Message("larger than {most} MB; make it smaller", most=most // 1_000_000))
    return data


def spoken_name(name: str) -> str:
    """A file's name as text that can be kept and printed: bytes that are no UTF-8 become ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
