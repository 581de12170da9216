"""Folder: where a run or a worker keeps what goes away with it."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kb.errors import KbError
from kb.places import temporary_folder

WORK, SCRATCH = "work", "tmp"
"""Inside a run's folder: the script's working folder, and its folder for temporary files."""

PREFIX = "kb-run-"


def find_temporary_folder() -> str:
    """The folder for temporary files.

    Raises:
        KbError: none can be written.
    """
    if (found := temporary_folder()) is None:
        raise KbError("no folder for temporary files can be written", "set TMPDIR to one that can")
    return found


def make_folder(parent: str, prefix: str = PREFIX) -> str:
    """A new folder that only this user may enter. (tempfile would take 3 ms more, before every run.)

    Raises:
        OSError: it cannot be made.
    """
    folder = Path(parent, f"{prefix}{os.urandom(6).hex()}")
    folder.mkdir(0o700)
    return str(folder)


def remove_folder(folder: str) -> None:
    """Remove a folder, also one whose owner took away his own permission."""
    import shutil  # deferred: 3 ms before every run

    def force(function: Callable[..., Any], path: str, _: Any) -> None:
        with suppress(OSError):
            Path(path).parent.chmod(0o700)
            if not Path(path).is_symlink():  # what it leads to lies elsewhere, and is not this run's to change
                Path(path).chmod(0o700)
            function(path)

    shutil.rmtree(folder, onerror=force)
