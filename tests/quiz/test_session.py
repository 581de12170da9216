"""A session: what is asked, in which order, and what an answer does to it."""

from pathlib import Path
from random import Random

import pytest

from kb.deck.library import Library
from kb.errors import KbError
from quiz.kinds.table import all_kinds
from quiz.log.answers import ENOUGH
from quiz.log.event import Review
from quiz.log.log import Log
from quiz.plan import Card, all_cards, mixed, plan, share_of_today
from quiz.schedule import Memory, Rating
from quiz.session import Session, propose
from tests.conftest import learner_log, write_entry

DAY = 86_400.0


@pytest.fixture
def library(deck: Path) -> Library:
    """Two entries."""
    write_entry(deck, 62, "other")
    return Library.open(deck, None, all_kinds)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """An empty log."""
    return learner_log(tmp_path)


def session(library: Library, log: Log, cards: list[Card]) -> Session:
    """A session at the time 0 with fixed dice."""
    return Session(library, log, cards, Random(1), lambda: 0.0, lambda: 0.0)


def test_every_entry_has_a_recall_card(library: Library) -> None:
    """Five written items and the unwritten one, for each entry."""
    cards = all_cards(library)
    assert len(cards) == 12
    assert [card.number for card in cards if card.kind == "recall"] == [61, 62]


def test_due_come_first_the_most_forgotten_at_the_front() -> None:
    """Then new ones, lower levels first, entries in turn; what is not due is left out."""
    cards = [Card(number, name, "choice") for number in (61, 62) for name in ("a", "b", "c")]
    memories = {
        "61/a": Memory(1.0, 5.0, 0.0, 1 * DAY),
        "62/a": Memory(9.0, 5.0, 0.0, 9 * DAY),
        "62/b": Memory(99.0, 5.0, 0.0, 99 * DAY),
    }
    order = [card.key for card in plan(cards, memories, {61: 2, 62: 1}, 10 * DAY, 10).cards]
    assert order == ["61/a", "62/a", "61/b", "62/c", "61/c"]
    early = [card.key for card in plan(cards, memories, {61: 2, 62: 1}, 10 * DAY, 10, also_early=True).cards]
    assert [*order, "62/b"] == early
    assert [card.key for card in plan(cards, memories, {62: 1}, 10 * DAY, 10, only_new=True).cards] == [
        "62/c",
        "61/b",
        "61/c",
    ]


def test_wrong_answers_come_once_more(library: Library, log: Log) -> None:
    """A wrong item comes again at the end, once; both answers are in the log."""
    one = session(library, log, [Card(61, "which-value", "choice"), Card(61, "printed", "predict")])
    asked = []
    while question := one.next():
        asked.append((question.card.id, question.is_again))
        one.answer(question, "x", False, Rating.AGAIN, 1.0)
    assert asked == [("which-value", False), ("printed", False), ("which-value", True), ("printed", True)]
    assert len(log.reviews()) == 4


def test_undo_asks_again(library: Library, log: Log) -> None:
    """The last answer is taken back, and its question stands again."""
    one = session(library, log, [Card(61, "which-value", "choice")])
    question = one.next()
    assert question is not None
    one.answer(question, "1", False, Rating.AGAIN, 1.0)
    assert one.left == 1
    taken = one.undo()
    assert taken is not None
    assert taken.item == "61/which-value"
    again = one.next()
    assert again is not None
    assert (again.is_again, again.is_new, one.left) == (False, True, 1)
    assert log.memories() == {}
    assert one.undo() is None


def test_options_are_shuffled_by_the_dice_alone(library: Library, log: Log) -> None:
    """The same dice give the same order; all orders come up."""
    card = Card(61, "which-hold", "choice")
    orders = set()
    for seed in range(40):
        twice = [
            Session(library, log, [card], Random(seed), lambda: 0.0, lambda: 0.0).next().order  # type: ignore[union-attr]
            for _ in range(2)
        ]
        assert twice[0] == twice[1]
        orders.add(twice[0])
    assert len(orders) == 6


