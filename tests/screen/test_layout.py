"""Layout: no line too wide, none beginning with closing punctuation, no text lost."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

from kb.deck.markdown import read_markdown
from kb.screen.highlight import python_lines
from kb.screen.hit_lines import passage_line
from kb.screen.layout import CLOSING, Style, clip, code_lines, lay_out, wrap
from kb.search.passages import Passage
from tests.conftest import EN, ZH


def style(width: int) -> Style:
    """A plain style of a width."""
    return Style(width, True, lambda span: [(span.text, "link")], python_lines)


def shown(source: str, width: int) -> list[str]:
    """What a text looks like at a width."""
    return ["".join(piece for piece, _ in line) for line in lay_out(read_markdown(source).blocks, style(width))]


TEXT = st.text(alphabet="ab cd，。（）中文字符x1.-、“”", max_size=120)


@given(TEXT, st.integers(10, 60))
def test_wrapped_lines_fit_and_keep_every_character(text: str, width: int) -> None:
    """Wrapping only moves spaces."""
    lines = ["".join(piece for piece, _ in line) for line in wrap([(text, "")], width)]
    assert "".join(text.split()) == "".join("".join(lines).split())
    assert all(wcswidth(line) <= width for line in lines)


@given(st.text(alphabet="中文字符，。；（x", min_size=1, max_size=80), st.integers(12, 40))
def test_no_line_begins_with_closing_punctuation(text: str, width: int) -> None:
    """Punctuation stays with what it closes, unless nothing but punctuation is there to stay with."""
    lines = ["".join(piece for piece, _ in line) for line in wrap([("字" + text, "")], width)]
    for before, line in pairwise(lines):
        if line[:1] in CLOSING:
            assert wcswidth(before) + wcswidth(line[0]) > width
            assert all(char in CLOSING or char in "（x" for char in before[1:]) or len(before) * 2 >= width - 1


def test_whole_entries_fit_at_forty_and_eighty() -> None:
    """Every line of an entry in both languages keeps within the width."""
    for source in (EN, ZH):
        blocks = read_markdown(source.format(number=61)).blocks
        for width in (40, 80):
            for line in lay_out(blocks, style(width)):
                text = "".join(piece for piece, _ in line)
                assert wcswidth(text) <= width, text


def test_table_is_folded_into_the_width() -> None:
    """Wide cells wrap inside their column; no text is lost."""
    source = "| optimizer | what it keeps for each parameter |\n|--|--|\n| Adam | two moments 一阶矩与二阶矩 |\n"
    lines = lay_out(read_markdown(source).blocks, style(30))
    texts = ["".join(piece for piece, _ in line) for line in lines]
    assert all(wcswidth(text) <= 30 for text in texts)
    assert "一阶矩与二阶矩" in "".join("".join(texts).split())


def test_task_lists_and_formulas_are_shown() -> None:
    """Marks of tasks, numbers of lists, formulas in Unicode."""
    source = "3. three\n4. four\n\n- [x] done\n- [ ] open\n\n$$\nx_1^2\n$$\n"
    assert shown(source, 40) == ["3. three", "4. four", "", "[x] done", "[ ] open", "", "    x₁²"]


@given(TEXT, st.integers(2, 30))
def test_clip_fits(text: str, width: int) -> None:
    """A clipped text is never wider than asked, and whole if it fits."""
    cut = clip(text, width)
    assert wcswidth(cut) <= width
    assert cut == text or cut.endswith("…")


@given(TEXT, st.integers(10, 30))
def test_passage_begins_with_a_whole_word_and_shows_its_match(text: str, width: int) -> None:
    """However long the line before the match is."""
    text = f"{text} match {text}"
    at = len(text.partition(" match ")[0]) + 1
    line = passage_line(Passage(text, ((at, at + 5),)), width)
    shown = "".join(piece for piece, _ in line)
    assert wcswidth(shown) <= width
    assert ("match", "mark") in line
    if shown.startswith("…"):
        assert shown[1] != " "
        where = text.index(shown[1:].removesuffix("…")) if shown.endswith("…") else len(text) - len(shown) + 1
        assert not text[where - 1 : where + 1].isascii() or not text[where - 1 : where + 1].isalnum()


def test_table_breaks_no_word_while_there_is_room() -> None:
    """A column of long names keeps its width, and one of many words gives way."""
    row = "| `MultiLabelMarginLoss` | some words that may go on below, as words do | 1 |\n"
    lines = shown(f"| name | meaning | n |\n| --- | --- | --- |\n{row}", 40)
    assert any("`MultiLabelMarginLoss`" in line for line in lines)
    assert max(map(wcswidth, lines)) <= 40
    assert max(map(wcswidth, shown(f"| name | meaning | n |\n| --- | --- | --- |\n{row}", 20))) <= 20


@example("============ 中中中 ", 24)
@given(st.text(alphabet="ab (.,=中", min_size=1, max_size=120), st.integers(20, 60))
def test_folded_code_keeps_its_characters_and_goes_on_further_in(code: str, width: int) -> None:
    """But for a space for which the line's end stands. At a space, or behind a sign, if there is one in the second
    half: no word is cut that need not be."""
    lines = shown(f"```python\n  x{code}x\n```\n", width)
    assert max(map(wcswidth, lines)) <= width
    assert all(line.startswith(" " * 8) for line in lines[1:])
    text = f"x{code}x".removeprefix(lines[0][4:])
    for line, below in pairwise(lines):
        is_at_space = text.startswith(" ") and not below[8:].startswith(" ")
        text = text.removeprefix(" ") if is_at_space else text
        assert text.startswith(below[8:])
        text = text.removeprefix(below[8:])
        is_behind_sign = line.endswith(tuple(" ,(.="))
        assert is_at_space or is_behind_sign or not set(" ,(.=") & set(line[len(line) // 2 + 1 :])
    assert text == ""


@pytest.mark.parametrize("width", [40, 60, 78])
def test_a_folded_comment_is_one_in_every_line(width: int) -> None:
    """Its sign is never left alone at a line's end, and code before it ends where it begins."""
    code = "layer = nn.LSTM(16, 32, batch_first=True, bidirectional=True)  # batch_first is False unless it is said"
    coloured = code_lines(code, "python", Style(width, False, lambda _: [], python_lines))
    lines = ["".join(text for text, _ in line) for line in coloured]
    assert max(map(wcswidth, lines)) <= width
    assert not any(line.rstrip().endswith("#") for line in lines)
    begun = next(at for at, line in enumerate(lines) if "#" in line)
    assert all(line.lstrip().startswith("# ") for line in lines[begun + 1 :])
    words = " ".join(line.strip().removeprefix("# ") for line in lines[begun:]).partition("# ")
    assert (words[2] or words[0]).endswith("batch_first is False unless it is said")


@pytest.mark.parametrize("source", ["$x_1$: 1", "| $x_1$: 1 |\n| --- |", "- $x_1$: 1", "$x_1$"])
def test_formula_at_the_beginning(source: str) -> None:
    """Also where the text ends with a digit, which the rule for formulas takes for the character before it."""
    assert "$" not in "".join(shown(source, 40))
    assert "x₁" in "".join(shown(source, 40))


def test_coloured_code_is_the_code() -> None:
    """Highlighting changes no character."""
    code = "def f(x):\n    '''doc\n    more'''\n\n    return x  # why\n"
    assert code == "\n".join("".join(text for text, _ in line) for line in python_lines(code))


def test_code_folds_between_graphemes() -> None:
    """Also inside a text that holds an emoji of several characters."""
    family = "👨‍👩‍👧"
    lines = shown(f"```python\nx{family * 9}x\n```\n", 20)
    assert lines == [f"  x{family * 8}", f"      {family}x"]


def test_passage_is_cut_between_graphemes() -> None:
    """Before the match too."""
    text = "e\u0301" * 40 + " match"
    shown = "".join(piece for piece, _ in passage_line(Passage(text, ((81, 86),)), 20))
    assert shown == "…" + "e\u0301" * 4 + " match"
