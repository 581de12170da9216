"""Waiting: for a grade or a proof, with the time shown and a key that stops it."""

import time
from collections.abc import Callable
from concurrent.futures import wait
from threading import Lock
from typing import TypeVar

from kb.screen.keys import END, ESCAPE
from quiz.board import Board
from quiz.examiner import in_background

TICK = 0.03
"""Seconds between two looks at what is waited for."""

SILENCE = 1.0
"""Seconds without output after which the time is shown."""

_T = TypeVar("_T")


class Waiting:
    """Waits for something that runs in the background. ``q``, Esc and Ctrl-C stop it; no other key does anything."""

    def __init__(self, board: Board, stop: Callable[[], None]) -> None:
        """Take what waiting needs.

        Args:
            board: the screen.
            stop: stops what is waited for, or does nothing if it has not begun yet: it is called until it ends.
        """
        self._board = board
        self._stop = stop
        self._lock = Lock()
        self._begun = self._printed = time.monotonic()
        self._is_line_open = False
        """Whether what was printed last goes on in the same line."""
        self._shown = ""
        """The time as it is on the screen."""

    def print(self, _: str, text: str) -> None:
        """Print what comes of it, from any thread."""
        with self._lock:
            self._clear()
            self._board.out.write(text)
            self._board.out.stream.flush()
            self._is_line_open = not text.endswith("\n")
            self._printed = time.monotonic()

    def result_of(self, work: Callable[[], _T]) -> _T:
        """What it gives, or raises.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed again, after it was to stop.
        """
        later = in_background(work)
        is_stopped = False
        try:
            try:
                wait([later], TICK)  # most is there before a key could be looked for
            except KeyboardInterrupt:
                is_stopped = True
            while not later.done():
                try:
                    if self._board.read_key_within(TICK) in ("q", ESCAPE, END):
                        is_stopped = True
                except KeyboardInterrupt:
                    if is_stopped:
                        raise
                    is_stopped = True
                if is_stopped:
                    self._stop()
                self._show_time()
            return later.result()
        finally:
            with self._lock:
                self._clear()

    def _show_time(self) -> None:
        """How long it has taken, where nothing was printed for a while; told once where nothing may be drawn over."""
        out, say = self._board.out, self._board.say
        now = time.monotonic()
        with self._lock:
            if now - self._printed < SILENCE or self._is_line_open or (self._shown and not out.can_redraw):
                return
            text = say("{seconds} s · q stops", seconds=int(now - self._begun)) if out.can_redraw else say("q stops")
            if text != self._shown:
                start, end = ("\r\x1b[2K", "") if out.can_redraw else ("", "\n")
                out.write(start + out.styled([(text, "dim")]) + end)
                out.stream.flush()
                self._shown = text

    def _clear(self) -> None:
        if self._shown and self._board.out.can_redraw:
            self._board.out.write("\r\x1b[2K")
            self._board.out.stream.flush()
            self._shown = ""
