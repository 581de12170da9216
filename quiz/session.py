"""Session: one sitting of a quiz. What is asked next, and what becomes of the answers."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from random import Random

from kb.deck.entry import Entry
from kb.deck.item import RECALL, Item, Wording
from kb.deck.library import Library
from kb.deck.text import Block, Span
from quiz.log.event import Marking, Review
from quiz.log.log import Log
from quiz.marker import Marked, Marker, Queue
from quiz.options import shown_order
from quiz.plan import Card, all_cards
from quiz.schedule import Memory, Rating
from quiz.schedule import review as reviewed
from quiz.session_progress import SessionProgress


@dataclass(frozen=True, slots=True)
class Question:
    """One item as it is asked now."""

    card: Card
    entry: Entry
    item: Item
    order: tuple[int, ...]
    """Which option of the file stands at each place."""
    is_new: bool
    """Whether it was never answered before."""
    is_again: bool
    """Whether it was answered wrongly in this session."""
    is_early: bool = False
    """Whether it was answered before, and is not due yet."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one question of a session."""

    card: Card
    review: Review
    memory: Memory
    """The item's, after it."""
    is_again: bool
    """Whether it had been answered wrongly before in this session."""


class Session:
    """Asks planned items one after the other and writes every answer down at once."""

    def __init__(
        self,
        library: Library,
        log: Log,
        cards: Collection[Card],
        random: Random,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
    ) -> None:
        """Take what a session needs.

        Args:
            library: the deck.
            log: the learner's of this deck.
            cards: what is asked, in order.
            random: the dice that shuffle options.
            clock: seconds since 1970, as the learner's machine has it; it may be set.
            stopwatch: seconds since any moment, by a clock that nobody sets.
        """
        self.library = library
        self.log = log
        self.random = random
        self.clock = clock
        self.stopwatch = stopwatch
        self.queue: Queue = deque((card, False) for card in cards)
        self.answered: list[Answered] = []
        self.skipped = 0
        """How many questions were left out."""
        self._taken: list[Answered] = []
        """Answers of this session that were taken back, the last one last."""
        self._undone = 0
        """How often something was taken back in this session and does not count again yet."""
        self._usual: dict[str, float | None] = {}
        self._present: Card | None = None
        """Of the question that was asked last, answered or not."""
        self._marker = Marker(log)
        self._open: dict[tuple[Card, bool], Question] = {}
        """Questions that were shown and not answered yet: what comes back (see ``undo``, ``mark``) stays as it was."""

    @property
    def left(self) -> int:
        """How many questions are still to come."""
        return len(self.queue)

    @property
    def progress(self) -> SessionProgress:
        """How far the session is, at the question that is next."""
        answered = self.answered
        right = sum(one.review.rating is not Rating.AGAIN for one in answered)
        return SessionProgress(
            place=len(answered) + self.skipped + 1,
            whole=len(answered) + self.skipped + len(self.queue),
            again=sum(one.is_again for one in answered) + sum(is_again for _, is_again in self.queue),
            right=right,
            wrong=len(answered) - right,
        )

    @property
    def kinds(self) -> set[str]:
        """The kinds of the questions that are still to come."""
        return {card.kind for card, _ in self.queue}

    def next(self) -> Question | None:
        """The next question; None when all are answered. It stays the next until it is answered or skipped."""
        while self.queue:
            card, is_again = self.queue[0]
            entry = self.library.entry(card.number)
            item = recall_item(entry) if card.id == RECALL else entry.item(card.id)
            if item is not None:
                self._present = card
                memory, shown = self.log.memory(card.key), self._open.get((card, is_again))
                order = shown.order if shown and shown.item == item else shown_order(item, self.random)
                is_early = memory is not None and memory.due > self.clock()
                question = Question(card, entry, item, order, memory is None, is_again, is_early)
                self._open[card, is_again] = question
                return question
            self.queue.popleft()  # taken out of the deck meanwhile
        return None

    def propose(self, question: Question, correct: bool | None, had_help: bool, seconds: float) -> Rating:
        """The rating that follows from an answer."""
        kind = question.item.kind
        if kind not in self._usual:
            self._usual[kind] = self.log.usual_seconds(kind)
        return propose(correct, had_help, seconds, self._usual[kind])

    def waits(self, question: Question) -> dict[Rating, float | None]:
        """Seconds after which an item would come again, by the rating that its answer gets now; None where that is in
        this session. Nothing is written down."""
        memory, now, parameters = self.log.memory(question.card.key), self.clock(), self.log.parameters
        waits: dict[Rating, float | None] = {
            rating: reviewed(memory, rating, now, parameters).due - now for rating in Rating
        }
        return waits if question.is_again else {**waits, Rating.AGAIN: None}

    def answer(self, question: Question, given: str, correct: bool | None, rating: Rating, seconds: float) -> Memory:
        """Write an answer down. What was wrong is asked once more at the end.

        Returns:
            The item's memory after it.
        """
        review = Review(question.card.key, self.clock(), question.item.kind, given, correct, rating, rating, seconds)
        review, memory = self.log.add(review)
        self._undone = 0  # what was taken back has been answered anew, or left: redo would count it beside
        self._taken.clear()
        self._open.pop(self.queue.popleft(), None)
        if rating is Rating.AGAIN and not question.is_again:
            self.queue.append((question.card, True))
        self.answered.append(Answered(question.card, review, memory, question.is_again))
        return memory

    def amend(self, rating: Rating) -> Memory | None:
        """Correct the rating of the last answer of this session.

        Returns:
            The item's memory after it; None if there is no such answer, or it was taken back elsewhere.
        """
        if not self.answered:
            return None
        last = self.answered[-1]
        memory = self.log.amend(last.review.key, rating, self.clock())
        if memory is None:
            return None
        self.answered[-1] = replace(last, review=replace(last.review, rating=rating), memory=memory)
        once_more = (last.card, True)
        if rating is Rating.AGAIN and last.review.rating is not Rating.AGAIN and not last.is_again:
            self.queue.append(once_more)
        elif rating is not Rating.AGAIN and self.queue and self.queue[-1] == once_more:
            self.queue.pop()
        return memory

    def extend(self, cards: Iterable[Card]) -> None:
        """Ask these too."""
        self.queue.extend((card, False) for card in cards)

    def skip(self) -> None:
        """Leave the present question out."""
        self.queue.popleft()
        self.skipped += 1

    def bury(self) -> Marked | None:
        """Ask the present item no more today, see ``mark``."""
        return self.mark(Marking.BURY)

    def suspend(self) -> Marked | None:
        """Never ask the present item again, see ``mark``."""
        return self.mark(Marking.SUSPEND)

    def flag(self) -> Marked | None:
        """Mark the present item for later attention, see ``mark``."""
        return self.mark(Marking.FLAG)

    def mark(self, marking: Marking) -> Marked | None:
        """Mark the present item: that of the question, or of the one that was just answered. Where it is marked in
        that way already, that is taken back.

        Returns:
            What became of it; None if nothing was asked yet.

        Raises:
            KbError: it cannot be written, and has not happened.
        """
        if self._present is None:
            return None
        return self._marker.mark(self._present, marking, self.queue, len(self.answered), self.clock())

    def unmark(self) -> Marked | None:
        """Take back what was marked last, if nothing was answered since; a question that was left out for it comes
        again. None if there is nothing."""
        return self._marker.undo(self.queue, len(self.answered), self.clock())

    def undo(self) -> Review | None:
        """Take the last answer of this session back and ask it again; None if there is none."""
        if not self.answered:
            return None
        last = self.answered[-1]
        self.log.undo(self.clock(), last.review.key)  # first: what cannot be written down has not happened
        self.answered.pop()
        self._undone += 1
        self._taken.append(last)
        if not last.is_again and self.queue and self.queue[-1] == (last.card, True):
            self.queue.pop()
        self.queue.appendleft((last.card, last.is_again))
        return last.review

    def undo_earlier(self) -> Review | None:
        """Take the last answer in the log back, of whichever session, and ask it again if the deck still has it."""
        taken = self.log.undo(self.clock())
        self._undone += taken is not None
        card = next((card for card in all_cards(self.library) if taken and card.key == taken.item), None)
        if card:
            self.queue = deque(one for one in self.queue if one[0] != card)
            self.queue.appendleft((card, False))
        return taken

    def redo(self) -> list[Review]:
        """Let what was taken back last in this session count again; what of it waits to be asked does not any more."""
        if not self._undone:
            return []
        self._undone -= 1
        given = self.log.redo(self.clock())
        items = {review.item for review in given}
        if self._taken and self._taken[-1].review.key in {review.key for review in given}:
            again = self._taken.pop()
            self.answered.append(again)
            if again.review.rating is Rating.AGAIN and not again.is_again:
                self.queue.append((again.card, True))
        if self.queue and self.queue[0][0].key in items:
            self.queue.popleft()
        return given


def propose(correct: bool | None, had_help: bool, seconds: float, usual: float | None) -> Rating:
    """The rating that follows from an answer: wrong, right with help, right, right and faster than usual.

    Args:
        correct: whether it is right.
        had_help: whether it took a hint or another try.
        seconds: from question to answer.
        usual: the learner's median for the kind; None as long as it is not known.
    """
    if not correct:
        return Rating.AGAIN
    if had_help:
        return Rating.HARD
    return Rating.EASY if usual is not None and seconds < usual else Rating.GOOD


def recall_item(entry: Entry) -> Item:
    """The card that every entry has: its title asks, its gist answers."""
    wordings = {
        language: Wording((Block("paragraph", (Span(text.title),)),), (), (text.gist,))
        for language, text in entry.texts.items()
    }
    return Item(entry.number, RECALL, RECALL, wordings)
