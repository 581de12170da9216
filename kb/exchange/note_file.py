"""Note file: the text of somebody's notes, whatever program saved them."""

import codecs
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kb.errors import KbError

MAX_BYTES = 50_000_000
"""Of one file: a thousand long entries have a twentieth of it."""

CHINESE = 0.1
"""Share of Chinese characters among letters from which on a text is Chinese."""

_HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]")
_LETTER = re.compile(r"[A-Za-z]")
_MARKED = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class NoteFile(NamedTuple):
    """One file, read."""

    path: Path
    """As it was named."""
    lines: tuple[str, ...]
    """Without their ends; a form feed ends none, as in Markdown."""
    encoding: str
    """In which it was saved: ``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``gb18030``."""


def read_notes(path: Path, most: int = MAX_BYTES) -> NoteFile:
    """Read a file of notes.

    Args:
        path: the file.
        most: how many bytes it may have.

    Raises:
        KbError: there is no such file, it is no text, or it is too large.
    """
    data = read_bytes(path, most)
    text, encoding = _decoded(path, data)
    bare = text.replace("\r\n", "\n").replace("\r", "\n")
    return NoteFile(path, tuple(bare.split("\n")), encoding)


def read_bytes(path: Path, most: int, first: int | None = None) -> bytes:
    """The bytes of an ordinary file.

    Args:
        path: the file.
        most: how many it may have.
        first: how many to read of it, however large it is; all of it if None.

    Raises:
        KbError: there is no such file, or it is too large.
    """
    try:
        # Without O_NONBLOCK the opening of a named pipe waits for somebody who writes into it.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(opened, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise KbError("{path} is no ordinary file", "name a file", path=path)
            if first is not None:
                return file.read(first)
            # One that says that it is too large is not read; one that grows meanwhile is noticed, too.
            data = b"" if facts.st_size > most else file.read(most + 1)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise KbError("{path} cannot be read: {error}", "name a file", path=path, error=reason) from None
    if max(len(data), facts.st_size) > most:
        raise KbError(
            "{path} is larger than {most} MB", "split it into several files", path=path, most=most // 1_000_000
        )
    return data


def _decoded(path: Path, data: bytes) -> tuple[str, str]:
    """The text of a file, and in what it was saved; a mark at its beginning says it, or else what can be read."""
    for mark, encoding in _MARKED:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding
    start = data[:1000]
    if start.count(0) > len(start) / 4:  # every other byte of an English text in UTF-16 is null
        encoding = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
        return data.decode(encoding, "replace"), encoding
    for encoding in ("utf-8", "gb18030"):  # what is UTF-8 by chance is hardly ever anything else
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise KbError("{path} is no text in UTF-8, UTF-16 or GB18030", "save it as UTF-8", path=path)


def language_of(lines: Sequence[str]) -> str:
    """``zh`` if a good part of the letters are Chinese, else ``en``."""
    sample = "".join(lines[:2_000])[:200_000]
    chinese, latin = len(_HAN.findall(sample)), len(_LETTER.findall(sample))
    return "zh" if chinese > CHINESE * (chinese + latin) else "en"
