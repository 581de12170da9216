"""Item: one question of the quiz, with its key and its wordings."""

from dataclasses import dataclass

from kb.deck.text import Block, Span

RECALL = "recall"
"""The id and the kind of the card that every entry has without being written."""


@dataclass(frozen=True, slots=True)
class Wording:
    """An item in one language."""

    question: tuple[Block, ...]
    """What stands before the list or the block, but for the hints."""
    options: tuple[tuple[Span, ...], ...]
    """A choice's options in the order of the file."""
    explanation: tuple[Block, ...]
    """What is shown once the item is answered."""
    hints: tuple[tuple[Block, ...], ...] = ()
    """Its own hints, a quotation each, in the order in which they are given."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question."""

    entry: int
    """Number of its entry."""
    id: str
    """Its heading, unique within the entry and never changed once published: progress hangs on it."""
    kind: str
    """Name of its kind: what it consists of tells it."""
    wordings: dict[str, Wording]
    """By language."""
    marks: tuple[bool, ...] = ()
    """Which options are right, in the order of the file."""
    code: str = ""
    """A script whose printed output is the key."""
    proof: str = ""
    """A script that shows the key to be right."""
    right: tuple[str, ...] = ()
    """Solutions for a hole that must be accepted."""
    wrong: tuple[str, ...] = ()
    """Solutions that must be rejected: misconceptions."""
    forbid: tuple[str, ...] = ()
    """What lines for a hole may not call: names of the snippet (``rnn``), or below one (``F.cross_entropy``)."""
    line: int = 0
    """Line of its heading in the primary language's file, from 1."""

    @property
    def key(self) -> str:
        """How progress names it: ``61/item-id``."""
        return f"{self.entry}/{self.id}"

    def wording(self, language: str) -> Wording:
        """The item in a language, or in the primary one where that is missing."""
        return self.wordings.get(language) or next(iter(self.wordings.values()))
