"""Why lines for a hole were rejected, as the learner reads it."""

import io

import pytest

from kb.deck.script import read_snippet
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from quiz.grade import grade_code
from quiz.rejection_lines import rejection_lines

SOURCE = """import os

values = [1.0, 2.0, 6.0]
# hole: mean
mean = sum(values) / len(values)
# end
assert mean == 3.0, "the sum over the count"
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "x = 1\nreturn x",
            ["✗ your line 2: SyntaxError: 'return' outside function", "     1  x = 1", ">    2  return x"],
        ),
        ("\nmean = values / 3", ["✗ your line 2: TypeError: unsupported operand type(s) for /: 'list' and 'int'"]),
        (
            "mean = 4.0",
            [
                "✗ line 7: AssertionError: the sum over the count",
                "     6  # end",
                '>    7  assert mean == 3.0, "the sum over the count"',
                "        mean = 4.0",
            ],
        ),
    ],
)
def test_the_line_that_failed(lines: str, expected: list[str]) -> None:
    """One of the learner's own by its own number, a check of the snippet with its values; no line is too wide."""
    snippet = read_snippet("x", SOURCE)[0]
    out = Terminal(io.StringIO(), {"COLUMNS": "80"})
    shown = rejection_lines(grade_code(snippet, "mean", lines), lines, snippet, snippet.holes[0], out, Speech("en"))
    texts = [out.styled(line) for line in shown]
    assert expected == texts[: len(expected)]
    assert texts[-1] == ""
    assert all(len(text) <= 80 for text in texts)
