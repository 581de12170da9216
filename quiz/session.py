"""Session: one sitting of a quiz. Which items, in which order, and what becomes of the answers."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from random import Random

from kb.entry import Entry
from kb.library import Library
from quiz.item import Item, Kind, Wording
from quiz.progress import Progress, Review
from quiz.schedule import Memory, Rating, recall_probability

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


def plan(
    cards: Iterable[Card],
    memories: dict[str, Memory],
    levels: dict[int, int],
    now: float,
    limit: int,
    only_new: bool = False,
    also_early: bool = False,
) -> list[Card]:
    """What to ask, in order: due items, the most likely forgotten first, then new ones by level.

    Args:
        cards: the items that may be asked.
        memories: what is known of those that were answered.
        levels: of the entries, by number.
        now: seconds since 1970.
        limit: how many at most.
        only_new: leave out what was answered before.
        also_early: fill up with items that are not due yet.
    """
    due: list[tuple[float, Card]] = []
    early: list[tuple[float, Card]] = []
    new: list[tuple[int, int, int, Card]] = []
    seen: dict[int, int] = {}
    for card in cards:
        memory = memories.get(card.key)
        if memory is None:
            # The second question of an entry waits until the others of its level had their first.
            round_ = seen[card.number] = seen.get(card.number, -1) + 1
            new.append((levels.get(card.number, 2), round_, card.number, card))
        elif not only_new:
            (due if memory.due <= now else early).append((recall_probability(memory, now), card))
    by_risk = [card for _, card in sorted(due, key=lambda one: (one[0], one[1].key))]
    fresh = [card for *_, card in sorted(new, key=lambda one: one[:3])]
    rest = [card for _, card in sorted(early, key=lambda one: (one[0], one[1].key))] if also_early else []
    return (by_risk + fresh + rest)[:limit]


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
        self.answered: list[tuple[Card, Review, Memory]] = []

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

    def answer(
        self, question: Question, given: str, correct: bool | None, rating: Rating, proposed: Rating, seconds: float
    ) -> Memory:
        """Write an answer down. What was wrong is asked once more at the end.

        Returns:
            The item's memory after it.
        """
        review = Review(
            question.card.key, self.clock(), str(question.item.kind), given, correct, proposed, rating, seconds
        )
        memory = self.progress.add(review)
        self.queue.popleft()
        if rating is Rating.AGAIN and not question.is_again:
            self.queue.append((question.card, True))
        self.answered.append((question.card, review, memory))
        return memory

    def skip(self) -> None:
        """Leave the present question out."""
        self.queue.popleft()

    def undo(self) -> Card | None:
        """Take the last answer of this session back and ask again; None if there is none."""
        if not self.answered:
            return None
        card, review, _ = self.answered.pop()
        self.progress.undo(self.clock())
        if review.rating is Rating.AGAIN and self.queue and self.queue[-1] == (card, True):
            self.queue.pop()
        self.queue.appendleft((card, False))
        return card


def propose(correct: bool | None, had_help: bool) -> Rating:
    """The rating that follows from an answer: wrong, right with help, right."""
    if not correct:
        return Rating.AGAIN
    return Rating.HARD if had_help else Rating.GOOD


def recall_item(entry: Entry) -> Item:
    """The card that every entry has: its title asks, its gist answers."""
    from kb.block import Block, Span

    wordings = {
        language: Wording((Block("paragraph", (Span(text.title),)),), (), (text.gist,))
        for language, text in entry.texts.items()
    }
    return Item(entry.number, RECALL, Kind.RECALL, wordings)
