"""Schedule: when an item is asked again, after FSRS-6 (Ye, Su and Cao, KDD 2022), as plain arithmetic.

The formulas are those of https://github.com/open-spaced-repetition/awesome-fsrs/wiki/The-Algorithm (FSRS-6), in the
order of operations of py-fsrs 6, so that the results are the same to the last digit; a test holds the two together.
py-fsrs takes more than ten times as long for a review, which is too slow to replay a log of years.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

DESIRED_RETENTION = 0.9
"""Share of reviews that should come out right."""

DAY = 86_400.0
"""Seconds a day."""

REVIEW_GAP = 43_200.0
"""Seconds. An answer this long after the one to the same item before tells of memory, and counts as a review of it
wherever reviews are counted or learnt from; a sooner one is drill."""

Parameters = tuple[float, ...]
"""FSRS-6's 21 numbers, fitted to one learner; empty for the default ones."""

DEFAULT = (
    *(0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796),
    *(1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
)
"""The parameters of a learner of whom nothing is known."""

LOWER = (*(0.001,) * 4, 1.0, *(0.001,) * 3, 0.0, 0.0, *(0.001,) * 4, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.1)
UPPER = (*(100.0,) * 4, *(10.0, 4.0, 4.0, 0.75, 4.5, 0.8, 3.5, 5.0, 0.25, 0.9, 4.0, 1.0, 6.0, 2.0, 2.0, 0.8, 0.8))
"""Bounds of the parameters; ``LOWER`` holds the lower ones."""

MOST_DAYS = 36_500
"""The longest interval."""

ENDLESS = 1e30
"""Days; no stability grows beyond, so that no arithmetic overflows."""

MICROSECONDS = 86_400_000_000
"""A day's."""

Step = Callable[[float, float, int, int], tuple[float, float]]
"""Stability (days), difficulty, whole days since the last review, rating: the new stability and difficulty."""


EARLIEST, LATEST = -62_135_337_600.0, 253_402_214_400.0
"""Seconds since 1970: some days after the calendar's beginning and one before its end, so that any time zone has a day
for them. A clock that was never set, and a log that somebody wrote by hand, may say anything."""


def on_calendar(at: float) -> float:
    """The nearest time that a calendar has."""
    return min(max(at, EARLIEST), LATEST) if at == at else EARLIEST  # nan is no time at all


class Rating(IntEnum):
    """How an answer went, in FSRS's terms."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of one item after its last review."""

    stability: float
    """Days after which it is remembered with probability 0.9."""
    difficulty: float
    """From 1 (easy) to 10."""
    last: float
    """Time of the last review, seconds since 1970."""
    due: float
    """When it should be asked again, seconds since 1970."""


def is_allowed(parameters: object) -> bool:
    """Whether these are 21 numbers within FSRS's bounds, or none at all (the default ones)."""
    if not isinstance(parameters, (list, tuple)) or len(parameters) not in (0, len(DEFAULT)):
        return False
    bounds = zip(LOWER, parameters, UPPER, strict=False)
    return all(type(value) in (float, int) and low <= value <= high for low, value, high in bounds)


def within_bounds(parameters: Parameters) -> Parameters:
    """The nearest allowed parameters: an optimizer with short floats may end a hair beyond a bound."""
    return tuple(min(max(value, low), high) for low, value, high in zip(LOWER, parameters, UPPER, strict=False))


@cache
def stepper(parameters: Parameters = ()) -> tuple[dict[int, tuple[float, float]], Step, Callable[[float], int]]:
    """What a first review gives by rating, what each later one makes of it, and the interval (days) after it."""
    w = parameters or DEFAULT
    decay = -w[20]
    factor: float = 0.9 ** (1 / decay) - 1
    to_interval: float = DESIRED_RETENTION ** (1 / decay) - 1
    firsts = {
        rating: (max(w[rating - 1], 0.001), min(max(w[4] - math.e ** (w[5] * (rating - 1)) + 1, 1.0), 10.0))
        for rating in range(1, 5)
    }
    easiest = w[7] * (w[4] - math.e ** (w[5] * 3) + 1)
    harder = [-(w[6] * (rating - 3)) for rating in range(5)]
    same_day = [math.e ** (w[17] * (rating - 3 + w[18])) for rating in range(5)]
    growth = math.e ** w[8]
    lapse = math.e ** (w[17] * w[18])
    hard, easy = (1, 1, w[15], 1, 1), (1, 1, 1, 1, w[16])

    def step(stability: float, difficulty: float, days: int, rating: int) -> tuple[float, float]:
        if days < 1:
            increase = same_day[rating] * stability ** -w[19]
            after = stability * (increase if rating == 1 else max(increase, 1.0))
        else:
            surprise = 1 - (1 + factor * days / stability) ** decay
            if rating == 1:
                long = w[11] * difficulty ** -w[12] * ((stability + 1) ** w[13] - 1) * math.e ** (surprise * w[14])
                after = min(long, stability / lapse)
            else:
                gain = growth * (11 - difficulty) * stability ** -w[9] * (math.e ** (surprise * w[10]) - 1)
                after = stability * (1 + gain * hard[rating] * easy[rating])
        damped = difficulty + (10.0 - difficulty) * harder[rating] / 9.0
        return min(max(after, 0.001), ENDLESS), min(max(easiest + (1 - w[7]) * damped, 1.0), 10.0)

    def interval(stability: float) -> int:
        return min(max(round(stability / factor * to_interval), 1), MOST_DAYS)

    return firsts, step, interval


def due_after(last: float, days: int) -> float:
    """A time so many days later, in whole microseconds as py-fsrs counts."""
    return round(last + days * DAY, 6)


def review(memory: Memory | None, rating: int, at: float, parameters: Parameters = ()) -> Memory:
    """The memory after one more review.

    Args:
        memory: before it; None for a new item.
        rating: how it went.
        at: when, seconds since 1970; a time before the last review counts as that.
        parameters: the learner's own.
    """
    firsts, step, interval = stepper(parameters)
    if memory is None:
        stability, difficulty = firsts[rating]
    else:
        at = max(at, memory.last)
        days = round((at - memory.last) * 1e6) // MICROSECONDS
        stability, difficulty = step(memory.stability, memory.difficulty, days, rating)
    return Memory(stability, difficulty, at, due_after(at, interval(stability)))


def replay(reviews: Iterable[tuple[int, float]], parameters: Parameters = ()) -> Memory | None:
    """The memory after a whole history of ratings and times (seconds since 1970), oldest first."""
    memory = None
    for rating, at in reviews:
        memory = review(memory, rating, at, parameters)
    return memory


def recall_probability(memory: Memory, at: float, parameters: Parameters = ()) -> float:
    """Probability that the item is remembered at a time: FSRS-6's power forgetting curve."""
    decay = -(parameters or DEFAULT)[20]
    factor = 0.9 ** (1 / decay) - 1
    days = max(0.0, (at - memory.last) / DAY)
    return float((1 + factor * days / memory.stability) ** decay)
