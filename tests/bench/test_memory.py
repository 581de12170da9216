"""Simulated learners over a year: is what comes back about to be forgotten, and is the time well spent?

Two learners. One forgets as FSRS-6 says. The other does not: it forgets exponentially; a success lengthens its
half-life the more, the closer it was to forgetting; its items differ in difficulty; and it does not know FSRS's
parameters. Run with ``python -m pytest -m bench -s tests/bench/test_memory.py`` for the tables.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import mean, median
from typing import Protocol

import pytest

from quiz.fit import ENOUGH, count_reviews, fit
from quiz.plan import Card, plan
from quiz.schedule import DAY, DESIRED_RETENTION, Memory, Parameters, Rating, recall_probability, review
from quiz.session import propose

pytestmark = pytest.mark.bench

ITEMS = 360
NEW_A_DAY = 6
DAYS = 365
BUDGET = 24
"""Answers a day, where two schedules are compared at equal effort."""
SEEDS = (1, 2, 3)


class Learner(Protocol):
    """Somebody with a memory of their own, which no schedule sees."""

    def recall(self, item: int, day: int) -> float:
        """The true probability that an item is remembered."""

    def learn(self, item: int, day: int, rating: Rating) -> None:
        """What an answer does to the memory."""


class ByFsrs:
    """Forgets and learns as FSRS-6 says."""

    def __init__(self) -> None:
        self.memories: dict[int, Memory] = {}

    def recall(self, item: int, day: int) -> float:
        memory = self.memories.get(item)
        return recall_probability(memory, day * DAY) if memory else 0.0

    def learn(self, item: int, day: int, rating: Rating) -> None:
        self.memories[item] = review(self.memories.get(item), rating, day * DAY)


class ByHalfLife:
    """Forgets exponentially, and learns most from what was nearly forgotten."""

    def __init__(self, dice: Random) -> None:
        self.half_lives: dict[int, float] = {}
        self.last: dict[int, int] = {}
        self.ease = [dice.uniform(0.6, 1.5) for _ in range(ITEMS)]

    def recall(self, item: int, day: int) -> float:
        if item not in self.last:
            return 0.0
        return float(0.5 ** ((day - self.last[item]) / self.half_lives[item]))

    def learn(self, item: int, day: int, rating: Rating) -> None:
        if item not in self.last:
            self.half_lives[item] = 6.0 * self.ease[item]
        elif day > self.last[item]:
            forgotten = 1 - self.recall(item, day)
            if rating is Rating.AGAIN:
                self.half_lives[item] = max(2.0, 0.35 * self.half_lives[item])
            else:
                self.half_lives[item] *= 1 + 12.0 * self.ease[item] * forgotten
        self.last[item] = day


LEARNERS: dict[str, Callable[[Random], Learner]] = {"FSRS-6's own": lambda _: ByFsrs(), "half-lives": ByHalfLife}


def answer(learner: Learner, item: int, day: int, dice: Random, times: list[float]) -> Rating:
    """An answer, rated as the quiz rates it: what comes to mind easily comes fast."""
    recall = learner.recall(item, day)
    seconds = 8.0 * math.exp(dice.gauss(0.0, 0.4) + 1.5 * (1 - recall))
    usual = median(times[-200:]) if len(times) >= 8 else None
    rating = propose(dice.random() < recall, False, seconds, usual)
    if rating is not Rating.AGAIN:
        times.append(seconds)
    return rating


def study(make: Callable[[Random], Learner], seed: int, fits: bool) -> tuple[float, int]:
    """A year of answering all that is due, new items for the first months, as ``plan`` says.

    Returns:
        The share of right answers among reviews after the first month, and how many there were.
    """
    dice = Random(seed)
    learner = make(dice)
    cards = [Card(item, "x", "choice") for item in range(ITEMS)]
    memories: dict[str, Memory] = {}
    histories: dict[str, list[tuple[Rating, float]]] = {}
    parameters: Parameters = ()
    times: list[float] = []
    outcomes = []
    for day in range(DAYS):
        now = day * DAY + 1.0
        if fits and day and day % 30 == 0 and count_reviews(histories.values()) >= ENOUGH:
            found = fit(histories)
            if found.is_better and found.parameters != parameters:
                parameters = found.parameters
                memories = {}
                for key, history in histories.items():
                    for rating, at in history:
                        memories[key] = review(memories.get(key), rating, at, parameters)
        known = [card for card in cards if card.key in memories]
        fresh = [card for card in cards if card.key not in memories][:NEW_A_DAY]
        for card in plan(known + fresh, memories, {}, now, ITEMS, parameters=parameters, also_early=False).cards:
            if card.key in memories:
                rating = answer(learner, card.number, day, dice, times)
                if day >= 30:
                    outcomes.append(rating is not Rating.AGAIN)
            else:
                # Never seen: told, and asked again at the end of the session.
                rating = Rating.AGAIN if dice.random() < 0.5 else Rating.GOOD
            learner.learn(card.number, day, rating)
            memories[card.key] = review(memories.get(card.key), rating, now, parameters)
            histories.setdefault(card.key, []).append((rating, now))
    return mean(outcomes), len(outcomes)


def test_retention_is_what_is_desired() -> None:
    """Over a year, within two points, for both learners; the log's own fit is what the second one needs."""
    print(f"\n{'learner':14} {'schedule':18} retention  reviews")
    kept = {}
    for name, make in LEARNERS.items():
        for fits in (False, True):
            found = [study(make, seed, fits) for seed in SEEDS]
            share = mean(one for one, _ in found)
            kept[name, fits] = share
            schedule = "fitted monthly" if fits else "default"
            print(f"{name:14} {schedule:18} {share:9.1%} {mean(count for _, count in found):8.0f}")
    for name in LEARNERS:
        assert abs(kept[name, True] - DESIRED_RETENTION) <= 0.02, (name, kept)
    assert abs(kept["FSRS-6's own", False] - DESIRED_RETENTION) <= 0.02