def test_a_question_that_was_left_keeps_its_order(library: Library, log: Log) -> None:
    """Until it is answered: what was suspended and comes back is as it was; what is asked again is shuffled anew."""
    one = session(library, log, [Card(61, "which-hold", "choice")])
    question = one.next()
    assert question is not None
    for _ in range(20):
        one.suspend()
        assert one.next() is None
        one.unmark()
        assert one.next() == question
    orders = set()
    for _ in range(40):
        one.answer(question, "1", False, Rating.AGAIN, 1.0)
        one.undo()
        again = one.next()
        assert again is not None
        orders.add(again.order)
    assert len(orders) == 6


def test_item_that_was_removed_is_passed_over(library: Library, log: Log) -> None:
    """What is not in the deck any more is not asked."""
    one = session(library, log, [Card(61, "gone", "choice"), Card(61, "printed", "predict")])
    question = one.next()
    assert question is not None
    assert question.card.id == "printed"


@pytest.mark.parametrize(
    ("correct", "had_help", "seconds", "usual", "expected"),
    [
        (False, False, 1.0, 9.0, Rating.AGAIN),
        (None, False, 1.0, 9.0, Rating.AGAIN),
        (True, True, 1.0, 9.0, Rating.HARD),
        (True, False, 9.0, 9.0, Rating.GOOD),
        (True, False, 1.0, None, Rating.GOOD),
        (True, False, 8.9, 9.0, Rating.EASY),
    ],
)
def test_rating_follows_from_the_answer(
    correct: bool | None, had_help: bool, seconds: float, usual: float | None, expected: Rating
) -> None:
    """Wrong, right with help, right, right and faster than usual."""
    assert expected == propose(correct, had_help, seconds, usual)


def items(number: int, *names: str) -> list[Card]:
    """Items of an entry."""
    return [Card(number, name, "choice") for name in names]


def test_siblings_are_kept_apart() -> None:
    """Items of one entry have two others between them as long as there are others; none is lost."""
    cards = [*items(61, "a", "b", "c"), *items(62, "a", "b"), *items(63, "a")]
    ordered = mixed(cards)
    assert [card.key for card in ordered] == ["61/a", "62/a", "63/a", "61/b", "62/b", "61/c"]
    assert sorted(map(str, cards)) == sorted(map(str, ordered))


def test_new_items_follow_the_links() -> None:
    """After an entry those related to it come first, within a level; nothing else moves."""
    cards = [card for number in (21, 22, 23, 24) for card in items(number, "a", "b")]
    levels = {21: 1, 22: 1, 23: 1, 24: 2}
    links = {21: {23}, 23: {21}, 24: {21}}
    order = [card.key for card in plan(cards, {}, levels, 0.0, 20, links=links).cards]
    assert order[:3] == ["21/a", "23/a", "22/a"]
    assert {key.partition("/")[0] for key in order[6:]} == {"24"}
    known = {"22/a": Memory(9.0, 5.0, 0.0, 9 * DAY)}
    begun = plan(cards, known, levels, DAY, 2, links={22: {23}, 23: {22}})
    assert [card.key for card in begun.cards] == ["23/a", "21/a"]


def test_flood_after_a_long_pause_is_spread() -> None:
    """Hundreds of due items: a share a day, no new ones on top, all of it asked within two weeks."""
    cards = [card for number in range(100, 300) for card in items(number, "a", "b", "c")]
    memories = {card.key: Memory(5.0, 5.0, 0.0, 5 * DAY) for card in cards[:500]}
    now = 400 * DAY
    days = 0
    while due := sum(memory.due <= now for memory in memories.values()):
        today = plan(cards, memories, {}, now, 1000)
        if due > 60:
            assert 0 < len(today.cards) == today.today <= 60
        asked = [card for card in today.cards if card.key in memories]
        for done, card in enumerate(asked):
            memories[card.key] = Memory(400.0, 5.0, now, now + 400 * DAY)
            left = plan(cards, memories, {}, now, 1000, done_today=done + 1)
            assert left.today == today.today - done - 1
        now += DAY
        days += 1
    assert 5 < days <= 14
    assert share_of_today(3000, 0) == 215
    assert share_of_today(60, 0) == 60


