"""Wire inbox: lines, read in a thread of their own, so that a cancel is seen while what came before it is worked on."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from kb.errors import KbError
from quiz.examiner import Stopped
from quiz.wire_lines import Message, messages

READ_AHEAD = 16
"""Lines that wait at most: a cancel is seen while fewer do."""

AGAIN = 0.05
"""Seconds between two calls to stop: what is to be stopped may just be about to begin."""

CAN_BE_STOPPED = {"answer", "proof"}
"""Verbs that may take long."""


NOTHING_TO_CANCEL = KbError("nothing is being graded or run", "send a cancel after what it is to stop")


@dataclass(eq=False, slots=True)
class Letter:
    """One line as it came."""

    message: Message
    """What it says; empty if it cannot be read."""
    error: KbError | OSError | None = None
    """What is wrong with it, or why no more can be read."""
    is_cancelled: bool = False
    """Whether a cancel came after it, in time."""

    @property
    def can_be_stopped(self) -> bool:
        """Whether a cancel may come in time."""
        return bool(self.message.keys() & CAN_BE_STOPPED)


class Inbox:
    """The lines of a source, one after the other. A cancel stops whatever was asked for before it and is not done."""

    def __init__(self, source: BinaryIO, stop: Callable[[], None]) -> None:
        """Take what an inbox needs.

        Args:
            source: bytes, see ``messages``.
            stop: makes what runs now raise ``Stopped``; called from another thread, and more than once.
        """
        self._source = source
        self._stop = stop
        self._changed = threading.Condition()
        self._waiting: deque[Letter | None] = deque()
        self._unsettled: list[Letter] = []
        """Those that a cancel reaches, in order; the first may be worked on now."""
        self._is_open = True

    def __enter__(self) -> "Inbox":
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_open = False
            self._unsettled.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Letter]:
        """Every letter until the source ends; one is settled at the latest when the next is asked for.

        Raises:
            OSError: the source cannot be read.
        """
        while (letter := self._take()) is not None:
            if isinstance(letter.error, OSError):
                raise letter.error
            yield letter
            self._reach(letter)

    def settle(self, letter: Letter) -> None:
        """Take what a letter asked for as done: from now on no cancel reaches it.

        Raises:
            Stopped: one already has.
        """
        self._reach(letter)
        if letter.is_cancelled:
            raise Stopped

    def _reach(self, letter: Letter) -> None:
        """From now on no cancel reaches a letter."""
        with self._changed:
            if letter in self._unsettled:
                self._unsettled.remove(letter)
                self._changed.notify_all()

    def _take(self) -> Letter | None:
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            letter = self._waiting.popleft()
            self._changed.notify_all()
        return letter

    def _read(self) -> None:
        try:
            for message in messages(self._source):
                if isinstance(message, KbError):
                    self._put(Letter({}, message))
                elif "cancel" not in message:
                    self._put(Letter(message))
                elif not self._cancel():
                    self._put(Letter({}, NOTHING_TO_CANCEL))
                if not self._is_open:
                    return
        except OSError as error:
            self._put(Letter({}, error))
        self._put(None)

    def _put(self, letter: Letter | None) -> None:
        with self._changed:
            while len(self._waiting) >= READ_AHEAD and self._is_open:
                self._changed.wait()
            if letter is not None and letter.can_be_stopped and self._is_open:
                self._unsettled.append(letter)
            self._waiting.append(letter)
            self._changed.notify_all()

    def _cancel(self) -> bool:
        """Stop what is not done yet; whether there was anything. Returns when it has stopped."""
        with self._changed:
            reached = tuple(self._unsettled)
            for letter in reached:
                letter.is_cancelled = True
            while self._unsettled:
                self._stop()
                self._changed.wait(AGAIN)
        return bool(reached)
