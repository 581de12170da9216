"""Fit: the schedule's parameters fitted to one learner's own log, and whether that is worth it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quiz.schedule import DAY, REVIEW_GAP, Memory, Parameters, Rating, recall_probability, review

History = Sequence[tuple[Rating, float]]
"""Ratings and times (seconds since 1970) of one item's answers, oldest first."""

TEST_SHARE = 0.2
"""Share of the reviews, the latest ones, that the parameters are not fitted to but judged by."""

ENOUGH = 200
"""Reviews of earlier answered items without which nothing is fitted: 21 numbers cannot be read from fewer."""

TINY = 1e-6
"""Probabilities are kept this far from 0 and 1, so that one surprise does not cost an infinite loss."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fit gave. Losses are mean log losses over the test reviews; lower is better."""

    trained_on: int
    """Reviews the parameters were fitted to."""
    tested_on: int
    """Later reviews they were judged by."""
    constant: float
    """Loss of always predicting the share of right answers among the earlier reviews."""
    default: float
    """Loss of the default parameters."""
    fitted: float
    """Loss of the fitted parameters."""
    parameters: Parameters
    """The fitted ones."""

    @property
    def is_better(self) -> bool:
        """Whether the fitted parameters predict the later reviews better than the default ones do."""
        return self.fitted < self.default


def count_reviews(histories: Iterable[History]) -> int:
    """How many answers tell something of memory."""
    return sum(1 for _ in _reviews(histories))


def fit(histories: Mapping[str, History]) -> Fit:
    """Fit FSRS-6's parameters to the earlier reviews and judge them by the later ones.

    Args:
        histories: by item; at least ``ENOUGH`` reviews in all.
    """
    times = sorted(at for _, at in _reviews(histories.values()))
    split = times[round(len(times) * (1 - TEST_SHARE))]
    earlier = {item: [one for one in history if one[1] < split] for item, history in histories.items()}
    parameters = _optimize(earlier.values())
    known = [rating > Rating.AGAIN for rating, at in _reviews(histories.values()) if at < split]
    average = sum(known) / len(known)
    outcomes = [rating > Rating.AGAIN for rating, at in _reviews(histories.values()) if at >= split]
    return Fit(
        trained_on=len(known),
        tested_on=len(outcomes),
        constant=_loss((average, one) for one in outcomes),
        default=_loss(_predictions(histories.values(), (), split)),
        fitted=_loss(_predictions(histories.values(), parameters, split)),
        parameters=parameters,
    )


def _pairs(history: History) -> Iterable[tuple[tuple[Rating, float], tuple[Rating, float]]]:
    return pairwise(history)


def _reviews(histories: Iterable[History]) -> Iterable[tuple[Rating, float]]:
    """Every answer that tells of memory."""
    return (now for history in histories for before, now in _pairs(history) if now[1] - before[1] >= REVIEW_GAP)


def _predictions(histories: Iterable[History], parameters: Parameters, start: float) -> Iterable[tuple[float, bool]]:
    """What the schedule believed before each review from a time on, and how it came out."""
    for history in histories:
        memory: Memory | None = None
        for rating, at in history:
            if memory is not None and at >= start and at - memory.last >= REVIEW_GAP:
                yield recall_probability(memory, at, parameters), rating > Rating.AGAIN
            memory = review(memory, rating, at, parameters)


def _loss(predictions: Iterable[tuple[float, bool]]) -> float:
    losses = [
        -math.log(min(max(probability if came_true else 1 - probability, TINY), 1 - TINY))
        for probability, came_true in predictions
    ]
    return sum(losses) / len(losses)


def _optimize(histories: Iterable[History]) -> Parameters:
    """The parameters that predict the histories best, by the optimizer of the FSRS project itself."""
    import fsrs_rs_python as fsrs_rs  # deferred: nothing else needs it

    items = []
    for history in histories:
        reviews = []
        for place, (rating, at) in enumerate(history):
            # The schedule counts whole days too.
            days = int((at - history[place - 1][1]) // DAY) if place else 0
            reviews.append(fsrs_rs.FSRSReview(int(rating), days))
            if place and days:
                # One item a review: it is to be predicted from those before it.
                items.append(fsrs_rs.FSRSItem(list(reviews)))
    return tuple(fsrs_rs.FSRS(list(fsrs_rs.DEFAULT_PARAMETERS)).compute_parameters(items))
