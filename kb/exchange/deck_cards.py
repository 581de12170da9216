"""Deck cards: an entry's questions as other programs ask them, each with its key."""

from collections.abc import Iterator
from typing import NamedTuple

from kb.deck.entry import Entry
from kb.deck.item import RECALL
from kb.deck.text import Block, Span
from kb.verify.task import digest

KEYED = ("choice", "predict", "answer")
"""Kinds whose key is written down, beside those of text alone."""


class AskedCard(NamedTuple):
    """One question."""

    entry: int
    id: str
    kind: str
    """``choice``, ``predict``, ``answer`` or ``recall``."""
    question: tuple[Block, ...]
    code: str
    """What is asked about, of ``predict``."""
    options: tuple[tuple[Span, ...], ...]
    marks: tuple[bool, ...]
    """Which options are right."""
    key: str
    """What the script prints, of ``predict`` and ``answer``."""
    explanation: tuple[Block, ...]
    hints: tuple[tuple[Block, ...], ...]

    @property
    def name(self) -> str:
        """How the learner's log knows it: ``61/item-id``."""
        return f"{self.entry}/{self.id}"


def cards_of(entry: Entry, language: str, keys: dict[tuple[int, str, str], str]) -> Iterator[AskedCard]:
    """An entry's recall card, then its items. Code items, which only kb can grade, and items whose key nobody wrote
    down are left out."""
    text = entry.text(language)
    title = Block("paragraph", (Span(text.title),))
    yield AskedCard(entry.number, RECALL, RECALL, (title,), "", (), (), "", (text.gist,), ())
    for item in entry.items:
        wording = item.wording(language)
        key = keys.get((entry.number, item.id, digest(item.code)), "") if item.code else ""
        if item.kind not in (*KEYED, RECALL) or (item.kind in ("predict", "answer") and not key):
            continue
        code = item.code if item.kind == "predict" else ""
        explained, asked = wording.explanation, wording.question
        yield AskedCard(
            entry.number, item.id, item.kind, asked, code, wording.options, item.marks, key, explained, wording.hints
        )
