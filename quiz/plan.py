"""Plan: which items a session asks, and in which order."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from kb.deck.item import RECALL
from kb.deck.library import Library
from quiz.schedule import Memory, Parameters, recall_probability

FLOOD = 60
"""More due items than this are spread over several days."""

SPREAD = 14
"""Over how many days at most."""

IN_A_ROW = 2
"""No more of one kind follow each other while there are others."""

FIRST_SESSION = 10
"""Among so many new questions a learner who never wrote code meets an easy piece of it, though not at once."""

AFTER_FIRST = 2
"""How many questions come before it."""


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


Easiest = Callable[[Sequence[Card]], Card | None]
"""Of some items the easiest one that has code written; None if none has."""


def plan(
    cards: Iterable[Card],
    memories: Mapping[str, Memory],
    levels: Mapping[int, int],
    now: float,
    limit: int,
    links: Mapping[int, Collection[int]] | None = None,
    done_today: int = 0,
    parameters: Parameters = (),
    only_new: bool = False,
    also_early: bool = False,
    places: Mapping[str, int] | None = None,
    easiest: Easiest | None = None,
) -> Agenda:
    """What to ask, in order: due items, the most likely forgotten first, then new ones by level; the kinds mixed.

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
        places: by kind, where it stands among those that were never asked: the least first.
        easiest: finds the first code that a learner writes; None if he has written some.
    """
    due: list[tuple[float, Card]] = []
    early: list[tuple[float, Card]] = []
    new: list[Card] = []
    known: list[Card] = []
    for card in cards:
        memory = memories.get(card.key)
        if memory is None:
            new.append(card)
            continue
        known.append(card)
        (due if memory.due <= now else early).append((recall_probability(memory, now, parameters), card))
    today = len(due) if also_early else share_of_today(len(due), done_today)
    planned = [] if only_new else _by_risk(due)[:today]
    path: list[Card] = []
    # While a flood lasts nothing is added to it.
    if only_new or today == len(due):
        answered = Counter(card.number for card in known)
        entries = visits(Counter(card.number for card in new), answered, levels, links or {}, limit - len(planned))
        path = _path(entries, new, known, places or {}, easiest)
    planned += path
    if also_early and not only_new:
        planned += _by_risk(early)
    return Agenda(mixed(planned[:limit], path), len(due), today)


def _by_risk(found: list[tuple[float, Card]]) -> list[Card]:
    return [card for _, card in sorted(found, key=lambda one: (one[0], one[1].key))]


def visits(
    new: Mapping[int, int],
    answered: Mapping[int, int],
    levels: Mapping[int, int],
    links: Mapping[int, Collection[int]],
    limit: int,
) -> list[int]:
    """Entries in an order to learn them in, each as often as it has new items: lower levels first; an entry for the
    second time only after the others of its level had their first; next to one that was begun those related to it.

    Args:
        new: how many new items each entry has, by number.
        answered: how many of its items were answered.
        levels: of the entries.
        links: each entry's related ones.
        limit: how many at most.
    """
    left = Counter(new)
    asked = Counter(answered)
    begun: Counter[int] = Counter(other for number in answered for other in links.get(number, ()))

    def urgency(number: int) -> tuple[int, int, int, int]:
        return levels.get(number, 2), asked[number], -begun[number], number

    queue = [urgency(number) for number in left]
    heapify(queue)
    path: list[int] = []
    while queue and len(path) < limit:
        known = heappop(queue)
        number = known[-1]
        if not left[number] or known != urgency(number):
            continue  # it stands in the queue a second time, as it is now
        path.append(number)
        left[number] -= 1
        if not asked[number]:
            for other in links.get(number, ()):
                begun[other] += 1
                if left[other]:
                    heappush(queue, urgency(other))
        asked[number] += 1
        if left[number]:
            heappush(queue, urgency(number))
    return path


def _path(
    entries: Sequence[int],
    new: Collection[Card],
    known: Collection[Card],
    places: Mapping[str, int],
    easiest: Easiest | None,
) -> list[Card]:
    """The new items to ask, one of each entry that is visited: of the kind of which the smallest share was asked, so
    that all kinds are met early and none is left for the end; an entry's recall card after its others."""
    waiting: dict[int, list[Card]] = {}
    for card in new:
        waiting.setdefault(card.number, []).append(card)
    asked = Counter(card.kind for card in known)
    whole = asked + Counter(card.kind for card in new)
    at_first, first = _first_code(entries, waiting, easiest)
    path: list[Card] = []
    for at, number in enumerate(entries):
        cards = [card for card in waiting[number] if card.kind != RECALL] or waiting[number]
        if first and at <= at_first:
            cards = [card for card in cards if (card.kind != first.kind if at < at_first else card == first)] or cards
        card = min(cards, key=lambda one: (asked[one.kind] / whole[one.kind], places.get(one.kind, 0)))
        waiting[number].remove(card)
        asked[card.kind] += 1
        path.append(card)
    return path


def _first_code(
    entries: Sequence[int], waiting: Mapping[int, list[Card]], easiest: Easiest | None
) -> tuple[int, Card | None]:
    """The first code that a learner is to write, and at which place; None if there is none for him."""
    soon = entries[AFTER_FIRST:FIRST_SESSION]
    card = easiest([card for number in dict.fromkeys(soon) for card in waiting[number]]) if easiest else None
    return (AFTER_FIRST + soon.index(card.number) if card else 0), card


def mixed(cards: Collection[Card], new: Collection[Card] = ()) -> list[Card]:
    """The same cards, in nearly the same order: as long as there are others no two of one entry follow each other, no
    more than ``IN_A_ROW`` of a kind do, and between two of one entry come at least two others. Where not all can be
    had, the one that is named first goes before.

    Args:
        cards: in the order that is wished.
        new: those of them that were never answered: an entry's recall card comes after its others.
    """
    waiting = list(cards)
    kinds = Counter(card.kind for card in waiting)
    fresh = set(new)
    ahead = Counter(card.number for card in waiting if card in fresh and card.kind != RECALL)
    ordered: list[Card] = []

    def cost(card: Card) -> tuple[bool, bool, bool]:
        numbers = [one.number for one in ordered[-2:]]
        is_third = len(kinds) > 1 and [one.kind for one in ordered[-IN_A_ROW:]] == [card.kind] * IN_A_ROW
        return card.number in numbers[-1:], is_third, card.number in numbers[:-1]

    def is_held(card: Card) -> bool:
        return card.kind == RECALL and ahead[card.number] > 0 and card in fresh

    while waiting:
        best, least = 0, (True, True, True, True)
        for at, card in enumerate(waiting):
            if (price := (is_held(card), *cost(card))) < least:
                best, least = at, price
                if not any(price):
                    break
        card = waiting.pop(best)
        ordered.append(card)
        kinds -= Counter([card.kind])
        if card.kind != RECALL and card in fresh:
            ahead[card.number] -= 1
    return ordered
