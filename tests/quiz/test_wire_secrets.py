"""Nothing goes out before an answer that tells it: whatever the key of an item is, what is sent is the same."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kb.deck.library import Library
from kb.deck.script import Snippet, read_snippet
from kb.deck.text import Block, Span, bare_lines, blocks_text
from kb.screen.messages import Speech
from kb.verify.record import read_records
from quiz.examiner import Examiner
from quiz.grade import grade_code
from quiz.hole_facts import check_facts
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import all_cards
from quiz.session import Question, recall_item
from quiz.session_progress import SessionProgress
from quiz.wire_events import EVENTS, question_facts
from tests.conftest import CONTENT

LIBRARY = Library.open(CONTENT, None, all_kinds)
FIRST = SessionProgress(1, 1, 0, 0, 0)


def questions() -> Iterator[Question]:
    """Every item of the built-in deck."""
    for card in all_cards(LIBRARY):
        entry = LIBRARY.entry(card.number)
        item = recall_item(entry) if card.kind == "recall" else entry.item(card.id)
        assert item is not None
        yield Question(card, entry, item, tuple(range(len(item.marks))), True, False)


def with_other_holes(snippet: Snippet) -> Snippet:
    """The same script with as many other lines in every hole."""
    lines = bare_lines(snippet.source)
    for hole in snippet.holes:
        lines[hole.first : hole.end] = [f"{hole.indent}other_{at} = {at}" for at in range(hole.end - hole.first)]
    return replace(snippet, source="\n".join(lines) + "\n")


def with_another_key(question: Question) -> Question:
    """The same question as if something else were right."""
    item, entry = question.item, question.entry
    lie = (Block("paragraph", (Span("Quite another reason."),)),)
    wordings = {language: replace(one, explanation=lie) for language, one in item.wordings.items()}
    changes: dict[str, Any] = {"wordings": wordings, "marks": item.marks[1:] + item.marks[:1], "proof": "assert 0"}
    if item.kind == "answer":
        changes["code"] = "print('another')"
    elif item.kind == "code":
        changes |= {"right": ("another",), "wrong": ("another",)}
        assert entry.snippet
        entry = replace(entry, snippet=with_other_holes(entry.snippet))
    return replace(question, item=replace(item, **changes), entry=entry)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_tells_nothing_of_its_key(language: str) -> None:
    """With another key the very same is sent, and of a code item no line of any hole."""
    count = 0
    for question in questions():
        sent = question_facts(question, language, FIRST)
        assert sent == question_facts(with_another_key(question), language, FIRST), question.card.key
        assert sent.keys() <= set(EVENTS["question"])
        count += 1
        snippet = question.entry.snippet
        if question.item.kind != "code" or snippet is None:
            continue
        source, code = bare_lines(snippet.source), [line.strip() for line in bare_lines(sent["code"])]
        inside = {at for hole in snippet.holes for at in range(hole.first, hole.end)}
        outside = {line.strip() for at, line in enumerate(source) if at not in inside}
        secret = {source[at].strip() for at in inside} - outside
        assert not secret & set(code), question.card.key
        assert code.count("...") >= len(snippet.holes)
        assert sent["code"].splitlines()[sent["line"] - 1] == sent["indent"] + "..."
        assert code[sent["line"] - 2] == f"# hole: {question.item.id}"
    assert count > 300


def test_hints_do_not_give_the_answer_away() -> None:
    """No hint is a recall card's answer, tells a line of another hole, or, with those before it, a whole solution of
    more than a line; after the last there is none."""
    say, examiner = Speech("en"), Examiner(read_records(CONTENT))
    for question in questions():
        item, snippet = question.item, question.entry.snippet
        hints: list[str] = []
        while hint := KINDS[item.kind].hint(examiner, question, len(hints) + 1, say):
            hints.append(blocks_text(hint.blocks))
        assert len(hints) < 20, question.card.key
        if item.kind == "recall":
            assert blocks_text(item.wording("en").explanation) not in hints
        own = snippet.solution(item.id).splitlines() if snippet and item.kind == "code" else []
        told = {line.strip() for text in hints for line in text.splitlines()} - {""}
        if len(own) > 1:
            assert {line.strip() for line in own} - told, question.card.key
        for hole in snippet.holes if snippet else ():
            if snippet and hole.name != item.id:
                others = {line.strip() for line in snippet.solution(hole.name).splitlines()}
                assert not others & told - {line.strip() for line in own}, question.card.key


@pytest.fixture
def two_holes() -> Snippet:
    """A script with two holes."""
    return read_snippet("snippet.py", TWO_HOLES)[0]


TWO_HOLES = """ITEMS = [1]


def one():
    # hole: one
    secret = ITEMS[0]
    return secret
    # end


def two():
    # hole: two
    return one()
    # end


assert two() == 1
"""


@pytest.mark.parametrize(
    ("name", "given", "line", "own", "text"),
    [
        ("two", "ITEMS.clear()\nreturn one()", 6, None, None),
        ("one", "\n\n\nreturn 1 / 0", 9, 4, "return 1 / 0"),
        ("one", "return 1 / 0", 6, 1, "return 1 / 0"),
        ("one", "return 2", 16, None, "assert two() == 1"),
    ],
)
def test_a_failure_in_another_hole_does_not_show_its_line(
    two_holes: Snippet, name: str, given: str, line: int, own: int | None, text: str | None
) -> None:
    """Where it failed is told, what stands there is another question's key."""
    facts = check_facts(two_holes, name, grade_code(two_holes, name, given))
    assert facts is not None
    assert (facts["line"], facts["own_line"], facts["text"]) == (line, own, text)
    assert "secret" not in str(facts)
