"""Journal: the files of one deck's log on the disk. How lines come to lie in them, and how they are read."""

import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from kb.files import PART, put, sync_folder, write_out
from quiz.log.event import Event, decode

PRIVATE = 0o600
"""The mode of files that nobody else may read."""


class Damage(NamedTuple):
    """A line that cannot be read."""

    path: Path
    line: int
    """From 1."""
    raw: bytes
    is_torn: bool
    """Whether it is the file's last and has no end: its writer was interrupted."""


class Reading(NamedTuple):
    """What a piece of a file gave."""

    events: list[Event]
    damages: list[Damage]
    size: int
    """Bytes of the lines that have an end."""
    lines: int
    crc: int
    """CRC-32 of the file up to there."""


def make_folder(folder: Path) -> None:
    """Make a folder that nobody else may look into, where there is none."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def make_file(path: Path) -> Path:
    """Make a file that nobody else may read, where there is none; the file.

    Raises:
        OSError: it cannot be made, or not be written to.
    """
    is_new = not path.exists()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE))
    if is_new:
        sync_folder(path.parent)
    return path


def append(path: Path, line: bytes) -> None:
    """Add a line to a file; it is on the disk when this returns, and no byte of it stays when this raises.

    The folder must be locked.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(make_file(path), os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        tail = _tail(descriptor, size)
        data = line + b"\n"
        if tail and is_event(tail):
            data = b"\n" + data  # all of it is there but its end
        elif tail:
            set_aside([Damage(path, 0, tail, True)])
            size -= len(tail)
            os.ftruncate(descriptor, size)
        try:
            write_out(descriptor, data)
        except BaseException:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _tail(descriptor: int, size: int) -> bytes:
    """What follows the last end of a line."""
    tail = b""
    while size > 0 and b"\n" not in tail:
        piece = min(size, 65_536)
        size -= piece
        tail = os.pread(descriptor, piece, size) + tail
    return tail[tail.rfind(b"\n") + 1 :]


def is_event(line: bytes) -> bool:
    """Whether a line can be read."""
    try:
        decode(line)
    except ValueError:
        return False
    return True


BOM = b"\xef\xbb\xbf"


def journals(folder: Path) -> list[Path]:
    """Every file of a deck's log: one a device, and the copies that synchronising tools leave beside them."""
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.suffix == ".jsonl" and path.is_file())
    return []


def read(path: Path, data: bytes, lines: int = 0, crc: int = 0) -> Reading:
    """Read a file's lines.

    Args:
        path: of the file.
        data: its bytes, or those after what was read before.
        lines: how many lines were read before.
        crc: of what was read before.
    """
    events: list[Event] = []
    damages: list[Damage] = []
    *whole, tail = data.split(b"\n")
    if whole and not lines:
        whole[0] = whole[0].removeprefix(BOM)  # what an editor put before the first line is none of it
    for at, line in enumerate(whole, lines + 1):
        try:
            events.append(decode(line))
        except ValueError:
            if line not in (b"", b"\r"):
                damages.append(Damage(path, at, line, False))
    if tail:
        # Not counted as read: its end may still come. An event that is whole counts all the same.
        try:
            events.append(decode(tail))
        except ValueError:
            damages.append(Damage(path, lines + len(whole) + 1, tail, True))
    size = len(data) - len(tail)
    return Reading(events, damages, size, lines + len(whole), zlib.crc32(memoryview(data)[:size], crc))


def set_aside(damages: Iterable[Damage]) -> list[Damage]:
    """Keep what cannot be read in a file beside: ``laptop.damaged`` for ``laptop.jsonl``.

    Returns:
        Those that did not lie there yet.

    Raises:
        OSError: they cannot be written.
    """
    by_path: dict[Path, list[Damage]] = {}
    for one in damages:
        by_path.setdefault(one.path.with_suffix(".damaged"), []).append(one)
    new: list[Damage] = []
    for path, found in by_path.items():
        there = set(path.read_bytes().split(b"\n")) if path.exists() else set()
        fresh = {one.raw: one for one in found if one.raw not in there}
        if fresh:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
            try:
                write_out(descriptor, b"".join(raw + b"\n" for raw in fresh))
            finally:
                os.close(descriptor)
        new += fresh.values()
    return new


def merge(folder: Path, lines: Mapping[str, Iterable[bytes]]) -> None:
    """Write files' lines in the order of their events; what is damaged in them is set aside.

    The folder must be locked.

    Args:
        folder: of the deck's log.
        lines: by the file's name, all that it shall hold.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    for left in folder.glob(f"{PART}*"):
        left.unlink(missing_ok=True)
    for name, wanted in sorted(lines.items()):
        path = folder / name
        data = b"".join(line + b"\n" for line in sorted(wanted, key=lambda line: (decode(line).key, line)))
        there = path.read_bytes() if path.exists() else b""
        if data != there:
            set_aside(read(path, there).damages)
            put(path, data, PRIVATE)