@dataclass
class Sm2:
    """The state of one item under SM-2 (Wozniak 1990)."""

    count: int = 0
    ease: float = 2.5
    interval: int = 0
    due: int = 0

    def take(self, rating: Rating, day: int) -> None:
        """One answer: again, hard, good, easy are the qualities 2 to 5."""
        quality = int(rating) + 1
        if quality < 3:
            self.count, self.interval = 0, 1
        else:
            self.interval = 1 if self.count == 0 else 6 if self.count == 1 else round(self.interval * self.ease)
            self.count += 1
        self.ease = max(1.3, self.ease + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02))
        self.due = day + self.interval


def year_by_sm2(make: Callable[[Random], Learner], seed: int) -> float:
    """Mean true recall of all items over the year: each day's budget goes to the most overdue, then to new ones, then
    to what is due soonest."""
    dice = Random(seed)
    learner, states, times, known = make(dice), dict[int, Sm2](), list[float](), []
    for day in range(DAYS):
        overdue = sorted((item for item in states if states[item].due <= day), key=lambda item: states[item].due)
        fresh = [item for item in range(ITEMS) if item not in states][:NEW_A_DAY]
        early = sorted((item for item in states if states[item].due > day), key=lambda item: states[item].due)
        for item in (overdue + fresh + early)[:BUDGET]:
            rating = _first(dice) if item not in states else answer(learner, item, day, dice, times)
            learner.learn(item, day, rating)
            states.setdefault(item, Sm2()).take(rating, day)
        known.append(mean(learner.recall(item, day) for item in range(ITEMS)))
    return mean(known)


def year_by_plan(make: Callable[[Random], Learner], seed: int) -> float:
    """The same for the quiz's own plan."""
    dice = Random(seed)
    learner, memories, times, known = make(dice), dict[str, Memory](), list[float](), []
    cards = [Card(item, "x", "choice") for item in range(ITEMS)]
    for day in range(DAYS):
        now = day * DAY + 1.0
        seen = [card for card in cards if card.key in memories]
        fresh = [card for card in cards if card.key not in memories][:NEW_A_DAY]
        for card in plan(seen + fresh, memories, {}, now, BUDGET, also_early=True).cards:
            rating = _first(dice) if card.key not in memories else answer(learner, card.number, day, dice, times)
            learner.learn(card.number, day, rating)
            memories[card.key] = review(memories.get(card.key), rating, now)
        known.append(mean(learner.recall(item, day) for item in range(ITEMS)))
    return mean(known)


def _first(dice: Random) -> Rating:
    return Rating.AGAIN if dice.random() < 0.5 else Rating.GOOD


def test_better_than_sm2_at_equal_effort() -> None:
    """The same number of answers every day: more is known, on average over the year."""
    print(f"\n{'learner':14} {'SM-2':>7} {'kb':>7}   mean share of all items known, {BUDGET} answers a day")
    for name, make in LEARNERS.items():
        sm2 = [year_by_sm2(make, seed) for seed in SEEDS]
        ours = [year_by_plan(make, seed) for seed in SEEDS]
        print(f"{name:14} {mean(sm2):7.1%} {mean(ours):7.1%}")
        assert all(our > their for our, their in zip(ours, sm2, strict=True)), (name, ours, sm2)
