"""Solutions written by people who saw the questions alone: what they hold for right is accepted, what they hold for
wrong is rejected, or the deck's checks and the judge are not worth much.

They stand in ``tests/quiz/blind/*.toml``, each a table ``[[solution]]`` with ``item`` (``61/endless-stream``),
``verdict`` (``right`` or ``wrong``), ``why`` and ``lines``. On one warm worker, two at a time.
"""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.errors import KbError
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import Card
from quiz.session import Question
from tests.conftest import CONTENT

BLIND = Path(__file__).parent / "blind"

AT_ONCE = 2

LEAST_REJECTED = 0.97
"""Of the wrong solutions: one in a hundred is right after all, or wrong where no check of the snippet can see it."""


@dataclass(frozen=True)
class Solution:
    """One of the lines that somebody wrote for a hole."""

    file: str
    item: str
    verdict: str
    why: str
    lines: str


def solutions() -> list[Solution]:
    """All of them, in the order of the files."""
    found = []
    for path in sorted(BLIND.glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["solution"]
        found += [Solution(path.name, **table) for table in tables]
    return found


@pytest.fixture(scope="module")
def questions() -> dict[str, Question]:
    """Every code item of the built-in deck, as it is asked."""
    library = Library.open(CONTENT, None, all_kinds)
    entries = [library.entry(number) for number in library.by_number]
    return {
        item.key: Question(Card(entry.number, item.id, item.kind), entry, item, (), is_new=True, is_again=False)
        for entry in entries
        for item in entry.items
        if item.kind == "code"
    }


def test_every_solution_is_one_of_an_item(questions: dict[str, Question]) -> None:
    """With one of the two verdicts, a reason and lines; none stands there twice."""
    every = solutions()
    assert every
    for one in every:
        assert one.item in questions, one
        assert one.verdict in ("right", "wrong"), one
        assert one.why.strip(), one
        assert one.lines.strip(), one
    assert len({(one.item, one.lines.strip()) for one in every}) == len(every)


def test_right_ones_are_accepted_and_wrong_ones_rejected(questions: dict[str, Question]) -> None:
    """All of the right ones, and nearly all of the wrong ones."""
    every = solutions()
    with Examiner(()) as examiner:

        def graded(one: Solution) -> Grade:
            question = questions[one.item]
            try:
                return KINDS["code"].grade(examiner, question, one.lines)
            except KbError:  # the machine's doing: as a learner would, once more
                return KINDS["code"].grade(examiner, question, one.lines)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            grades = list(pool.map(graded, every))
    missed = [
        (one, grade) for one, grade in zip(every, grades, strict=True) if grade.correct != (one.verdict == "right")
    ]
    told = "\n".join(
        f"{one.file}: {one.item}, {one.verdict} ({one.why.strip()}): {grade.reason or 'accepted'}\n{one.lines}"
        for one, grade in missed
    )
    print(told)
    wrong = sum(one.verdict == "wrong" for one in every)
    accepted = sum(one.verdict == "wrong" for one, _ in missed)
    assert not any(one.verdict == "right" for one, _ in missed), told
    assert wrong - accepted >= LEAST_REJECTED * wrong, told
