"""Refresh: a large deck's files looked at by another process, while the command answers from what was read last."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from kb.deck.library import Library
from kb.search.index import open_index
from quiz.kinds.table import all_kinds


def refresh_behind(deck: Path, cache: Path) -> None:
    """Have ``refresh_whole`` done by a process that nobody waits for."""
    code = f"from kb.cli.refresh import refresh_whole; refresh_whole({str(deck)!r}, {str(cache)!r})"
    root = str(Path(__file__).parents[2])
    with suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
        )


def refresh_whole(deck: str, cache: str) -> None:
    """Look at all files of a large deck and bring its index up to date: what the process in the background does."""
    library = Library.open(Path(deck), Path(cache), all_kinds)
    if library.is_trusted:
        library.refresh()
    library.surely(lambda: open_index(library.ledger, Path(cache)))
