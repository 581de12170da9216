"""Stats: what the log and the memories tell of one learner and one deck. Computed here, drawn elsewhere."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from kb.deck.library import Library
from quiz.log.answers import Marks, Tally
from quiz.log.log import Log
from quiz.plan import Card, all_cards
from quiz.schedule import DAY, DESIRED_RETENTION, LATEST, REVIEW_GAP, Memory, on_calendar, recall_probability

FORECAST_DAYS = 14
"""How far ahead the due items are counted."""

HEAT_DAYS = 190
"""How far back answers are counted by day."""

RECENT_DAYS = 30
"""What counts as lately."""

TELLING = 10
"""Of fewer no percentage is shown: two of three are two of three."""

_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    whole: int

    @property
    def percent(self) -> float | None:
        """From 0 to 100; None of nothing."""
        return 100 * self.count / self.whole if self.whole else None

    @property
    def is_telling(self) -> bool:
        """Whether there are enough for a percentage to say anything."""
        return self.whole >= TELLING


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How well a group of items is known, in three numbers that are not the same."""

    begun: Share
    """The items that were ever answered, of all."""
    right: Share
    """The answers that were right, of all: those that are not rated 1."""
    remembered: Share
    """The same of the reviews alone, the answers that came ``REVIEW_GAP`` or more after the one before."""
    known_percent: float | None
    """How likely an item that was begun would be remembered now, on average, as the schedule estimates, one whose last
    answer was wrong not at all; from 0 to 100, None if none was begun."""

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``, under the names of the columns."""
        return {
            "questions": self.begun.whole,
            "begun": self.begun.count,
            "answers": self.right.whole,
            "right": self.right.count,
            "right_percent": _rounded(self.right.percent),
            **reviews_json(self.remembered),
            "known_percent": _rounded(self.known_percent),
        }


def reviews_json(remembered: Share) -> dict[str, Any]:
    """Remembered ones of reviews, for ``--json``."""
    percent = _rounded(remembered.percent)
    return {"reviews": remembered.whole, "remembered": remembered.count, "remembered_percent": percent}


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything ``kb stats`` shows."""

    whole: Knowledge
    """Of all the deck's items; answers and reviews also of items that are not in the deck any more."""
    recent: Share
    """Remembered ones of the reviews of the last ``RECENT_DAYS`` days."""
    today: int
    """Answers of the present local day."""
    streak: int
    """Days in a row with an answer."""
    days: dict[str, int]
    """Answers on each local day of the last half year that has any, as ``2026-11-21``."""
    due: int
    """Items that are due now."""
    forecast: tuple[int, ...]
    """How many become due on each of the coming days; the first is what is left of today."""
    new: int
    """Items never answered, but for those that are suspended or buried."""
    marked: dict[str, int]
    """Items that are flagged, suspended or buried, by that word."""
    areas: dict[str, Knowledge]
    """By area that has an answer, the least known now first."""
    kinds: dict[str, Knowledge]
    """The same by kind."""
    entries: dict[int, Knowledge]
    """The same by entry."""


def stats_json(found: Stats) -> dict[str, Any]:
    """The facts for ``--json``: counts, percentages from 0 to 100 (null of nothing), under the names that the screen
    and ``--help`` explain."""
    return {
        **found.whole.to_json(),
        "aimed_at_percent": 100 * DESIRED_RETENTION,
        "recent": {"days": RECENT_DAYS, **reviews_json(found.recent)},
        "today": found.today,
        "streak": found.streak,
        "due": found.due,
        "forecast": found.forecast,
        "new": found.new,
        **found.marked,
        "days": found.days,
        "areas": {area: known.to_json() for area, known in found.areas.items()},
        "kinds": {kind: known.to_json() for kind, known in found.kinds.items()},
        "entries": {str(number): known.to_json() for number, known in found.entries.items()},
    }


