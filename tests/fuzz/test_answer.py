"""Answers: any text is graded against any key, and any lines stand in a hole."""

import ast

from hypothesis import example, given

from kb.deck.script import read_snippet
from kb.deck.text import bare_lines
from kb.errors import KbError
from quiz.door import CODE_LIMIT, VALUE_LIMIT, admit
from quiz.grade import _is_closed
from quiz.values.grading import expectation, grade_value
from quiz.values.verdict import Verdict
from tests.conftest import SNIPPET
from tests.fuzz.typing_strategies import LINES, VALUES


@given(VALUES, VALUES)
@example("({1}, 2)", "({1}, 2)")
@example("{[1]: 2}", "5")
@example("9" * 400, "0.5")
def test_any_value_is_graded(typed: str, key: str) -> None:
    """There is a verdict for every text and every key, both ways round, and something to say where it is none."""
    try:
        given_ = admit(typed, VALUE_LIMIT)
    except KbError:
        assert len(typed) > VALUE_LIMIT
        return
    given_.encode()
    assert isinstance(grade_value(given_, key), Verdict)
    assert isinstance(grade_value(key, given_), Verdict)
    assert expectation(key)


@given(VALUES)
@example("'\ud800'")
def test_any_value_is_itself(key: str) -> None:
    """Whatever was printed is right when it is typed as it stands."""
    assert grade_value(key, key) is Verdict.RIGHT


@given(LINES)
@example("x = '\u2028'")
@example("-" * 3000 + "1")
@example("\0")
def test_any_lines_fill_a_hole(lines: str) -> None:
    """They come between the lines around them, each on a line of its own, and are whole only if the
    snippet then is Python."""
    lines = admit(lines, CODE_LIMIT)
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    hole = snippet.hole("mean-by-hand")
    assert hole is not None
    before = bare_lines(SNIPPET)
    filled = bare_lines(snippet.filled("mean-by-hand", lines))
    assert before[: hole.first] == filled[: hole.first]
    assert before[hole.end :] == filled[len(filled) - len(before) + hole.end :]
    assert len(bare_lines(lines)) == len(filled) - hole.first - len(before) + hole.end
    try:
        ast.parse("\n".join(filled))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        assert not _is_closed(lines)
