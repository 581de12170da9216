"""The order of a session: kinds mixed, entries apart, what is executed early, and nothing lost."""

from collections import Counter
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quiz.desk import Desk
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import Agenda, Card, mixed, plan
from quiz.schedule import Memory
from quiz.wish import Wish, plan_session
from tests.conftest import CONTENT

DAY = 86_400.0
NOW = 100 * DAY

PLACES = {name: kind.place for name, kind in KINDS.items()}

CARDS = st.lists(
    st.builds(lambda number, kind, name: Card(number, f"{kind}-{name}", kind),
              st.integers(1, 6), st.sampled_from([*KINDS]), st.integers(0, 2)),
    unique=True,
    max_size=30,
)  # fmt: skip
"""Items of a few entries, of any kinds."""

ANSWERED = st.sets(st.integers(0, 29))
"""Which of them were answered, by place."""


def is_new_recall_too_early(ordered: list[Card], at: int, new: set[Card]) -> bool:
    """Whether a new recall card stands before another new item of its entry."""
    card = ordered[at]
    later = ordered[at + 1 :]
    return (
        card.kind == "recall"
        and card in new
        and any(one.number == card.number and one in new and one.kind != "recall" for one in later)
    )


def may_come(card: Card, rest: list[Card], new: set[Card]) -> bool:
    """Whether a card could come now: a new recall card only once no other new item of its entry waits."""
    return not is_new_recall_too_early([card, *rest], 0, new)


def check_order(ordered: list[Card], new: set[Card]) -> None:
    """At every place the rules hold, or nothing that waited could have kept them."""
    for at, card in enumerate(ordered):
        before, waiting = ordered[:at], ordered[at:]
        others = [one for one in waiting if may_come(one, [two for two in waiting if two != one], new)]
        assert not is_new_recall_too_early(ordered, at, new)
        follows_own = before[-1:] and before[-1].number == card.number
        if follows_own:
            assert {one.number for one in others} == {card.number}
        is_third = len(before) > 1 and before[-1].kind == before[-2].kind == card.kind
        if is_third and len({one.kind for one in waiting}) > 1:
            assert all(one.kind == card.kind or one.number == before[-1].number for one in others)
        is_near = len(before) > 1 and before[-2].number == card.number
        if is_near:
            free = [one for one in others if one.number not in (before[-1].number, before[-2].number)]
            assert all([one.kind] * 2 == [two.kind for two in before[-2:]] for one in free)


@given(CARDS, ANSWERED)
@example([Card(1, f"choice-{at}", "choice") for at in range(3)] + [Card(1, "recall-0", "recall")], set())
def test_order_keeps_its_rules(cards: list[Card], answered: set[int]) -> None:
    """No two of one entry in a row, no three of a kind, two others between those of one entry, a new recall card after
    the others of its entry: each wherever it can be had, the first before the next; nothing is lost or doubled."""
    new = {card for at, card in enumerate(cards) if at not in answered}
    ordered = mixed(cards, new)
    assert Counter(cards) == Counter(ordered)
    check_order(ordered, new)


@given(CARDS, ANSWERED, st.integers(1, 40), st.booleans(), st.booleans())
def test_plan_asks_what_it_should(
    cards: list[Card], answered: set[int], limit: int, only_new: bool, also_early: bool
) -> None:
    """As many as there are up to the limit, each once; due items before all others, and every recall card that was
    never answered after the other new items of its entry."""
    memories = {
        card.key: Memory(5.0, 5.0, NOW - (at + 1) * DAY, NOW + (at % 2 or -1) * DAY)
        for at, card in enumerate(cards)
        if at in answered
    }
    levels = {number: 1 + number % 3 for number in range(1, 7)}
    links = {1: {4}, 4: {1}}
    found = plan(
        cards, memories, levels, NOW, limit, links, only_new=only_new, also_early=also_early, places=PLACES,
        easiest=lambda some: next((card for card in some if card.kind == "code"), None),
    )  # fmt: skip
    new = {card for card in cards if card.key not in memories}
    due = {card for card in cards if card.key in memories and memories[card.key].due <= NOW}
    early = {card for card in cards if card not in new and card not in due}
    wanted = len(new) + (0 if only_new else len(due) + (len(early) if also_early else 0))
    assert len(found.cards) == len(set(found.cards)) == min(limit, wanted)
    assert set(found.cards) <= set(cards)
    check_order(found.cards, new)
    if not only_new:
        assert len(due & set(found.cards)) == min(limit, len(due))
    for card in new & set(found.cards):
        if card.kind == "recall":
            assert {one for one in new if one.number == card.number} <= set(found.cards)


