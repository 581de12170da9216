"""Lock: what a worker holds for as long as it lives, so that an address has one worker and everybody can see whether
it is alive. The system lets go of it whatever ends the worker."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

TRIES = 30
"""How often a lock is tried for, 10 ms apart: whoever only looks holds it for a moment."""


class Lock:
    """An exclusive lock on a file, which says who holds it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "Lock | None":
        """Take a lock, in a folder that is made if it is not there; None if somebody holds it.

        Raises:
            OSError: folder or file cannot be made.
        """
        for _ in range(TRIES):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except FileNotFoundError:
                continue  # whoever let go of it has just removed the folder
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever let go of it last may have removed the file: then this lock is on nothing.
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    os.ftruncate(descriptor, 0)
                    return cls(path, descriptor)
            except FileNotFoundError:
                pass
            except BlockingIOError:
                time.sleep(0.01)
            os.close(descriptor)
        return None

    def write(self, text: str) -> None:
        """Say who holds it."""
        os.pwrite(self.descriptor, text.encode(), 0)

    def let_go(self) -> None:
        """Close it here; who inherited it holds it still."""
        os.close(self.descriptor)


def lock_path(address: Path) -> Path:
    """The lock of the worker at an address."""
    return address.with_name("lock")


def clear_address(address: Path) -> None:
    """Remove what a worker left at its address, and its folder; the caller holds the lock."""
    with suppress(OSError):
        address.unlink(missing_ok=True)
        lock_path(address).unlink(missing_ok=True)
        address.parent.rmdir()


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_holder(path: Path) -> tuple[int, bool]:
    """The number of the process that holds a lock, and whether it is ready; 0 if it has not written it yet."""
    with suppress(OSError, ValueError, IndexError):
        words = path.read_text(encoding="ascii").split()
        return int(words[0]), "ready" in words
    return 0, False
