"""Text: an answer in one language, as blocks of spans. Markdown is read into them, the screen is laid out from them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z“\"`])|(?<=[。！？；])")

PROSE, HEADING, SOURCE, CODE = range(4)
"""Ranks of lines: what answers best comes first."""

SOURCES = {"en": "Sources", "zh": "参考"}
"""Heading of the section that names papers and pages, by language."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one style."""

    text: str
    """What a reader sees; a formula already in readable Unicode."""
    style: str = ""
    """``""``, ``code``, ``strong``, ``em``, ``formula``, ``link``, or ``break`` (a forced new line)."""
    source: str = ""
    """Where a link leads, or a formula's LaTeX."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a list: one node of a text's structure."""

    kind: str
    """``heading``, ``paragraph``, ``code``, ``formula``, ``list``, ``item``, ``table``, ``row``, ``cell``,
    ``quote`` or ``rule``."""
    spans: tuple[Span, ...] = ()
    """The text of a heading, a paragraph, a formula or a cell; a code block's code is its only span."""
    info: str = ""
    """A code block's info string, a heading's level, an ordered list's first number, an ``x`` or blank for a task."""
    children: tuple["Block", ...] = ()
    """The blocks inside a list, an item, a quote, a table or a row."""
    line: int = 0
    """First line in the file, from 1."""
    end: int = 0
    """Last line in the file, from 1."""

    @property
    def text(self) -> str:
        """The block's own text, without styles."""
        return plain(self.spans)


def split_lines(source: str) -> list[str]:
    """The lines of a text with their ends, as Python and Markdown count them: a form feed or U+2028 ends none."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", source)


def bare_lines(source: str) -> list[str]:
    """The same lines without their ends."""
    return [line.rstrip("\r\n") for line in split_lines(source)]


def plain(spans: tuple[Span, ...]) -> str:
    """The text of spans, without their styles."""
    return "".join("\n" if span.style == "break" else span.text for span in spans)


def blocks_text(blocks: tuple[Block, ...]) -> str:
    """The words of blocks, without their styles."""
    return "\n\n".join(blocks_text(block.children) if block.children else block.text for block in blocks)


@dataclass(frozen=True, slots=True)
class Text:
    """What ``kb show`` shows, but for the facts around it."""

    language: str
    """``en``, ``zh``, ..."""
    title: str
    """The question, without its number."""
    gist: Block
    """The paragraph that answers it."""
    body: tuple[Block, ...]
    """Everything after the gist and before the quiz."""
    markdown: str
    """The source of title, gist and body."""

    @property
    def lines(self) -> list[tuple[str, int]]:
        """Sentences and lines of code of gist and body, each with its rank: what a search shows of it."""
        found: list[tuple[str, int]] = []
        is_sources = False
        for block in (self.gist, *self.body):
            if block.kind == "heading":
                is_sources = block.text.strip() in SOURCES.values()
            found += ((text, max(rank, SOURCE if is_sources else PROSE)) for text, rank in _lines(block))
        return found


def _lines(block: Block) -> Iterator[tuple[str, int]]:
    if block.kind == "code":
        yield from ((line.strip(), CODE) for line in bare_lines(block.text) if line.strip())
        return
    if block.spans:
        rank = HEADING if block.kind == "heading" else PROSE
        yield from ((sentence, rank) for sentence in _SENTENCE_END.split(block.text) if sentence.strip())
    for child in block.children:
        yield from _lines(child)
