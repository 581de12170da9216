"""Progress bar: for work that takes longer than a moment, on a terminal alone."""

import time

from kb.screen.layout import clip
from kb.screen.terminal import Terminal
from kb.screen.width import width_of

PATIENCE = 0.4
"""Seconds before anything is shown."""

TICK = 0.1
"""Seconds between two drawings."""

CELLS = 24
LEAST_CELLS = 4
"""Of the bar: what is smaller shows nothing."""

INTERRUPT = 2
"""Columns that ``^C`` takes."""


class ProgressBar:
    """Shows how far something is; the line is gone when it ends."""

    def __init__(self, terminal: Terminal, what: str, is_silent: bool = False, at_once: float = float("inf")) -> None:
        """Begin to wait.

        Args:
            terminal: where it is shown.
            what: stands before the bar.
            is_silent: nothing is shown at a terminal either.
            at_once: from so many steps on there is no waiting before it is shown.
        """
        self._terminal = terminal
        self._can_show = terminal.can_redraw and not is_silent
        self._what = what
        self._at_once = at_once
        self._begin = time.monotonic()
        self._drawn = self._begin - TICK
        self._is_shown = False

    def __enter__(self) -> "ProgressBar":
        return self

    def advance(self, done: int, whole: int, what: str = "") -> None:
        """So many are done, of so many.

        Args:
            done: how many.
            whole: of how many.
            what: stands before the bar from now on, such as the step's name; as before if left out.
        """
        now = time.monotonic()
        self._what = what or self._what
        patience = 0.0 if whole >= self._at_once else PATIENCE
        if not self._can_show or now - self._begin < patience or now - self._drawn < TICK:
            return
        self._drawn = now
        self._is_shown = True
        left = f"  {(now - self._begin) / done * (whole - done):.0f} s" if done else ""
        # Wider than the terminal it would leave a line behind at every drawing; and behind it stands the ^C of whoever
        # has enough. The bar gives way first: the count says more.
        room = self._terminal.width - 1 - INTERRUPT
        cells = min(CELLS, room - width_of(f"{self._what}  {done}/{whole}{left}"))
        bar = f"{'█' * (cells * done // max(1, whole)):░<{cells}} " if cells >= LEAST_CELLS else ""
        line = clip(f"{self._what} {bar}{done}/{whole}{left}", max(1, room))
        self._terminal.write(f"\r\x1b[2K{line}")
        self._terminal.stream.flush()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._terminal.write("\r\x1b[2K")
            self._terminal.stream.flush()
