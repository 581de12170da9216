"""Formulas as readable Unicode."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.formula import LOWERED, RAISED, readable
from tests.golden import read_cases


@pytest.mark.parametrize(("title", "latex", "expected"), read_cases("formula.txt"), ids=lambda value: str(value)[:40])
def test_golden(title: str, latex: str, expected: str) -> None:
    """Each case reads as expected."""
    assert readable(latex) == expected, title


UNLIKE = {"˂": "<", "˃": ">", "˱": "<", "˲": ">", "ᐧ": ".", "ᶴ": "∫"}
"""Characters that stand for others by their shape alone."""


@pytest.mark.parametrize("letters", [RAISED, LOWERED], ids=["raised", "lowered"])
def test_raised_and_lowered_letters_are_what_unicode_says(letters: dict[str, str]) -> None:
    """Each is decomposed by Unicode into the letter that it stands for."""
    for letter, script in letters.items():
        expected = "−" if letter == "-" else letter  # the keyboard's hyphen is a minus
        assert expected == UNLIKE.get(script) or unicodedata.normalize("NFKD", script) == expected


def spoken(text: str) -> str:
    """Letters and digits of a formula, raised and lowered ones as plain ones."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char.isalnum())


@given(
    st.recursive(
        st.text(alphabet="abcQ12xβ+-=", min_size=1, max_size=4),
        lambda part: st.one_of(
            st.tuples(part, st.sampled_from("^_"), part).map(lambda one: f"{{{one[0]}}}{one[1]}{{{one[2]}}}"),
            st.tuples(part, part).map(lambda one: f"\\frac{{{one[0]}}}{{{one[1]}}}"),
            part.map(lambda one: f"\\sqrt{{{one}}}"),
        ),
        max_leaves=6,
    )
)
def test_loses_no_letters(latex: str) -> None:
    """Scripts, fractions and roots keep every letter and digit, in their order."""
    assert spoken(re.sub(r"\\[a-z]+", "", latex)) == spoken(readable(latex))


@given(st.text(alphabet="\\{}^_ $abfrcsqt12αΣ中&|'", max_size=40))
def test_never_fails(latex: str) -> None:
    """Whatever stands between dollars comes out as something, and of nothing comes nothing."""
    assert bool(latex.split()) == bool(readable(latex))


@pytest.mark.parametrize("latex", ["^{" * 1_000 + "}" * 1_000, "&" * 20_000, "\\sqrt" * 5_000, "{" * 3_000])
def test_formula_that_nobody_can_read(latex: str) -> None:
    """It stays as it is, at once."""
    assert latex == readable(latex)
