"""Text: an answer in one language, as blocks of spans. Markdown is read into them, the screen is laid out from them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.deck.rank import CODE, HEADING, PITFALL, PROSE, SOURCE

_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z“\"`])|(?<=[。！？；])(?![”’」』）])|(?<=[。！？；][”’」』）])")
"""Where a sentence ends: a quote that closes behind it is a part of it."""

_CHINESE_GAP = re.compile(r"(?<=[。！？；]) |(?<=[。！？；][”’」』）]) ")
"""The space between two Chinese sentences: Markdown wants it behind bold type, joining writes it, no reader does."""

PITFALLS = {"en": "Pitfalls", "zh": "易错点"}
"""Heading of the section that refutes what people believe, by language."""

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


MOST_WORDS = 300
"""Characters of an answer in short where no paragraph answers first."""


@dataclass(frozen=True, slots=True)
class Text:
    """What ``kb show`` shows, but for the facts around it."""

    language: str
    """``en``, ``zh``, ..."""
    title: str
    """The question, without its number."""
    gist: Block
    """The paragraph that answers it; in notes that begin otherwise the first block that says something."""
    body: tuple[Block, ...]
    """Everything after the gist and before the quiz; all of it, with the gist, where a heading comes first."""
    markdown: str
    """The source of title, gist and body."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All of the answer as it is read, each block once."""
        return self.body if self.gist in self.body else (self.gist, *self.body)

    @property
    def short(self) -> str:
        """The gist's words: all of a paragraph, the first of a list, a table or code."""
        if self.gist.kind == "paragraph":
            return self.gist.text
        words = " ".join(blocks_text((self.gist,)).split())
        return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS].rsplit(' ', 1)[0]} …"

    @property
    def lines(self) -> list[tuple[str, int]]:
        """Sentences, pitfalls and lines of code of gist and body, each with its rank: what a search shows of it."""
        found: list[tuple[str, int]] = []
        section = ""
        for block in self.blocks:
            if block.kind == "heading":
                section = block.text.strip()
            least = SOURCE if section in SOURCES.values() else PITFALL
            is_pitfalls = section in PITFALLS.values() and block.kind == "list"
            lines = (line for item in block.children for line in _pitfall(item)) if is_pitfalls else _lines(block)
            found += ((text, max(rank, least)) for text, rank in lines)
        return found


def _pitfall(item: Block) -> Iterator[tuple[str, int]]:
    """A point of the pitfalls as one line, since what is believed says the opposite without what refutes it."""
    lines = list(_lines(item))
    yield _CHINESE_GAP.sub("", " ".join(" ".join(text.split()) for text, rank in lines if rank == PROSE)), PITFALL
    yield from (line for line in lines if line[1] != PROSE)


def _lines(block: Block) -> Iterator[tuple[str, int]]:
    if block.kind == "code":
        yield from ((line.strip(), CODE) for line in bare_lines(block.text) if line.strip())
        return
    if block.spans:
        rank = HEADING if block.kind == "heading" else PROSE
        yield from ((sentence, rank) for sentence in _SENTENCE_END.split(block.text) if sentence.strip())
    for child in block.children:
        yield from _lines(child)
