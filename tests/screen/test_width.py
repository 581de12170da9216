"""Widths: cells and graphemes, and that common texts need no tables."""

import subprocess
import sys

import pytest
import wcwidth
from hypothesis import given
from hypothesis import strategies as st

from kb.screen.layout import clip, wrap
from kb.screen.width import SIMPLE, graphemes, visible, width_of
from tests.conftest import ROOT

FAMILY, ACCENTED, HEART, KEYCAP, FLAG, SYLLABLE = "👨‍👩‍👧", "e\u0301", "❤\ufe0f", "1\ufe0f\u20e3", "🇩🇪", "क्षि"
CLUSTERS = (FAMILY, ACCENTED, HEART, KEYCAP, FLAG, SYLLABLE, "中", "a", " ", "，", "👍🏽", "\u1112\u1161\u11ab")
MIXED = st.lists(st.sampled_from(CLUSTERS), max_size=40)


def test_what_is_counted_without_tables_is_what_they_say() -> None:
    """One cell or two, and a grapheme of its own whatever stands beside it."""
    assert list(SIMPLE) == sorted(SIMPLE)
    cells = {chr(code): cells for first, last, cells in SIMPLE for code in range(ord(first), ord(last) + 1)}
    assert [char for char, count in cells.items() if wcwidth.wcswidth(char) != count] == []
    for text in ("".join(cells), "".join(reversed(cells))):
        assert len(text) == len(list(wcwidth.iter_graphemes(text)))
        assert width_of(text) == wcwidth.wcswidth(text)


def test_tables_are_loaded_for_what_needs_them() -> None:
    """English, Chinese and formulas do without; an accent of its own does not."""
    code = (
        "import sys\nfrom kb.screen.width import width_of\n"
        "for text in ('LSTM → ∑ᵢ xᵢ ≈ 3', '平均值：“均值”', 'e\\u0301'):\n"
        "    print(width_of(text), 'wcwidth' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["16 False", "14 False", "1 True"]


@pytest.mark.parametrize(
    ("text", "cells"),
    [(FAMILY, 2), (ACCENTED, 1), (HEART, 2), (KEYCAP, 2), (FLAG, 2), (SYLLABLE, 2), ("\u3000", 2), ("a\u200bb", 2)],
)
def test_grapheme_is_one_and_has_its_cells(text: str, cells: int) -> None:
    """Joiners, accents, selectors, flags."""
    assert width_of(text) == cells
    if text[0] != "a":
        assert list(graphemes(text)) == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1m", "\\x1b[1m"),
        ("\x07\x9b", "\\x07\\x9b"),
        ("a\u202eb", "a\\x202eb"),
        ("\u2028", "\\x2028"),
        ("\ud800", "\\xd800"),
        ("a\tb\n", "a\tb\n"),
        (f"\u3000\xa0\xad{FAMILY}{HEART}", f"\u3000\xa0\xad{FAMILY}{HEART}"),
    ],
)
def test_control_characters_are_written_out_and_nothing_else(text: str, shown: str) -> None:
    """What moves the cursor or turns the writing is shown; spaces, joiners and hyphens of any kind are as they are."""
    assert visible(text) == shown


@given(st.text(max_size=60))
def test_width_is_never_less_than_what_is_shown(text: str) -> None:
    """Whatever the text: no error, and graphemes lose nothing."""
    assert "".join(graphemes(text)) == text
    assert width_of(text) >= max(0, wcwidth.wcswidth(visible(text)))


@given(MIXED, st.integers(10, 40))
def test_wrapping_cuts_no_grapheme(clusters: list[str], width: int) -> None:
    """Every line fits, and its graphemes are those of the text."""
    text = "".join(clusters)
    lines = ["".join(piece for piece, _ in line) for line in wrap([(text, "")], width)]
    assert all(width_of(line) <= width for line in lines)
    assert [one for line in lines for one in graphemes(line) if one != " "] == [
        one for one in graphemes(text) if one != " "
    ]


@given(MIXED, st.integers(2, 30))
def test_clipping_cuts_no_grapheme(clusters: list[str], width: int) -> None:
    """What is left is the beginning of the text, in whole graphemes."""
    text = "".join(clusters)
    cut = clip(text, width)
    assert width_of(cut) <= width
    kept = list(graphemes(cut.removesuffix("…")))
    assert cut == text or kept == list(graphemes(text))[: len(kept)]
