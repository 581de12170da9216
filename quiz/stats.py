"""Stats: what the log and the memories tell of one learner and one deck. Computed here, drawn elsewhere."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from kb.deck.library import Library
from quiz.log.answers import Marks
from quiz.log.log import Log
from quiz.plan import Card, all_cards
from quiz.schedule import DAY, REVIEW_GAP, Memory, on_calendar, recall_probability

FORECAST_DAYS = 14
"""How far ahead the due items are counted."""

HEAT_DAYS = 190
"""How far back answers are counted by day."""

RECENT_DAYS = 30
"""What counts as lately."""

_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True, slots=True)
class Retention:
    """How often something was remembered."""

    reviews: int
    """Answers that tell of memory."""
    right: int
    """Those of them that were not wrong."""

    @property
    def share(self) -> float | None:
        """From 0 to 1; None without any review."""
        return self.right / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How well a group of items is known."""

    items: int
    """How many there are."""
    answered: int
    """How many were ever answered."""
    recall: float | None
    """Mean probability that an answered one is remembered now; None if none was answered."""
    retention: Retention
    """Over the whole log."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything ``kb stats`` shows."""

    answers: int
    right: int
    today: int
    """Answers of the present local day."""
    streak: int
    """Days in a row with an answer."""
    days: dict[str, int]
    """Answers on each local day of the last half year that has any, as ``2026-11-21``."""
    retention: Retention
    recent: Retention
    """Of the last ``RECENT_DAYS`` days."""
    due: int
    """Items that are due now."""
    forecast: tuple[int, ...]
    """How many become due on each of the coming days; the first is what is left of today."""
    new: int
    """Items never answered, but for those that are suspended or buried."""
    areas: dict[str, Knowledge]
    """By area, the weakest first."""
    entries: dict[int, Knowledge]
    """By entry that has an answer, the weakest first."""


def gather(library: Library, log: Log, now: float) -> Stats:
    """Everything that ``kb stats`` shows.

    Args:
        library: the deck; answers to items that are not in it count in the totals and the days alone.
        log: the learner's.
        now: seconds since 1970.
    """
    cards, memories, parameters = all_cards(library), log.memories(), log.parameters
    days, in_a_row = recent_days(log, now, HEAT_DAYS)
    answers, right = log.totals()
    tally, marks = log.tally(REVIEW_GAP, now - RECENT_DAYS * DAY), log.marks(local_day(now))
    areas: dict[str, _Sum] = {}
    entries: dict[int, _Sum] = {}
    summaries = library.by_number
    for card in cards:
        groups = areas.setdefault(summaries[card.number].area, _Sum()), entries.setdefault(card.number, _Sum())
        key = card.key
        memory = memories.get(key)
        recall = None
        if memory is not None:
            recall = recall_probability(memory, now, parameters)
        for group in groups:
            group.add(recall, tally.get(key))
    waiting = waiting_memories(cards, memories, marks, now)
    return Stats(
        answers=answers,
        right=right,
        today=days.get(local_day(now), 0),
        streak=in_a_row,
        days=days,
        retention=Retention(sum(row[0] for row in tally.values()), sum(row[1] for row in tally.values())),
        recent=Retention(sum(row[2] for row in tally.values()), sum(row[3] for row in tally.values())),
        due=sum(memory.due <= now for memory in waiting),
        forecast=_forecast(waiting, now),
        new=count_new(cards, memories, marks),
        areas=_weakest_first(areas),
        entries=_weakest_first(entries),
    )


def waiting_memories(cards: Iterable[Card], memories: Mapping[str, Memory], marks: Marks, now: float) -> list[Memory]:
    """What is known of a deck's items that will be asked again: one that left the deck or is suspended never is, a
    buried one not before tomorrow."""
    tomorrow = datetime.combine(date.fromisoformat(local_day(now)) + timedelta(1), datetime.min.time()).timestamp()
    found = []
    for card in cards:
        memory = memories.get(card.key)
        if memory is not None and card.key not in marks.suspended:
            is_late = card.key in marks.buried and memory.due < tomorrow
            found.append(replace(memory, due=tomorrow) if is_late else memory)
    return found


def count_new(cards: Iterable[Card], memories: Mapping[str, Memory], marks: Marks) -> int:
    """How many items were never answered and may be asked."""
    return sum(card.key not in memories and not marks.is_out(card.key) for card in cards)


def memories_of(library: Library, log: Log, now: float) -> list[Memory]:
    """What is known of a deck's items that will be asked again, by a learner's log."""
    return waiting_memories(all_cards(library), log.memories(), log.marks(local_day(now)), now)


def orphans(library: Library, log: Log) -> dict[str, int]:
    """Answered items that are not in the deck, with how many answers each has in the log."""
    there = {card.key for card in all_cards(library)}
    return {item: len(history) for item, history in log.histories().items() if item not in there}


def done_today(log: Log, now: float) -> int:
    """How many reviews of items known before there were on this local day."""
    midnight = datetime.combine(date.fromisoformat(local_day(now)), datetime.min.time()).timestamp()
    return log.count_since(REVIEW_GAP, midnight)


def recent_days(log: Log, now: float, window: int) -> tuple[dict[str, int], int]:
    """Answers on each local day of the last ``window`` days that has any, and the streak: more days are looked at
    only if the streak fills them, for a long log takes long to count."""
    while True:
        days = log.count_by_day(now - window * DAY)
        count = streak(days, now)
        if count < window - 1:
            return days, count
        window *= 4


def streak(days: Collection[str], now: float) -> int:
    """How many days in a row up to today (or yesterday, while today is young) something was answered."""
    day = date.fromisoformat(local_day(now))
    if day.isoformat() not in days:
        day -= timedelta(1)
    count = 0
    while day.isoformat() in days:
        count += 1
        day -= timedelta(1)
    return count


def local_day(at: float) -> str:
    """The day of a time where the learner is, as ``2026-11-21``."""
    return datetime.fromtimestamp(on_calendar(at)).date().isoformat()


class _Sum:
    """Knowledge of a group, item by item."""

    def __init__(self) -> None:
        self.items = self.answered = self.reviews = self.right = 0
        self.recall = 0.0

    def add(self, recall: float | None, tally: tuple[int, int, int, int] | None) -> None:
        self.items += 1
        if recall is not None:
            self.answered += 1
            self.recall += recall
        if tally is not None:
            self.reviews += tally[0]
            self.right += tally[1]

    def whole(self) -> Knowledge:
        recall = self.recall / self.answered if self.answered else None
        return Knowledge(self.items, self.answered, recall, Retention(self.reviews, self.right))


def _weakest_first(groups: dict[_Key, _Sum]) -> dict[_Key, Knowledge]:
    begun = [(one.recall / one.answered, key) for key, one in groups.items() if one.answered]
    return {key: groups[key].whole() for _, key in sorted(begun)}


def _forecast(memories: Iterable[Memory], now: float) -> tuple[int, ...]:
    today = date.fromisoformat(local_day(now))
    counts = [0] * FORECAST_DAYS
    for memory in memories:
        ahead = (date.fromisoformat(local_day(memory.due)) - today).days
        if memory.due > now and ahead < FORECAST_DAYS:
            counts[ahead] += 1
    return tuple(counts)
