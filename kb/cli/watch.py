"""Watching: a snippet that runs again whenever its file is saved, and on a key."""

import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from kb.screen.keys import END, keys_at_once, read_key_within

STOP, AGAIN, DEVICE = "q", "r", "d"


def watch(path: Path, run: Callable[[], None], next_device: Callable[[], None]) -> None:
    """Run, then wait for a save (run again), ``r`` (run again), ``d`` (another device), ``q`` or Ctrl-D (leave).

    Args:
        path: the file whose saves count.
        run: runs and shows it.
        next_device: changes to the next device and says so.
    """
    # Deferred: 30 ms.
    import watchfiles

    changes: queue.Queue[None] = queue.Queue()
    end = threading.Event()

    def look() -> None:
        # The folder, not the file: editors write a new file and move it into the old one's place.
        for found in watchfiles.watch(path.parent, stop_event=end, step=20, debounce=60, recursive=False):
            if any(Path(name) == path for _, name in found):
                changes.put(None)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        with keys_at_once():
            run()
            while True:
                key = read_key_within(0.1) if sys.stdin.isatty() else ""
                if key in (STOP, END):
                    return
                if key == DEVICE:
                    next_device()
                is_changed = _drained(changes, 0.0 if sys.stdin.isatty() else 0.1)
                if key in (AGAIN, DEVICE) or is_changed:
                    run()
    finally:
        end.set()
        thread.join(timeout=2)


def _drained(changes: "queue.Queue[None]", seconds: float) -> bool:
    """Whether something came; several saves at once count as one."""
    try:
        changes.get(timeout=seconds) if seconds else changes.get_nowait()
    except queue.Empty:
        return False
    while not changes.empty():
        changes.get_nowait()
    return True
