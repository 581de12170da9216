"""Text: an entry's answer in one language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.deck.block import Block

_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z“\"`])|(?<=[。！？；])")

PROSE, HEADING, SOURCE, CODE = range(4)
"""Ranks of lines: what answers best comes first."""

SOURCES = {"en": "Sources", "zh": "参考"}
"""Heading of the section that names papers and pages, by language."""


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
        yield from ((line.strip(), CODE) for line in block.text.splitlines() if line.strip())
        return
    if block.spans:
        rank = HEADING if block.kind == "heading" else PROSE
        yield from ((sentence, rank) for sentence in _SENTENCE_END.split(block.text) if sentence.strip())
    for child in block.children:
        yield from _lines(child)
