"""Schedule: when an item is asked again, after FSRS-6 (Ye, Su and Cao, KDD 2022; parameters of py-fsrs 6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsrs import Scheduler

DESIRED_RETENTION = 0.9
"""Share of reviews that should come out right."""

DAY = 86_400.0
"""Seconds a day."""

REVIEW_GAP = 43_200.0
"""Seconds. An answer this long after the one to the same item before tells of memory, and counts as a review of it
wherever reviews are counted or learnt from; a sooner one is drill."""

Parameters = tuple[float, ...]
"""FSRS-6's 21 numbers, fitted to one learner; empty for the default ones."""

_DEFAULT_DECAY = 0.1542
"""The last of the default parameters, here so that planning need not load fsrs."""


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


def review(memory: Memory | None, rating: Rating, at: float, parameters: Parameters = ()) -> Memory:
    """The memory after one more review.

    Args:
        memory: before it; None for a new item.
        rating: how it went.
        at: when, seconds since 1970.
        parameters: the learner's own.
    """
    # Deferred: 25 ms that nobody should pay before the first answer.
    import fsrs

    card = fsrs.Card(card_id=1)
    if memory is not None:
        card.state = fsrs.State.Review
        card.step = None
        card.stability, card.difficulty = memory.stability, memory.difficulty
        card.last_review = datetime.fromtimestamp(memory.last, UTC)
        # A clock that was set back must not make an interval negative.
        at = max(at, memory.last)
    after, _ = _scheduler(parameters).review_card(card, fsrs.Rating(int(rating)), datetime.fromtimestamp(at, UTC))
    if after.stability is None or after.difficulty is None:
        raise AssertionError("FSRS gives every reviewed card a stability and a difficulty")
    return Memory(after.stability, after.difficulty, at, after.due.timestamp())


def replay(reviews: Iterable[tuple[Rating, float]], parameters: Parameters = ()) -> Memory | None:
    """The memory after a whole history of ratings and times."""
    memory = None
    for rating, at in reviews:
        memory = review(memory, rating, at, parameters)
    return memory


def recall_probability(memory: Memory, at: float, parameters: Parameters = ()) -> float:
    """Probability that the item is remembered at a time: FSRS-6's power forgetting curve."""
    decay = -(parameters[-1] if parameters else _DEFAULT_DECAY)
    factor = 0.9 ** (1 / decay) - 1
    days = max(0.0, (at - memory.last) / DAY)
    return float((1 + factor * days / memory.stability) ** decay)


@cache
def _scheduler(parameters: Parameters) -> "Scheduler":
    import fsrs

    # No steps of minutes: what was wrong comes again at the end of the same session. No fuzz: state is a replay.
    return fsrs.Scheduler(
        parameters=parameters or fsrs.scheduler.DEFAULT_PARAMETERS,
        desired_retention=DESIRED_RETENTION,
        learning_steps=(),
        relearning_steps=(),
        enable_fuzzing=False,
    )
