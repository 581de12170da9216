"""Bury, suspend, flag: in a session, at the terminal, by command; and what is due then."""

from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from kb.deck.library import Library
from kb.errors import KbError
from quiz.home import facts_of
from quiz.kinds.table import all_kinds
from quiz.log.event import Marking, Review
from quiz.log.log import Log
from quiz.plan import Card
from quiz.schedule import DAY, Rating
from quiz.session import Question, Session
from quiz.stats import gather, local_day, memories_of
from tests.conftest import Kb, learner_log, only_json, write_entry
from tests.pseudo_terminal import Screen, answers
from tests.quiz.test_drill import place_of

NOON = datetime(2026, 3, 10, 12).timestamp()
CARDS = [Card(61, "which-value", "choice"), Card(61, "printed", "predict"), Card(61, "counted", "answer")]


@pytest.fixture
def library(deck: Path) -> Library:
    """One entry."""
    return Library.open(deck, None, all_kinds)


@pytest.fixture
def log(home: Path) -> Log:
    """An empty log."""
    return learner_log(home)


@pytest.fixture
def session(library: Library, log: Log) -> Session:
    """Three questions at noon."""
    return Session(library, log, CARDS, Random(1), lambda: NOON, lambda: 0.0)


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK; no colours, so that the screen is text."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    return deck


def the_next(session: Session) -> Question:
    """The question that stands."""
    question = session.next()
    assert question is not None
    return question


def wrong(session: Session) -> None:
    """Answer the question that stands wrongly."""
    session.answer(the_next(session), "x", False, Rating.AGAIN, 1.0)


@pytest.mark.parametrize("marking", [Marking.BURY, Marking.SUSPEND])
def test_question_is_left_out_and_comes_back(session: Session, log: Log, marking: Marking) -> None:
    """The next one stands; undo brings it back to where it was, and says nothing of it in the log any more."""
    queue = list(session.queue)
    the_next(session)
    marked = session.mark(marking)
    assert marked is not None
    assert marked.is_on
    assert log.marks(local_day(NOON)).is_out("61/which-value")
    assert the_next(session).card == CARDS[1]
    back = session.unmark()
    assert back is not None
    assert (back.card, back.is_on) == (CARDS[0], False)
    assert queue == list(session.queue)
    assert not log.marks(local_day(NOON)).is_out("61/which-value")
    assert session.unmark() is None


def test_wrong_answer_that_is_suspended_comes_not_again(session: Session) -> None:
    """While its grade is shown the answered item is meant, not the next; the same key brings it back to the end."""
    wrong(session)
    assert session.left == 3
    assert session.suspend() is not None
    assert session.left == 2
    again = session.suspend()
    assert again is not None
    assert not again.is_on
    assert list(session.queue)[-1] == (CARDS[0], True)


def test_flag_leaves_the_question(session: Session, log: Log) -> None:
    """It stands, and the same key takes the flag back."""
    the_next(session)
    queue = list(session.queue)
    for is_on in (True, False, True):
        marked = session.flag()
        assert marked is not None
        assert is_on is marked.is_on
        assert queue == list(session.queue)
        assert log.marks(local_day(NOON)).flagged == ({"61/which-value"} if is_on else set())


def test_undo_goes_back_step_by_step(session: Session, log: Log) -> None:
    """A mark, the answer before it, the mark before that."""
    the_next(session)
    session.bury()
    wrong(session)
    session.flag()
    first = session.unmark()
    assert first is not None
    assert first.marking is Marking.FLAG
    assert session.unmark() is None
    taken = session.undo()
    assert taken is not None
    assert taken.item == "61/printed"
    last = session.unmark()
    assert last is not None
    assert last.marking is Marking.BURY
    assert [card for card, _ in session.queue] == CARDS
    assert log.memories() == {}


def test_nothing_is_marked_before_a_question_stands(session: Session) -> None:
    """There is no present item."""
    assert session.bury() is session.suspend() is session.flag() is session.unmark() is None