@pytest.fixture
def fresh(home: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The built-in deck and a learner who never answered."""
    monkeypatch.setenv("KB_DECK", str(CONTENT))
    return Desk(all_kinds)


def planned(desk: Desk, limit: int | None = None, *words: str) -> Agenda:
    """The session that a wish gives now."""
    return plan_session(desk, Wish([*words], False, limit, None, None, None), NOW)


@pytest.mark.parametrize("limit", [None, 5, 3])
def test_first_session_executes_something_early(fresh: Desk, limit: int | None) -> None:
    """Two of the first five questions are executed, and one of the first session is code: of level 1 and two lines."""
    kinds = [card.kind for card in planned(fresh, limit).cards]
    assert not {"recall"} & set(kinds)
    assert sum(kind in ("predict", "answer") for kind in kinds[:5]) >= 2
    code = next(card for card in planned(fresh, limit).cards if card.kind == "code")
    assert fresh.library.by_number[code.number].level == 1
    snippet = fresh.library.entry(code.number).snippet
    assert snippet is not None
    assert snippet.solution(code.id).count("\n") + 1 <= 2


def test_whole_deck_is_asked_in_a_mixed_order(fresh: Desk) -> None:
    """Every item once, no three of a kind in a row but at the very end, each kind in every stretch of forty of level
    2, and an entry's recall card after its other items."""
    cards = planned(fresh, 10_000).cards
    assert len(cards) == len(set(cards)) == len(fresh.library.items) + len(fresh.library.summaries)
    for at in range(2, len(cards)):
        if cards[at].kind == cards[at - 1].kind == cards[at - 2].kind:
            assert {card.kind for card in cards[at:]} == {cards[at].kind}, at
    for at, card in enumerate(cards):
        if card.kind == "recall":
            assert all(one.number != card.number for one in cards[at + 1 :])
    levels = [fresh.library.by_number[card.number].level for card in cards]
    assert levels.index(2) >= levels.count(1) - 5
    middle = cards[levels.index(2) : levels.index(2) + 120]
    for start in range(0, 120, 40):
        assert {"choice", "predict", "answer", "code"} <= {card.kind for card in middle[start : start + 40]}


def test_without_torch_code_is_left_out(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is executed still comes early: its keys are recorded."""
    monkeypatch.setattr(Desk, "torch", "")
    kinds = [card.kind for card in planned(fresh).cards]
    assert len(kinds) == 10
    assert "code" not in kinds
    assert {"predict", "answer"} & set(kinds[:5])


def test_one_entry_is_asked_mixed(fresh: Desk) -> None:
    """All of its items, what is executed first, its recall card at the end."""
    kinds = [card.kind for card in planned(fresh, None, "36").cards]
    assert kinds[0] in ("predict", "answer")
    assert kinds[-1] == "recall"


def test_large_deck_is_planned_at_once() -> None:
    """A session over 8,000 items, by the best of some runs. (The limit leaves room for a busy machine.)"""
    kinds = ("recall", *("choice",) * 3, "predict", "answer", *("code",) * 2)
    cards = [Card(number, f"{kind}-{at}", kind) for number in range(1000) for at, kind in enumerate(kinds)]
    levels = {number: 1 + number % 3 for number in range(1000)}
    links = {number: {(number * 7 + 1) % 1000, (number * 3 + 2) % 1000} for number in range(1000)}
    memories = {card.key: Memory(5.0, 5.0, 0.0, 5 * DAY) for card in cards[::9]}
    taken = []
    for limit in (10, 10, 10, 10, 10):
        started = perf_counter()
        plan(cards, memories, levels, NOW, limit, links, places=PLACES, also_early=True)
        taken.append(perf_counter() - started)
    assert min(taken) < 0.15
