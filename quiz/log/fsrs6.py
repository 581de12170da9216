"""FSRS-6: one review's effect on a memory, as plain arithmetic.

The formulas are those of https://github.com/open-spaced-repetition/awesome-fsrs/wiki/The-Algorithm (FSRS-6), in the
order of operations of py-fsrs 6, so that the results are the same to the last digit; a test holds the two together.
py-fsrs takes more than ten times as long for a review, which is too slow to replay a log of years.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache

from quiz.schedule import DAY, DESIRED_RETENTION, Memory, Parameters

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


def replay(reviews: Iterable[tuple[int, float]], parameters: Parameters = ()) -> Memory | None:
    """The memory after a whole history of ratings and times (seconds since 1970), oldest first."""
    firsts, step, interval = stepper(parameters)
    known: tuple[float, float] | None = None
    last = 0.0
    for rating, at in reviews:
        known = step(*known, round((at - last) * 1e6) // MICROSECONDS, rating) if known else firsts[rating]
        last = at
    return Memory(*known, last, due_after(last, interval(known[0]))) if known else None
