"""Stats: what the log and the memories tell of one learner and one deck. Computed here, drawn elsewhere."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from kb.deck.library import Library
from quiz.log.log import Log
from quiz.plan import all_cards
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
    """Items never answered."""
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
    tally = log.tally(REVIEW_GAP, now - RECENT_DAYS * DAY)
    areas: dict[str, _Sum] = {}
    entries: dict[int, _Sum] = {}
    in_deck: list[Memory] = []
    summaries = library.by_number
    for card in cards:
        groups = areas.setdefault(summaries[card.number].area, _Sum()), entries.setdefault(card.number, _Sum())
        key = card.key
        memory = memories.get(key)
        recall = None
        if memory is not None:
            in_deck.append(memory)
            recall = recall_probability(memory, now, parameters)
        for group in groups:
            group.add(recall, tally.get(key))
    return Stats(
        answers=answers,
        right=right,
        today=days.get(local_day(now), 0),
        streak=in_a_row,
        days=days,
        retention=Retention(sum(row[0] for row in tally.values()), sum(row[1] for row in tally.values())),
        recent=Retention(sum(row[2] for row in tally.values()), sum(row[3] for row in tally.values())),
        due=sum(memory.due <= now for memory in in_deck),
        forecast=_forecast(in_deck, now),
        new=sum(card.key not in memories for card in cards),
        areas=_weakest_first(areas),
        entries=_weakest_first(entries),
    )


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
