"""The door: whatever is typed is graded, or refused in one line."""

import ast
import subprocess
import sys

import pytest

from kb.deck.script import read_snippet
from kb.deck.text import bare_lines
from kb.errors import KbError
from quiz.door import CODE_LIMIT, VALUE_LIMIT, Unreadable, admit, guarded, shown
from quiz.grade import _is_closed
from quiz.values.grading import grade_value
from quiz.values.verdict import Verdict
from tests.conftest import ROOT, SNIPPET

HURTING = {
    "a list as a key": "{[1]: 2}",
    "a set of lists": "{[1], [2]}",
    "a pair that begins with a set": "({1}, 2)",
    "400 digits": "9" * 400,
    "5000 digits": "9" * 5000,
    "bits without end": "0x" + "f" * 9000,
    "lone surrogate": "'\ud800'",
    "NUL": "1\0",
    "operators": "-" * 9999 + "1",
    "sum": "1+" * 4999 + "1",
    "brackets": "(" * 5000 + ")" * 5000,
    "brackets left open": "[" * 10_000,
    "dicts in dicts": "{1:" * 3000 + "1" + "}" * 3000,
    "wrapped again and again": "tensor(" * 1400 + ")" * 150,
    "line separator": "'a\u2028b'",
    "form feed": "'a\x0cb'",
    "overflow": "1e400",
    "negative overflow": "-1e400",
    "nan": "nan",
    "inf": "-inf",
    "complex": "1e400j",
    "bytes": "b'5'",
    "ellipsis": "...",
    "bad escape": r"'\d'",
    "decimals": "0." + "1" * 9000,
    "f-string": "f'{1}'",
    "commas": "," * 10_000,
}


@pytest.mark.parametrize("key", ["5", "0.50", "(2, 5)", "True", "'a'", "nan", "inf", "{1, 2}", "(('a', 1), {2})", ""])
@pytest.mark.parametrize("name", HURTING)
def test_any_value_is_graded(name: str, key: str, recwarn: pytest.WarningsRecorder) -> None:
    """Against a key of any sort, in both directions, and Python's warnings stay with Python."""
    assert (grade_value(HURTING[name], key) is Verdict.RIGHT) == (HURTING[name] == key)
    grade_value(key, HURTING[name])
    assert [] == list(recwarn)


@pytest.mark.parametrize("name", HURTING)
def test_any_value_is_itself(name: str) -> None:
    """What was printed is right when it is typed."""
    assert grade_value(HURTING[name], HURTING[name]) is Verdict.RIGHT


def test_no_warning_comes_onto_the_screen() -> None:
    """Also not with warnings turned on."""
    code = (
        r"from quiz.grade import _is_closed; from quiz.values.grading import grade_value; "
        r"grade_value('\'\\d\'', '5'); _is_closed('x = \'\\d\'')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ("", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("lines", "is_closed"),
    [
        ("return 1", True),
        ("x = 'a\u2028b'", True),
        ("x = 'a\x0cb'", True),
        ("x = 'a\x1cb\x85'", True),
        (r"x = '\d'", True),
        ("x = 1\r\ny = 2\rz = 3", True),
        ("-" * 100_000 + "1", False),
        ("(" * 100_000, False),
        ("1+" * 50_000 + "1", False),
        ("x = '\ud800'", False),
        ("x = 1\0", False),
        ("9" * 5000, False),
        ("if False:", False),
        ("'''", False),
    ],
)
def test_lines_are_whole_or_not(lines: str, is_closed: bool) -> None:
    """Whatever stands in them."""
    assert is_closed == _is_closed(lines)


def test_lines_end_where_python_ends_them() -> None:
    """A line separator, a form feed and their like stand inside a line; every system's own end ends one."""
    assert ["a\u2028b\x0cc\x85\x1c", "d", "", "e"] == bare_lines("a\u2028b\x0cc\x85\x1c\r\nd\r\re\n")
    assert [] == bare_lines("")
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    filled = snippet.filled("mean-by-hand", "x = 'a\u2028b\x0c'\nreturn 1")
    assert "    x = 'a\u2028b\x0c'\n    return 1\n" in filled
    ast.parse(filled)


def test_what_is_too_long_is_refused() -> None:
    """With both numbers; what just fits is admitted."""
    assert "1" * VALUE_LIMIT == admit("1" * VALUE_LIMIT, VALUE_LIMIT)
    with pytest.raises(KbError, match="the answer has 10001 characters; 10000 at most are read"):
        admit("1" * (VALUE_LIMIT + 1), VALUE_LIMIT)
    with pytest.raises(KbError, match="100000 at most"):
        admit("1" * (CODE_LIMIT + 1), CODE_LIMIT)


def test_half_characters_are_replaced() -> None:
    """Two halves are one character; one half is none."""
    assert "a\ufffdb" == admit("a\ud800b", 9)
    assert "👍" == admit("\ud83d\udc4d", 9)
    admit("\udcff\ud83d", 9).encode()


def test_guarded_has_one_refusal() -> None:
    """And gives what is read, also nothing."""
    assert guarded(lambda: ast.literal_eval("None")) is None
    with pytest.raises(Unreadable):
        guarded(lambda: ast.literal_eval("{[1]: 2}"))


def test_any_value_is_shown_in_short() -> None:
    """On one line, of a length that can be read."""
    for value in ("x" * 1000, [[[[[[[[[1]]]]]]]]], {"a": [1] * 99}, 9 * 10**300, float("inf"), 10**5000):
        assert 1 < len(shown(value)) < 100
