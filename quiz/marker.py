"""Marker: what a learner says of items without answering them: not today, never again, to be looked at later."""

from collections import deque
from dataclasses import dataclass, replace

from quiz.log.event import Marking
from quiz.log.log import Log
from quiz.plan import Card
from quiz.stats import local_day

Queue = deque[tuple[Card, bool]]
"""Items to ask, each with whether it was answered wrongly in this session."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An item that was marked, or of which that was taken back."""

    card: Card
    marking: Marking
    is_on: bool
    """Whether it is marked now."""
    removed: tuple[tuple[Card, bool], ...] = ()
    """What is not asked any more for it, as it stood in the queue."""
    is_first: bool = False
    """Whether that stood at the front."""
    answers: int = 0
    """How many the session had then."""


class Marker:
    """Marks items of one session, in its log and in its queue."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._marked: list[Marked] = []
        """What was marked in this session and not taken back, the last one last."""

    def mark(self, card: Card, marking: Marking, queue: Queue, answers: int, now: float) -> Marked:
        """Mark an item; where it is marked in that way already, take that back.

        Args:
            card: the item.
            marking: in which way.
            queue: of the session: it is taken out, unless it is only flagged.
            answers: how many the session has.
            now: seconds since 1970.

        Raises:
            KbError: it cannot be written, and has not happened.
        """
        today = local_day(now)
        is_on = not self.log.marks(today).are(card.key, marking)
        if not is_on and self._marked and (self._marked[-1].card, self._marked[-1].marking) == (card, marking):
            return self._take_back(queue, now)
        self.log.mark(card.key, marking, today if is_on else "", now)
        marked = Marked(card, marking, is_on, answers=answers)
        if is_on and marking is not Marking.FLAG:
            removed = tuple(one for one in queue if one[0] == card)
            marked = replace(marked, removed=removed, is_first=bool(removed) and queue[0] == removed[0])
            for one in removed:
                queue.remove(one)
        self._marked.append(marked)
        return marked

    def undo(self, queue: Queue, answers: int, now: float) -> Marked | None:
        """Take back what was marked last, if nothing was answered since; its question comes again.

        Raises:
            KbError: it cannot be written, and has not happened.
        """
        if not self._marked or self._marked[-1].answers < answers:
            return None
        return self._take_back(queue, now)

    def _take_back(self, queue: Queue, now: float) -> Marked:
        last = self._marked[-1]
        self.log.mark(last.card.key, last.marking, "" if last.is_on else local_day(now), now)
        self._marked.pop()
        if last.is_first:
            queue.extendleft(reversed(last.removed))
        else:
            queue.extend(last.removed)
        return replace(last, is_on=not last.is_on)
