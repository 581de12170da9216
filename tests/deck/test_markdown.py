"""Markdown: what lies too deep or is misread is kept as text, and told."""

import pytest

from kb.deck.markdown import read_markdown
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


@pytest.mark.parametrize("piece", ["[", "![", "[a](", "`", "$", "<", "&", "\\", "|", "**a", "_a ", "$^{"])
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
