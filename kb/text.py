"""Text: an entry's answer in one language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.block import Block

_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z“\"`])|(?<=[。！？；])")


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
    def lines(self) -> list[tuple[str, bool]]:
        """Sentences and lines of code of gist and body, each with whether it is code: what a search shows of it."""
        blocks = (self.gist, *self.body)
        return [line for block in blocks for line in _lines(block)]


def _lines(block: Block) -> Iterator[tuple[str, bool]]:
    if block.kind == "code":
        yield from ((line.strip(), True) for line in block.text.splitlines() if line.strip())
        return
    if block.spans:
        yield from ((sentence, False) for sentence in _SENTENCE_END.split(block.text) if sentence.strip())
    for child in block.children:
        yield from _lines(child)
