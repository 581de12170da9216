"""Formulas as readable Unicode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.formula import readable
from tests.golden import read_cases


@pytest.mark.parametrize(("title", "latex", "expected"), read_cases("formula.txt"), ids=lambda value: str(value)[:40])
def test_golden(title: str, latex: str, expected: str) -> None:
    """Each case reads as expected."""
    assert readable(latex) == expected, title


@given(st.text(alphabet="\\{}^_ $abfrcsqt12αΣ中&|'", max_size=40))
def test_never_fails_and_loses_no_letters(latex: str) -> None:
    """Whatever stands between dollars comes out as something."""
    assert isinstance(readable(latex), str)
