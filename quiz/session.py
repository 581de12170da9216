"""Session: one sitting of a quiz. Which items, in which order, and what becomes of the answers."""

import math
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

from kb.deck.entry import Entry
from kb.deck.item import Item, Kind, Wording
from kb.deck.library import Library
from quiz.progress import Progress, Review
from quiz.schedule import Memory, Parameters, Rating, recall_probability

FLOOD = 60
"""More due items than this are spread over several days."""

SPREAD = 14
"""Over how many days at most."""

RECALL = "recall"
"""The id of the card that every entry has without being written."""


@dataclass(frozen=True, slots=True)
class Card:
    """An item by name: enough to plan with."""

    number: int
    """The entry's."""
    id: str
    kind: Kind

    @property
    def key(self) -> str:
        """How progress names it."""
        return f"{self.number}/{self.id}"


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

    def wording(self, language: str) -> Wording:
        """The item in a language, or in the primary one where that is missing."""
        return self.item.wordings.get(language) or next(iter(self.item.wordings.values()))


def all_cards(library: Library) -> list[Card]:
    """Every item of a deck, each entry's recall card first."""
    cards: dict[int, list[Card]] = {number: [Card(number, RECALL, Kind.RECALL)] for number in library.by_number}
    for number, name, kind in library.store.items():
        cards.setdefault(number, []).append(Card(number, name, Kind(kind)))
    return [card for number in sorted(cards) for card in cards[number]]


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a session will ask, and what it leaves for later."""

    cards: list[Card]
    """In order."""
    due: int
    """How many items are due now."""
    today: int
    """How many of them should be asked today; fewer than are due only after a long pause."""

    @property
    def is_flood(self) -> bool:
        """Whether what is due is spread over several days."""
        return self.today < self.due


def share_of_today(due: int, done: int) -> int:
    """How many of the items that are due should still be asked today.

    After a pause of months hundreds are due at once: they are spread over up to two weeks, no fewer than ``FLOOD`` a
    day.

    Args:
        due: how many are due now.
        done: how many reviews of earlier answered items there were today.
    """
    whole = due + done
    if whole <= FLOOD:
        return due
    return min(due, max(0, max(FLOOD, math.ceil(whole / SPREAD)) - done))


def plan(
    cards: Iterable[Card],
    memories: dict[str, Memory],
    levels: dict[int, int],
    now: float,
    limit: int,
    links: Mapping[int, Collection[int]] | None = None,
    done_today: int = 0,
    parameters: Parameters = (),
    only_new: bool = False,
    also_early: bool = False,
) -> Agenda:
    """What to ask, in order: due items, the most likely forgotten first, then new ones by level.

    Args:
        cards: the items that may be asked.
        memories: what is known of those that were answered.
        levels: of the entries, by number.
        now: seconds since 1970.
        limit: how many at most.
        links: each entry's related ones: after an entry new items of those come first.
        done_today: how many reviews of earlier answered items there were today.
        parameters: of the schedule.
        only_new: leave out what was answered before.
        also_early: all that is due, whatever was done today, filled up with items that are not due yet.
    """
    due: list[tuple[float, Card]] = []
    early: list[tuple[float, Card]] = []
    new: list[Card] = []
    answered: Counter[int] = Counter()
    for card in cards:
        memory = memories.get(card.key)
        if memory is None:
            new.append(card)
            continue
        answered[card.number] += 1
        (due if memory.due <= now else early).append((recall_probability(memory, now, parameters), card))
    today = len(due) if also_early else share_of_today(len(due), done_today)
    planned = [] if only_new else _by_risk(due)[:today]
    # While a flood lasts nothing is added to it.
    if only_new or today == len(due):
        planned += _path(new, answered, levels, links or {}, limit - len(planned))
    if also_early and not only_new:
        planned += _by_risk(early)
    return Agenda(apart(planned[:limit]), len(due), today)


def _by_risk(found: list[tuple[float, Card]]) -> list[Card]:
    return [card for _, card in sorted(found, key=lambda one: (one[0], one[1].key))]


def _path(
    new: list[Card],
    answered: Mapping[int, int],
    levels: dict[int, int],
    links: Mapping[int, Collection[int]],
    limit: int,
) -> list[Card]:
    """New items in an order to learn them in: lower levels first; the second question of an entry only after the
    others of its level had their first; next to an entry that was begun those that are related to it."""
    waiting: dict[int, deque[Card]] = {}
    for card in new:
        waiting.setdefault(card.number, deque()).append(card)
    asked = Counter(answered)
    begun: Counter[int] = Counter(other for number in answered for other in links.get(number, ()))
    path: list[Card] = []
    while waiting and len(path) < limit:
        number = min(waiting, key=lambda one: (levels.get(one, 2), asked[one], -begun[one], one))
        path.append(waiting[number].popleft())
        if not waiting[number]:
            del waiting[number]
        if not asked[number]:
            begun.update(links.get(number, ()))
        asked[number] += 1
    return path


def apart(cards: Collection[Card], gap: int = 2) -> list[Card]:
    """The same cards, items of one entry at least ``gap`` others apart as long as there are others."""
    waiting = list(cards)
    ordered: list[Card] = []
    while waiting:
        recent = {card.number for card in ordered[-gap:]}
        at = next((at for at, card in enumerate(waiting) if card.number not in recent), 0)
        ordered.append(waiting.pop(at))
    return ordered


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
        progress: Progress,
        cards: Collection[Card],
        random: Random,
        clock: Callable[[], float],
    ) -> None:
        self.library = library
        self.progress = progress
        self.random = random
        self.clock = clock
        self.queue: deque[tuple[Card, bool]] = deque((card, False) for card in cards)
        self.answered: list[Answered] = []
        self._usual: dict[Kind, float | None] = {}

    @property
    def left(self) -> int:
        """How many questions are still to come."""
        return len(self.queue)

    def next(self) -> Question | None:
        """The next question; None when all are answered. It stays the next until it is answered or skipped."""
        while self.queue:
            card, is_again = self.queue[0]
            entry = self.library.entry(card.number)
            item = recall_item(entry) if card.id == RECALL else entry.item(card.id)
            if item is not None:
                order = list(range(len(item.marks)))
                self.random.shuffle(order)
                is_new = self.progress.memory(card.key) is None
                return Question(card, entry, item, tuple(order), is_new, is_again)
            self.queue.popleft()  # taken out of the deck meanwhile
        return None

    def propose(self, question: Question, correct: bool | None, had_help: bool, seconds: float) -> Rating:
        """The rating that follows from an answer."""
        kind = question.item.kind
        if kind not in self._usual:
            self._usual[kind] = self.progress.usual_seconds(str(kind))
        return propose(correct, had_help, seconds, self._usual[kind])

    def answer(self, question: Question, given: str, correct: bool | None, rating: Rating, seconds: float) -> Memory:
        """Write an answer down. What was wrong is asked once more at the end.

        Returns:
            The item's memory after it.
        """
        review = Review(
            question.card.key, self.clock(), str(question.item.kind), given, correct, rating, rating, seconds
        )
        review, memory = self.progress.add(review)
        self.queue.popleft()
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
        memory = self.progress.amend(last.review.id, rating, self.clock())
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

    def undo(self) -> Card | None:
        """Take the last answer back and ask it again: of this session, else the last in the log. None if there is
        none, or its item is not in the deck any more (its answer is taken back all the same)."""
        last = self.answered.pop() if self.answered else None
        taken = self.progress.undo(self.clock(), last.review.id if last else None)
        if last:
            if not last.is_again and self.queue and self.queue[-1] == (last.card, True):
                self.queue.pop()
            self.queue.appendleft((last.card, last.is_again))
            return last.card
        card = next((card for card in all_cards(self.library) if taken and card.key == taken.item), None)
        if card:
            self.queue = deque(one for one in self.queue if one[0] != card)
            self.queue.appendleft((card, False))
        return card


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
    from kb.deck.text import Block, Span

    wordings = {
        language: Wording((Block("paragraph", (Span(text.title),)),), (), (text.gist,))
        for language, text in entry.texts.items()
    }
    return Item(entry.number, RECALL, Kind.RECALL, wordings)
