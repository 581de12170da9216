"""Fit: parameters fitted to a log predict what comes after it."""

import math
from itertools import pairwise
from pathlib import Path
from random import Random

import fsrs

from quiz.fit import ENOUGH, count_reviews, fit
from quiz.log.event import Review
from quiz.schedule import DAY, Rating, recall_probability, review
from tests.conftest import Kb, learner_log, only_json

SHORT = (0.1, 0.4, 0.8, 2.0, *fsrs.scheduler.DEFAULT_PARAMETERS[4:8], 1.2, *fsrs.scheduler.DEFAULT_PARAMETERS[9:])
"""A learner who forgets much faster than most."""


def histories(count: int = 150, seed: int = 1) -> dict[str, list[tuple[Rating, float]]]:
    """Answers of such a learner, asked after gaps of every length."""
    dice = Random(seed)
    found: dict[str, list[tuple[Rating, float]]] = {}
    for number in range(count):
        at = number * DAY
        history = [(Rating.GOOD, at)]
        memory = review(None, Rating.GOOD, at, SHORT)
        for _ in range(8):
            at += max(1, round(memory.stability * dice.uniform(0.2, 6.0))) * DAY
            rating = Rating.GOOD if dice.random() < recall_probability(memory, at, SHORT) else Rating.AGAIN
            history.append((rating, at))
            memory = review(memory, rating, at, SHORT)
        found[f"61/{number}"] = history
    return found


def test_fitted_parameters_predict_a_learner_of_its_own_better() -> None:
    """On reviews that were not fitted to; a constant is worse than both."""
    found = fit(histories())
    assert found.fitted < found.default
    assert found.fitted < found.constant
    assert found.is_better
    assert found.tested_on / (found.trained_on + found.tested_on) < 0.25
    assert len(found.parameters) == 21


def test_reviews_on_the_same_day_do_not_count() -> None:
    """They tell nothing of memory."""
    assert count_reviews([[(Rating.GOOD, 0.0), (Rating.GOOD, 600.0), (Rating.GOOD, 3 * DAY)]]) == 1


def test_losses_are_log_losses() -> None:
    """The constant's loss, worked out by hand."""
    log = histories(60)
    found = fit(log)
    reviews = sorted((now[1], now[0] > Rating.AGAIN) for history in log.values() for before, now in pairwise(history))
    start = reviews[round(len(reviews) * 0.8)][0]
    earlier = [right for at, right in reviews if at < start]
    later = [right for at, right in reviews if at >= start]
    share = sum(earlier) / len(earlier)
    by_hand = -sum(math.log(share if right else 1 - share) for right in later) / len(later)
    assert abs(found.constant - by_hand) < 1e-9


def test_command(home: Path, deck: Path, kb: Kb) -> None:
    """Too few reviews are told; else the table is printed and the better parameters are in use from then on."""
    few = kb("optimize", "--deck", str(deck))
    assert few.returncode == 1
    assert f"come back with {ENOUGH}" in few.stderr
    log = learner_log(home)
    for item, history in histories(60).items():
        for rating, at in history:
            log.add(Review(item, at, "choice", "1", rating > 1, rating, rating, 5.0))
    shown = kb("optimize", "--deck", str(deck))
    assert shown.returncode == 0, shown.stderr
    for name in ("constant average", "default parameters", "fitted parameters"):
        assert name in shown.stdout
    values = only_json(kb("optimize", "--deck", str(deck), "--json").stdout)
    log.refresh()
    kept = log.parameters
    assert kept == (tuple(values["parameters"]) if values["kept"] == "fitted" else ())
