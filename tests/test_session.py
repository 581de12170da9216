"""A session: what is asked, in which order, and what an answer does to it."""

from pathlib import Path
from random import Random

import pytest

from kb.library import Library
from quiz.item import Kind
from quiz.progress import Progress
from quiz.schedule import Memory, Rating
from quiz.session import Card, Session, all_cards, plan, propose
from tests.conftest import write_entry

DAY = 86_400.0


@pytest.fixture
def library(deck: Path) -> Library:
    """Two entries."""
    write_entry(deck, 62, "other")
    return Library.open(deck, None)


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    """An empty log."""
    return Progress(tmp_path / "progress.db")


def session(library: Library, progress: Progress, cards: list[Card]) -> Session:
    """A session at the time 0 with fixed dice."""
    return Session(library, progress, cards, Random(1), lambda: 0.0)


def test_every_entry_has_a_recall_card(library: Library) -> None:
    """Five written items and the unwritten one, for each entry."""
    cards = all_cards(library)
    assert len(cards) == 12
    assert [card.number for card in cards if card.kind is Kind.RECALL] == [61, 62]


def test_due_come_first_the_most_forgotten_at_the_front() -> None:
    """Then new ones, lower levels first, entries in turn; what is not due is left out."""
    cards = [Card(number, name, Kind.CHOICE) for number in (61, 62) for name in ("a", "b", "c")]
    memories = {
        "61/a": Memory(1.0, 5.0, 0.0, 1 * DAY),
        "62/a": Memory(9.0, 5.0, 0.0, 9 * DAY),
        "62/b": Memory(99.0, 5.0, 0.0, 99 * DAY),
    }
    order = [card.key for card in plan(cards, memories, {61: 2, 62: 1}, 10 * DAY, 10)]
    assert order == ["61/a", "62/a", "62/c", "61/b", "61/c"]
    early = [card.key for card in plan(cards, memories, {61: 2, 62: 1}, 10 * DAY, 10, also_early=True)]
    assert [*order, "62/b"] == early
    assert [card.key for card in plan(cards, memories, {62: 1}, 10 * DAY, 10, only_new=True)] == [
        "62/c",
        "61/b",
        "61/c",
    ]


def test_wrong_answers_come_once_more(library: Library, progress: Progress) -> None:
    """A wrong item comes again at the end, once; both answers are in the log."""
    one = session(library, progress, [Card(61, "which-value", Kind.CHOICE), Card(61, "printed", Kind.PREDICT)])
    asked = []
    while question := one.next():
        asked.append((question.card.id, question.is_again))
        one.answer(question, "x", False, Rating.AGAIN, Rating.AGAIN, 1.0)
    assert asked == [("which-value", False), ("printed", False), ("which-value", True), ("printed", True)]
    assert len(progress.reviews()) == 4


def test_undo_asks_again(library: Library, progress: Progress) -> None:
    """The last answer is taken back, and its question stands again."""
    one = session(library, progress, [Card(61, "which-value", Kind.CHOICE)])
    question = one.next()
    assert question is not None
    one.answer(question, "1", False, Rating.AGAIN, Rating.AGAIN, 1.0)
    assert one.left == 1
    assert Card(61, "which-value", Kind.CHOICE) == one.undo()
    again = one.next()
    assert again is not None
    assert (again.is_again, again.is_new, one.left) == (False, True, 1)
    assert progress.memories() == {}
    assert one.undo() is None


def test_options_are_shuffled_by_the_dice_alone(library: Library, progress: Progress) -> None:
    """The same dice give the same order; all orders come up."""
    card = Card(61, "which-value", Kind.CHOICE)
    orders = set()
    for seed in range(40):
        twice = [
            Session(library, progress, [card], Random(seed), lambda: 0.0).next().order  # type: ignore[union-attr]
            for _ in range(2)
        ]
        assert twice[0] == twice[1]
        orders.add(twice[0])
    assert len(orders) > 12


def test_item_that_was_removed_is_passed_over(library: Library, progress: Progress) -> None:
    """What is not in the deck any more is not asked."""
    one = session(library, progress, [Card(61, "gone", Kind.CHOICE), Card(61, "printed", Kind.PREDICT)])
    question = one.next()
    assert question is not None
    assert question.card.id == "printed"


@pytest.mark.parametrize(
    ("correct", "had_help", "expected"),
    [(False, False, Rating.AGAIN), (True, True, Rating.HARD), (True, False, Rating.GOOD), (None, False, Rating.AGAIN)],
)
def test_rating_follows_from_the_answer(correct: bool | None, had_help: bool, expected: Rating) -> None:
    """Wrong, right with help, right."""
    assert expected == propose(correct, had_help)
