"""Stats: what the log and the memories tell of one learner and one deck. Computed here, drawn elsewhere."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from kb.library import Library
from quiz.progress import Progress
from quiz.schedule import DAY, Memory, Parameters, recall_probability
from quiz.session import Card, all_cards

HALF_A_DAY = 43_200.0
"""Seconds; an answer this long after the one before tells of memory, a sooner one of drill."""

FORECAST_DAYS = 14
"""How far ahead the due items are counted."""

RECENT_DAYS = 30
"""What counts as lately."""

_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True, slots=True)
class Retention:
    """How often something was remembered."""

    reviews: int
    """Answers at least half a day after the one before."""
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
    """Answers on each local day that has any, as ``2026-11-21``."""
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


def gather(library: Library, progress: Progress, now: float) -> Stats:
    """Everything that ``kb stats`` shows.

    Args:
        library: the deck; answers to items that are not in it count in the totals and the days alone.
        progress: the log.
        now: seconds since 1970.
    """
    cards, memories, parameters = all_cards(library), progress.memories(), progress.parameters
    days = progress.count_by_day()
    tally = progress.tally(HALF_A_DAY, now - RECENT_DAYS * DAY)
    counts = {item: Retention(*row[:2]) for item, row in tally.items()}
    areas: dict[str, list[Card]] = {}
    entries: dict[int, list[Card]] = {}
    heads = library.by_number
    for card in cards:
        areas.setdefault(heads[card.number].area, []).append(card)
        entries.setdefault(card.number, []).append(card)
    in_deck = [memories[card.key] for card in cards if card.key in memories]

    def known(group: Iterable[Card]) -> Knowledge:
        return _knowledge(list(group), memories, counts, now, parameters)

    by_area = {area: known(group) for area, group in areas.items()}
    by_entry = {number: known(group) for number, group in entries.items()}
    today = local_day(now)
    return Stats(
        answers=sum(count for count, _ in days.values()),
        right=sum(right for _, right in days.values()),
        today=days.get(today, (0, 0))[0],
        streak=streak(days, now),
        days={day: count for day, (count, _) in days.items()},
        retention=_summed(counts.values()),
        recent=_summed(Retention(*row[2:]) for row in tally.values()),
        due=sum(memory.due <= now for memory in in_deck),
        forecast=_forecast(in_deck, now),
        new=sum(card.key not in memories for card in cards),
        areas=_weakest_first(by_area),
        entries=_weakest_first(by_entry),
    )


def orphans(library: Library, progress: Progress) -> dict[str, int]:
    """Answered items that are not in the deck, with how many answers each has in the log."""
    there = {card.key for card in all_cards(library)}
    return {item: len(history) for item, history in progress.histories().items() if item not in there}


def done_today(progress: Progress, now: float) -> int:
    """How many reviews of items known before there were on this local day."""
    midnight = datetime.combine(date.fromisoformat(local_day(now)), datetime.min.time()).timestamp()
    return progress.count_since(HALF_A_DAY, midnight)


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
    return datetime.fromtimestamp(at).date().isoformat()


def _summed(counts: Iterable[Retention]) -> Retention:
    found = list(counts)
    return Retention(sum(one.reviews for one in found), sum(one.right for one in found))


def _knowledge(
    cards: Collection[Card],
    memories: dict[str, Memory],
    counts: dict[str, Retention],
    now: float,
    parameters: Parameters,
) -> Knowledge:
    known = [recall_probability(memories[card.key], now, parameters) for card in cards if card.key in memories]
    retention = _summed(counts[card.key] for card in cards if card.key in counts)
    return Knowledge(len(cards), len(known), sum(known) / len(known) if known else None, retention)


def _weakest_first(groups: dict[_Key, Knowledge]) -> dict[_Key, Knowledge]:
    begun = [(one.recall, key) for key, one in groups.items() if one.recall is not None]
    return {key: groups[key] for _, key in sorted(begun)}


def _forecast(memories: Iterable[Memory], now: float) -> tuple[int, ...]:
    today = date.fromisoformat(local_day(now))
    counts = [0] * FORECAST_DAYS
    for memory in memories:
        ahead = (date.fromisoformat(local_day(memory.due)) - today).days
        if memory.due > now and ahead < FORECAST_DAYS:
            counts[ahead] += 1
    return tuple(counts)