def test_mark_that_cannot_be_saved_has_not_happened(
    session: Session, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question stands, also when a mark cannot be taken back."""
    the_next(session)
    with monkeypatch.context() as patch:
        patch.setattr(log, "mark", refuse)
        with pytest.raises(KbError):
            session.suspend()
    assert session.left == 3
    session.suspend()
    with monkeypatch.context() as patch:
        patch.setattr(log, "mark", refuse)
        with pytest.raises(KbError):
            session.unmark()
    assert session.left == 2
    assert session.unmark() is not None
    assert session.left == 3


def refuse(*_: object) -> None:
    """A full disk."""
    raise KbError("nothing can be saved", "free space")


def test_what_is_marked_is_not_due(library: Library, log: Log) -> None:
    """Suspended items count nowhere; buried ones are due at tomorrow's beginning."""
    for name in ("which-value", "printed", "counted"):
        log.add(Review(f"61/{name}", NOON - 9 * DAY, "choice", "1", True, Rating.HARD, Rating.HARD, 5.0))
    before = gather(library, log, NOON)
    assert (before.due, before.new) == (3, 3)
    log.mark("61/printed", Marking.SUSPEND, local_day(NOON), NOON)
    log.mark("61/counted", Marking.BURY, local_day(NOON), NOON)
    log.mark("61/recall", Marking.SUSPEND, local_day(NOON), NOON)
    log.mark("61/which-hold", Marking.BURY, local_day(NOON), NOON)
    now = gather(library, log, NOON)
    assert (now.due, now.new, now.forecast[:2]) == (1, 1, (0, 1))
    midnight = datetime(2026, 3, 11).timestamp()
    assert sorted(memory.due for memory in memories_of(library, log, NOON))[-1] == midnight
    tomorrow = gather(library, log, midnight)
    assert (tomorrow.due, tomorrow.new) == (2, 2)


def test_home_counts_what_is_asked(small: Path, home: Path, kb: Kb) -> None:
    """Suspended by command, also the whole entry; taken back the same way."""
    from quiz.desk import Desk

    assert facts_of(Desk(all_kinds), NOON).new == 6
    assert only_json(kb("suspend", "61/printed", "--json").stdout)["items"] == ["61/printed"]
    assert facts_of(Desk(all_kinds), NOON).new == 5
    assert "never asked again" in kb("suspend", "61").stdout
    done = kb("quiz", "--json")
    assert done.returncode == 2
    assert "suspended or buried" in done.stderr
    assert kb("suspend", "mean", "--off").returncode == 0
    assert only_json(kb("--json").stdout)["new"] == 6
    lines = [line for path in home.rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == 12  # what was so already was not written once more


def test_marked_items_are_listed(small: Path, home: Path, kb: Kb) -> None:
    """With entry, id and the first line of the question; by sort; nothing is told as such."""
    write_entry(small, 62, "other")
    assert kb("list", "--flagged").stdout == "no question is marked so\n"
    kb("flag", "61/printed", "62/recall")
    kb("suspend", "61/counted")
    learner_log(home).mark("62/counted", Marking.BURY, local_day(datetime.now().timestamp()), NOON)
    flagged = kb("list", "--flagged").stdout
    assert "61/printed · flagged\n    What does this print?" in flagged
    assert "62/recall · flagged\n    What is the mean of a batch?" in flagged
    assert "counted" not in flagged
    out = only_json(kb("list", "--suspended", "--json").stdout)["items"]
    assert [(one["item"], one["suspend"], one["bury"]) for one in out] == [
        ("61/counted", True, False),
        ("62/counted", False, True),
    ]
    assert out[0]["question"] == "How many values have the sum 12 and the mean 4?"
    assert "这段代码会打印什么？" in kb("list", "--flagged", "--lang", "zh").stdout
    kb("flag", "61", "62", "--off")
    assert only_json(kb("list", "--flagged", "--json").stdout)["items"] == []
    kb("suspend", "62/counted", "--off")
    assert [one["item"] for one in only_json(kb("list", "--suspended", "--json").stdout)["items"]] == ["61/counted"]


@pytest.mark.parametrize("command", ["suspend", "flag"])
def test_what_names_nothing_marks_nothing(small: Path, home: Path, kb: Kb, command: str) -> None:
    """Exact names alone: neither a guess nor a misspelt item does anything."""
    ids = "recall, which-value, which-hold, printed, counted, mean-by-hand"
    complaints = {
        "99": "no entry 99",
        "61/prin": f"entry 61 has no question 'prin'; it has {ids}\n",
        "mean/": f"entry 61 has no question ''; it has {ids}\n",
        "99/printed": "no entry 99",
        "/printed": "no entry is called '/printed'",
        "average of things": "no entry is called 'average of things'",
    }
    for word, complaint in complaints.items():
        done = kb(command, "61/printed", word)
        assert done.returncode == 2
        assert done.stderr.startswith(f"kb: {complaint}")
        assert len(done.stderr.splitlines()) == 1
    assert list(home.rglob("*.jsonl")) == []


def test_an_item_may_be_named_by_its_entrys_name(small: Path, home: Path, kb: Kb) -> None:
    """As the entry itself may."""
    assert "61/printed" in kb("flag", "mean/printed").stdout


def test_keys_mark_the_question_and_the_answer(small: Path, home: Path) -> None:
    """x leaves a question out, u brings it back; ! flags it and it stands; then b means what was answered."""
    with Screen("quiz", "61", "--kind", "choice") as screen:
        screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.send("x")
        screen.wait_for("61/which-value is never asked again")
        screen.wait_for("a-c toggle")
        screen.wait_for_keys()
        screen.send("u")
        screen.wait_for("61/which-value is asked again")
        screen.wait_for("a-d choose", times=2)
        screen.wait_for_keys()
        screen.send("!")
        screen.wait_for("61/which-value is flagged")
        screen.wait_for("a-d choose", times=3)
        screen.wait_for_keys()
        screen.send(place_of(screen.text, "2"))
        screen.wait_for("Enter next")
        screen.wait_for_keys()
        screen.send("b")
        screen.wait_for("61/which-value is not asked before tomorrow")
        screen.wait_for("Enter next", times=2)
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("a-c toggle", times=2)
        screen.wait_for_keys()
        screen.send("\x04")
        assert screen.end() == 0
    assert answers(home) == [("61/which-value", False)]
    marks = learner_log(home).marks(local_day(datetime.now().timestamp()))
    assert [*map(set, (marks.suspended, marks.buried, marks.flagged))] == [
        set(),
        {"61/which-value"},
        {"61/which-value"},
    ]


def test_typed_commands_mark_the_question(small: Path, home: Path) -> None:
    """Behind a colon, as every key where a line is typed; in code as well."""
    with Screen("quiz", "61", "--kind", "answer") as screen:
        screen.wait_for("Your answer >")
        screen.send(":!\r")
        screen.wait_for("61/counted is flagged")
        screen.wait_for("Your answer >", times=2)
        screen.send(":x\r")
        assert screen.end() == 0
    with Screen("quiz", "61", "--kind", "code") as screen:
        screen.wait_for("Your lines")
        screen.send(":b\r\r")
        screen.wait_for("61/mean-by-hand is not asked before tomorrow")
        assert screen.end() == 0
    marks = learner_log(home).marks(local_day(datetime.now().timestamp()))
    assert [*map(set, (marks.suspended, marks.buried, marks.flagged))] == [
        {"61/counted"},
        {"61/mean-by-hand"},
        {"61/counted"},
    ]
