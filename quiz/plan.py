"""Plan: which items a session asks, and in which order."""

import math
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kb.deck.item import RECALL
from kb.deck.library import Library
from quiz.schedule import Memory, Parameters, recall_probability

FLOOD = 60
"""More due items than this are spread over several days."""

SPREAD = 14
"""Over how many days at most."""


@dataclass(frozen=True, slots=True)
class Card:
    """An item by name: enough to plan with."""

    number: int
    """The entry's."""
    id: str
    kind: str
    """Name of its kind."""

    @property
    def key(self) -> str:
        """How progress names it."""
        return f"{self.number}/{self.id}"


def all_cards(library: Library) -> list[Card]:
    """Every item of a deck, each entry's recall card first."""
    cards: dict[int, list[Card]] = {number: [Card(number, RECALL, RECALL)] for number in library.by_number}
    for number, name, kind in library.items:
        cards.setdefault(number, []).append(Card(number, name, kind))
    return [card for number in sorted(cards) for card in cards[number]]


def memories_of(library: Library, memories: Mapping[str, Memory]) -> list[Memory]:
    """What is known of a deck's items: an item that left the deck is never due."""
    return [memories[card.key] for card in all_cards(library) if card.key in memories]


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