def gather(library: Library, log: Log, now: float) -> Stats:
    """Everything that ``kb stats`` shows.

    Args:
        library: the deck; answers to items that are not in it count in the whole and the days alone.
        log: the learner's.
        now: seconds since 1970.
    """
    cards, memories, parameters = all_cards(library), log.memories(), log.parameters
    days, in_a_row = recent_days(log, now, HEAT_DAYS)
    tally, marks = log.tally(REVIEW_GAP, now - RECENT_DAYS * DAY), log.marks(local_day(now))
    whole = _Sum()
    areas: dict[str, _Sum] = {}
    kinds: dict[str, _Sum] = {}
    entries: dict[int, _Sum] = {}
    summaries = library.by_number
    for card in cards:
        groups = (
            whole,
            areas.setdefault(summaries[card.number].area, _Sum()),
            kinds.setdefault(card.kind, _Sum()),
            entries.setdefault(card.number, _Sum()),
        )
        memory, ours = memories.get(card.key), tally.get(card.key)
        recall = recall_probability(memory, now, parameters) if memory is not None else None
        if recall is not None and ours is not None and ours.is_forgotten:
            recall = 0.0  # the curve begins anew with every answer; what was just shown is not what is known
        for group in groups:
            group.add(recall, ours)
    there = {card.key for card in cards}
    for key in tally.keys() - there:
        whole.count(tally[key])
    waiting = waiting_memories(cards, memories, marks, now)
    return Stats(
        whole=whole.knowledge(),
        recent=Share(sum(one.recently_remembered for one in tally.values()), sum(one.recent for one in tally.values())),
        today=days.get(local_day(now), 0),
        streak=in_a_row,
        days=days,
        due=sum(memory.due <= now for memory in waiting),
        forecast=_forecast(waiting, now),
        new=count_new(cards, memories, marks),
        marked={
            "flagged": len(marks.flagged & there),
            "suspended": len(marks.suspended & there),
            "buried": len(marks.buried & there),
        },
        areas=_least_known_first(areas),
        kinds=_least_known_first(kinds),
        entries=_least_known_first(entries),
    )


def waiting_memories(cards: Iterable[Card], memories: Mapping[str, Memory], marks: Marks, now: float) -> list[Memory]:
    """What is known of a deck's items that will be asked again: one that left the deck or is suspended never is, a
    buried one not before tomorrow."""
    today = date.fromisoformat(local_day(min(now, LATEST - DAY)))  # the calendar has no day after its last
    tomorrow = datetime.combine(today + timedelta(1), datetime.min.time()).timestamp()
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
        self.items = self.begun = self.answers = self.right = self.reviews = self.remembered = 0
        self.recall = 0.0

    def add(self, recall: float | None, tally: Tally | None) -> None:
        self.items += 1
        if recall is not None:
            self.begun += 1
            self.recall += recall
        if tally is not None:
            self.count(tally)

    def count(self, tally: Tally) -> None:
        self.answers += tally.answers
        self.right += tally.right
        self.reviews += tally.reviews
        self.remembered += tally.remembered

    def knowledge(self) -> Knowledge:
        known = 100 * self.recall / self.begun if self.begun else None
        right, remembered = Share(self.right, self.answers), Share(self.remembered, self.reviews)
        return Knowledge(Share(self.begun, self.items), right, remembered, known)


def _least_known_first(groups: dict[_Key, _Sum]) -> dict[_Key, Knowledge]:
    begun = [(one.recall / one.begun, key) for key, one in groups.items() if one.begun]
    return {key: groups[key].knowledge() for _, key in sorted(begun)}


def _forecast(memories: Iterable[Memory], now: float) -> tuple[int, ...]:
    today = date.fromisoformat(local_day(now))
    counts = [0] * FORECAST_DAYS
    for memory in memories:
        ahead = (date.fromisoformat(local_day(memory.due)) - today).days
        if memory.due > now and ahead < FORECAST_DAYS:
            counts[ahead] += 1
    return tuple(counts)
