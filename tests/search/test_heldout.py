"""Whoever asks in words of one's own finds the entry, and whoever pastes a message its explanation: held out from all
tuning. Assertions give counts and names of kinds alone, so that a failure shows no case."""

import statistics
from collections import defaultdict

import pytest

from kb.search.explain import Explainer
from tests.search.conftest import built_in
from tests.search.heldout import logs, questions

LEAST_MRR = 0.93
LEAST_OF_A_KIND = {"tuning": 0.85, "test": 0.88}
LEAST_RIGHT = 0.92
MOST_FOREIGN = 0.03


@pytest.mark.parametrize("half", ["tuning", "test"])
def test_questions(half: str) -> None:
    """Mean reciprocal rank at 10 of the first right entry, over the questions whose first answer is written."""
    searcher = built_in()
    written = searcher.library.by_number.keys()
    ranks = defaultdict(list)
    for question in questions(half):
        if question.entries[0] in written:
            found = [hit.summary.number for hit in searcher.search(question.text, 10, every=True).hits]
            rank = next((1 / at for at, number in enumerate(found, 1) if number in question.entries), 0.0)
            ranks[question.kind].append(rank)
    means = {kind: statistics.mean(values) for kind, values in ranks.items()}
    whole = statistics.mean(rank for values in ranks.values() for rank in values)
    assert whole >= LEAST_MRR, means
    assert min(means.values()) >= LEAST_OF_A_KIND[half], means


@pytest.mark.parametrize("half", ["tuning", "test"])
def test_messages_of_torch(half: str) -> None:
    """The right entry comes first, also where it is yet to be written."""
    explainer = Explainer(built_in())
    right = []
    for log in logs(half):
        if log.root and log.entries:
            found = explainer.explain(log.text, "en").explained
            right.append(bool(found and set(found[0].known.entries[:1]) & set(log.entries)))
    assert statistics.mean(right) >= LEAST_RIGHT, (sum(right), len(right))


def test_messages_of_others() -> None:
    """Are not explained, nor guessed at. Over both halves: one of a half is more than a hundredth already."""
    explainer = Explainer(built_in())
    foreign = {half: [log for log in logs(half) if not log.root] for half in ("tuning", "test")}
    told = {
        half: sum(bool((found := explainer.explain(log.text, "en")).explained or found.guesses) for log in texts)
        for half, texts in foreign.items()
    }
    assert sum(told.values()) <= MOST_FOREIGN * sum(map(len, foreign.values())), told
    assert told["test"] <= 1


def test_there_are_enough() -> None:
    """At least 300 questions and 150 messages, half of them unseen, none in both halves."""
    seen, unseen = questions("tuning"), questions("test")
    assert min(len(seen), len(unseen)) >= 150
    assert not {one.text for one in seen} & {one.text for one in unseen}
    assert len(logs("tuning")) + len(logs("test")) >= 150
    assert not {one.text for one in logs("tuning")} & {one.text for one in logs("test")}
