"""Markdown: what lies too deep or is misread is kept as text, and told."""

import pytest

from kb.deck.markdown import dollared, read_markdown, walk
from kb.deck.text import Block, Span, bare_lines, split_lines


def words(blocks: tuple[Block, ...]) -> str:
    """All text of blocks."""
    return "".join(block.text + words(block.children) for block in blocks)


def said(source: str) -> list[str]:
    """``line: message`` of every complaint."""
    return [f"{line}: {message}" for line, message in read_markdown(source).complaints]


LISTS = "lists or quotes nested too deep; write them flatter"


@pytest.mark.parametrize("depth", [1, 9, 10, 11, 30, 1_000])
def test_lists_in_lists(depth: int) -> None:
    """Nine levels are shown; of what lies deeper the words are, and the place is told."""
    source = "".join(f"{'  ' * at}- word{at}.\n" for at in range(depth))
    reading = read_markdown(source)
    assert [] == [at for at in range(depth) if f"word{at}." not in words(reading.blocks)]
    assert ([f"10: {LISTS}"] if depth > 9 else []) == said(source)


@pytest.mark.parametrize(
    "source", [">" * 300 + " word", "- " * 300 + "word", "1. " * 300 + "word", "> - " * 300 + "word"]
)
def test_signs_in_one_line(source: str) -> None:
    """The same."""
    assert "word" in words(read_markdown(source).blocks)
    assert [f"1: {LISTS}"] == said(source)


@pytest.mark.parametrize("source", ["*" * 3_000 + "word" + "*" * 3_000, "**a " * 3_000 + "word" + " b**" * 3_000])
def test_emphasis_in_emphasis(source: str) -> None:
    """Thousands of stars are stars."""
    assert source == words(read_markdown(source).blocks)
    assert ["1: emphasis nested too deep; write it plainer"] == said(source)


@pytest.mark.parametrize("piece", ["[", "![", "[a](", "`", "$", "<", "&", "\\", "|", "**a", "_a ", "$^{", r"\(", r"\["])
def test_signs_that_mean_nothing(piece: str) -> None:
    """Whatever is said a thousand times is read."""
    assert words(read_markdown(f"word {piece * 1_000}").blocks).startswith("word")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**粗。**细", "**粗。**细"),
        ("a <b>x</b>", "a <b>x</b>"),
        ("<!-- x -->", "<!-- x -->"),
        ("<details>\nx\n</details>", "<details> x </details>"),
    ],
)
def test_what_is_misread_stays(source: str, shown: str) -> None:
    """Nothing that was written is lost."""
    assert (Span(shown),) == read_markdown(source).blocks[0].spans
    assert len(said(source)) == 1


@pytest.mark.parametrize("source", ["2 * 3 * 4", "**a** b", "**a**，b", "**a。** b", "f(*a) 和 g(*b)", "`**a。**b`"])
def test_stars_that_are_meant(source: str) -> None:
    """Nothing is said of them."""
    assert [] == said(source)


def test_lines() -> None:
    """Only what ends a line in Python ends one here."""
    assert ["a\x0cb\u2028c\x85d\n", "e\r\n", "f\r", "g"] == split_lines("a\x0cb\u2028c\x85d\ne\r\nf\rg")
    assert ["a", "", "b"] == bare_lines("a\n\nb\n")


def formulas(source: str) -> list[tuple[str, str]]:
    """The formulas of a text: the kind of block they stand in, and their LaTeX."""
    found = walk(read_markdown(source).blocks)
    return [(block.kind, span.source) for block in found for span in block.spans if span.style == "formula"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (r"a \( w \) b", [("paragraph", "w")]),
        (r"权重\(w_1\)是", [("paragraph", "w_1")]),
        (r"**\(a_1\)** and $b_1$", [("paragraph", "a_1"), ("paragraph", "b_1")]),
        (r"\[ z = 1 \]", [("formula", "z = 1")]),
        ("\\[\nL = 1 \\\\[2pt]\n\\]", [("formula", "L = 1 \\\\[2pt]")]),
        ("The loss\n\\[\nL = x\n\\]\nwhere", [("paragraph", "L = x")]),
        ("> \\[\n> a\n> b\n> \\]", [("formula", "a\nb")]),
        (r"so \[ z = 1 \] holds", [("paragraph", "z = 1")]),
        ("| \\(x_1\\) |\n|--|\n| `\\(y\\)` |", [("cell", "x_1")]),
    ],
)
def test_formulas_in_brackets(source: str, found: list[tuple[str, str]]) -> None:
    """As LaTeX writes them, in a line and by themselves, just as those between dollars."""
    assert found == formulas(source)


@pytest.mark.parametrize(
    "source",
    [
        r"`\( w \)`",
        "```python\n\\[ z = 1 \\]\n```",
        r"\(a `b\)` c",
        r"never \( closed",
        "\\[ never\n\nclosed \\]",
        r"\\( w \\)",
        r"\( \) \[ \]",
        r"x\[0\] f\(x\) \[a link\](there) see \[1\] and \[CLS\]",
    ],
)
def test_brackets_that_are_no_formulas(source: str) -> None:
    """Code, what nobody closed, and the brackets that Markdown's writers put a backslash before."""
    assert [] == formulas(source)
    assert source == dollared(source)


def test_formulas_between_dollars() -> None:
    """What reads no brackets gets dollars, and nothing else is changed."""
    source = "> a \\( w \\) `\\(c\\)` $v$\n\n- b\n\n  \\[\n  z = 1\n  \\]\n\n| \\(x\\) |\n|--|\n| \\(y\\) |\n"
    wanted = "> a $w$ `\\(c\\)` $v$\n\n- b\n\n  $$\n  z = 1\n  $$\n\n| $x$ |\n|--|\n| $y$ |\n"
    assert wanted == dollared(source)
    assert formulas(source) == formulas(wanted)