def test_rating_is_corrected(library: Library, log: Log) -> None:
    """Both the proposed and the final rating are kept; the due date follows; a question that was wrong after all
    comes again."""
    one = session(library, log, [Card(61, "which-value", "choice")])
    question = one.next()
    assert question is not None
    first = one.answer(question, "1", True, Rating.GOOD, 1.0)
    easy = one.amend(Rating.EASY)
    assert easy is not None
    assert easy.due > first.due
    assert one.left == 0
    assert one.amend(Rating.AGAIN) is not None
    assert one.left == 1
    assert one.amend(Rating.HARD) is not None
    assert one.left == 0
    assert [(review.proposed, review.rating) for review in log.reviews()] == [(Rating.GOOD, Rating.HARD)]
    assert one.undo() is not None
    assert log.memories() == {}


def test_undo_reaches_into_earlier_sessions(library: Library, log: Log) -> None:
    """Only where that is said: the last answer of the log is then taken back, and asked."""
    first = session(library, log, [Card(61, "which-value", "choice")])
    question = first.next()
    assert question is not None
    first.answer(question, "1", True, Rating.GOOD, 1.0)
    second = session(library, log, [Card(62, "printed", "predict")])
    assert second.undo() is None
    taken = second.undo_earlier()
    assert taken is not None
    assert taken.item == question.card.key
    assert log.reviews() == []
    again = second.next()
    assert again is not None
    assert again.card == question.card


def test_redo_lets_an_answer_count_again(library: Library, log: Log) -> None:
    """It is in the log and in the session as before, and what was to be asked again is not, but for a wrong answer."""
    one = session(library, log, [Card(61, "which-value", "choice"), Card(62, "printed", "predict")])
    question = one.next()
    assert question is not None
    one.answer(question, "1", False, Rating.AGAIN, 1.0)
    queue = list(one.queue)
    one.undo()
    assert [given.item for given in one.redo()] == ["61/which-value"]
    assert (list(one.queue), len(one.answered), log.totals()) == (queue, 1, (1, 0))
    assert one.redo() == []


def test_redo_leaves_what_was_taken_back_earlier(library: Library, log: Log) -> None:
    """A stray key brings nothing back that was forgotten last week."""
    log.add(Review("61/printed", 0.0, "predict", "1", True, Rating.GOOD, Rating.GOOD, 5.0))
    log.reset(1.0)
    one = session(library, log, [Card(61, "which-value", "choice")])
    assert one.redo() == []
    assert log.totals() == (0, 0)


def test_undo_takes_back_this_sessions_answer(library: Library, log: Log) -> None:
    """Two sessions at once: each takes back its own last answer."""
    one, other = (session(library, log, [Card(number, "which-value", "choice")]) for number in (61, 62))
    for each in (one, other):
        question = each.next()
        assert question is not None
        each.answer(question, "1", True, Rating.GOOD, 1.0)
    one.undo()
    assert [review.item for review in log.reviews()] == ["62/which-value"]


def test_faster_than_usual_is_easy(library: Library, log: Log) -> None:
    """The usual time is the median of one's own right answers of that kind."""
    for at, seconds in enumerate([10.0] * ENOUGH):
        log.add(Review(f"62/x{at}", 0.0, "choice", "1", True, Rating.GOOD, Rating.GOOD, seconds))
    one = session(library, log, [Card(61, "which-value", "choice")])
    question = one.next()
    assert question is not None
    proposed = [one.propose(question, True, False, seconds) for seconds in (9.0, 10.0)]
    assert proposed == [Rating.EASY, Rating.GOOD]


def test_undo_that_cannot_be_saved_changes_nothing(library: Library, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one takes the same answer."""
    one = session(library, log, [Card(61, "which-value", "choice"), Card(62, "printed", "predict")])
    for _ in range(2):
        question = one.next()
        assert question is not None
        one.answer(question, "1", True, Rating.GOOD, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(log, "undo", refuse)
        with pytest.raises(KbError):
            one.undo()
    taken = one.undo()
    assert taken is not None
    assert taken.item == "62/printed"


def refuse(*_: object) -> None:
    """A full disk."""
    raise KbError("nothing can be saved", "free space")


def test_redo_ends_once_the_question_is_answered_anew(library: Library, log: Log) -> None:
    """What was taken back and answered again does not count beside."""
    one = session(library, log, [Card(61, "which-value", "choice")])
    for rating in (Rating.AGAIN, Rating.GOOD):
        question = one.next()
        assert question is not None
        one.answer(question, "1", rating is Rating.GOOD, rating, 1.0)
        if rating is Rating.AGAIN:
            one.undo()
    assert one.redo() == []
    assert log.totals() == (1, 1)
