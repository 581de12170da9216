"""Waiting: a bar for work that takes longer than a moment, on a terminal alone."""

import time

from kb.screen.terminal import Terminal

PATIENCE = 0.4
"""Seconds before anything is shown."""

TICK = 0.1
"""Seconds between two drawings."""

CELLS = 24


class Waiting:
    """Shows how far something is; the line is gone when it ends."""

    def __init__(self, terminal: Terminal, what: str) -> None:
        self._terminal = terminal
        self._what = what
        self._begin = self._drawn = time.monotonic()
        self._is_shown = False

    def __enter__(self) -> "Waiting":
        return self

    def advance(self, done: int, whole: int) -> None:
        """So many are done, of so many."""
        now = time.monotonic()
        if not self._terminal.is_terminal or now - self._begin < PATIENCE or now - self._drawn < TICK:
            return
        self._drawn = now
        self._is_shown = True
        filled = CELLS * done // max(1, whole)
        left = (now - self._begin) / max(1, done) * (whole - done)
        bar = "█" * filled + "░" * (CELLS - filled)
        self._terminal.write(f"\r\x1b[2K{self._what} {bar} {done}/{whole}  {left:.0f} s")
        self._terminal.stream.flush()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._terminal.write("\r\x1b[2K")
            self._terminal.stream.flush()
