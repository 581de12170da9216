"""Mutants: each a small mistake, none the solution itself, all of them Python."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.verify.mutants import mutants


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("return a + b", {"return a - b", "pass"}),
        ("x = -y", {"x = y", "pass"}),
        ("return f(a, b)", {"return f(b, a)", "pass"}),
        ("return x.mean(dim=1)", {"return x.mean()", "return x.mean(dim=2)", "return x.mean(dim=-1)", "pass"}),
        ("keep = x >= p\nreturn keep", {"keep = x < p\nreturn keep", "return keep", "keep = x >= p", "pass"}),
        ("return x if flag else 0.5", {"return x if flag else 2.0", "return x if flag else 0.0", "pass"}),
        ("return not True", {"return True", "return not False", "pass"}),
    ],
)
def test_mistakes(lines: str, expected: set[str]) -> None:
    """Operators, signs, arguments, constants, lines."""
    assert {one.lines for one in mutants(lines)} == expected


def test_what_is_no_python_has_none() -> None:
    """A solution that cannot be read cannot be spoilt."""
    assert mutants("return (") == []


CODE = st.lists(
    st.sampled_from(
        ["a = b + 1", "if a < 2:\n    a = -a", "for i in range(3):\n    x[i] += f(i, 2, dim=1)", "return a @ b"]
    ),
    min_size=1,
    max_size=4,
).map("\n".join)


@given(CODE)
def test_mutants_are_python_and_differ(lines: str) -> None:
    """Each is another program, and a program."""
    found = [one.lines for one in mutants(lines)]
    assert len(set(found)) == len(found)
    assert ast.unparse(ast.parse(lines)) not in found
    for one in found:
        ast.parse(one)
