"""Kinds of items: each one whole in its class, and a new one needs that class and its name in the table alone."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.item import Item
from kb.deck.kind import Draft, Trouble
from kb.deck.library import Library
from kb.deck.manifest import read_deck
from kb.deck.script import Snippet
from kb.run.runner import block_job
from kb.verify.form import check_deck
from kb.verify.task import Expectation, Task, digest
from kb.verify.tasks import tasks_of
from quiz.asking import Asking
from quiz.desk import Desk
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.kinds.choice import Choice
from quiz.kinds.kind import QuizKind, Reply
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import Card, all_cards
from quiz.session import Question, Session
from quiz.wire import serve_session
from tests.conftest import EN, ZH, write_entry


@given(st.lists(st.booleans(), min_size=2, max_size=6), st.sets(st.integers(0, 5)), st.randoms(use_true_random=False))
def test_choice_is_exact(marks: list[bool], chosen: set[int], dice: Random) -> None:
    """All right options and no other, wherever they stand."""
    chosen = {at for at in chosen if at < len(marks)}
    order = list(range(len(marks)))
    dice.shuffle(order)
    item = Item(61, "x", "choice", {}, tuple(marks))
    question = Question(Card(61, "x", "choice"), None, item, tuple(order), True, False)  # type: ignore[arg-type]
    given_ = ", ".join(str(order.index(at) + 1) for at in chosen)
    expected = {at for at, mark in enumerate(marks) if mark} == chosen
    assert expected == Choice().grade(Examiner([]), question, given_).correct


class Oath(QuizKind):
    """A kind of the test's own: a script must hold, and the learner says yes or no."""

    name = key = "oath"
    fences = ("oath",)
    least = 1

    def fits(self, draft: Draft) -> bool:
        return "oath" in draft.scripts

    def complaints(self, draft: Draft) -> Trouble:
        if len(draft.scripts.get("oath", [])) > 1:
            yield draft.line, f"item {draft.id!r} swears twice; once is enough"

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"code": draft.scripts["oath"][0]}

    def tasks(self, item: Item, snippet: Snippet | None, device: str) -> Iterator[Task]:
        job = block_job(item.code, item.id, needs_checks=True)
        yield Task(item.entry, "oath", item.id, job, digest(item.code), Expectation.PASSES)

    def solution(self, examiner: Examiner, question: Question) -> str:
        return "yes"

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        return Grade(given == "yes")

    def ask(self, asking: Asking) -> Reply:
        given = asking.board.read_line("yes or no? ")
        return Reply(given, self.grade(asking.examiner, asking.question, given))

    def wire_facts(self, question: Question, language: str) -> dict[str, Any]:
        return {"oath": question.item.code}


OATH_EN = EN + "\n### on-means\n\nDoes this hold?\n\n```python oath\nassert sum([1, 3]) / 2 == 2\n```\n\nIt does.\n"
OATH_ZH = ZH + "\n### on-means\n\n这成立吗？\n\n---\n\n成立。\n"


@pytest.fixture
def sworn(deck: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck with an item of the new kind, and the kind in the table."""
    monkeypatch.setitem(KINDS, "oath", Oath())
    write_entry(deck, en=OATH_EN.format(number=61), zh=OATH_ZH.format(number=61))
    return deck


def test_new_kind_is_read_checked_and_verified(sworn: Path) -> None:
    """Its class is all that reading, the form of a deck and verification need."""
    assert check_deck(read_deck(sworn)[0], KINDS) == []
    entry = Library.open(sworn, None, all_kinds).entry(61)
    assert [item.kind for item in entry.items][-1] == "oath"
    assert [(one.what, one.id) for one in tasks_of(entry, KINDS)][-1] == ("oath", "on-means")


def test_new_kind_complains(sworn: Path) -> None:
    """What it finds wrong is told with the line of its item, and so is an entry without one."""
    block = "```python oath\nassert True\n```\n"
    write_entry(
        sworn, en=OATH_EN.format(number=61).replace("\nIt does.", block + "\nIt does."), zh=OATH_ZH.format(number=61)
    )
    assert any("swears twice" in one.message for one in check_deck(read_deck(sworn)[0], KINDS))
    write_entry(sworn)
    assert any(
        "0 items of the kind oath; at least 1 needed" in one.message for one in check_deck(read_deck(sworn)[0], KINDS)
    )


def test_new_kind_is_asked_over_the_wire(sworn: Path, home: Path) -> None:
    """It brings its own facts, and its own grade."""
    desk = Desk(all_kinds, sworn)
    cards = [card for card in all_cards(desk.library) if card.kind == "oath"]
    session = Session(desk.library, desk.log, cards, Random(0), lambda: 1000.0, lambda: 0.0)
    target = io.StringIO()
    with Examiner(desk.records) as examiner:
        serve_session(desk, session, examiner, io.BytesIO(b'{"answer": "yes"}\n'), target)
    question, grade, done, end = map(json.loads, target.getvalue().splitlines())
    assert (question["kind"], question["oath"]) == ("oath", "assert sum([1, 3]) / 2 == 2\n")
    assert (grade["correct"], grade["key"], done["event"], end["right"]) == (True, "yes", "done", 1)
