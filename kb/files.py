"""Files: how one is written, whole or not at all, and how two processes do not write at once."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART = ".kb-"
"""How the names of files and folders begin that are not yet whole."""

LOCK = ".lock"
"""The file in a folder that whoever writes there holds."""


def put(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file, whole or not at all: one that is there stays until the new one is on the disk.

    Its folder is made where there is none; a link stays one, and a file's mode what it was.

    Args:
        path: of the file.
        data: all that it shall hold.
        mode: of a new file, less the umask.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    real = Path(os.path.realpath(path))  # pathlib's own raises for a link that leads to itself
    real.parent.mkdir(parents=True, exist_ok=True)
    part = real.parent / f"{PART}{os.getpid()}.part"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            with suppress(OSError):
                os.fchmod(descriptor, stat.S_IMODE(real.stat().st_mode))
            write_out(descriptor, data)
        finally:
            os.close(descriptor)
        part.replace(real)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(real.parent)


def write_out(descriptor: int, data: bytes) -> None:
    """Write all of it: it is on the disk when this returns.

    Raises:
        OSError: it cannot be written; some of it may be.
    """
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """See that the names of new files are on the disk."""
    with suppress(OSError):  # some file systems have no such thing
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(*folders: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, who writes in these folders, which are there."""
    held: list[int] = []
    try:
        # In one order, so that two who want the same two never wait for each other.
        for folder in sorted({folder.resolve() for folder in folders}):
            with suppress(OSError):  # where there are no locks, or nothing can be written: better unlocked than not
                held.append(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                fcntl.flock(held[-1], fcntl.LOCK_EX)
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
