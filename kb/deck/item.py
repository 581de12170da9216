"""Item: one question of the quiz, with its key and its wordings."""

from dataclasses import dataclass
from enum import StrEnum

from kb.deck.text import Block, Span


class Kind(StrEnum):
    """How an item is answered and graded."""

    CHOICE = "choice"
    PREDICT = "predict"
    ANSWER = "answer"
    CODE = "code"
    RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Wording:
    """An item in one language."""

    question: tuple[Block, ...]
    """What stands before the list or the block."""
    options: tuple[tuple[Span, ...], ...]
    """A choice's options in the order of the file."""
    explanation: tuple[Block, ...]
    """What is shown once the item is answered."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question."""

    entry: int
    """Number of its entry."""
    id: str
    """Its heading, unique within the entry and never changed once published: progress hangs on it."""
    kind: Kind
    """What it consists of tells its kind."""
    wordings: dict[str, Wording]
    """By language."""
    marks: tuple[bool, ...] = ()
    """Which options are right, in the order of the file."""
    code: str = ""
    """The script of a predict or an answer item; what it prints is the key."""
    proof: str = ""
    """A script that shows the key to be right."""
    right: tuple[str, ...] = ()
    """Solutions of a code item that must be accepted."""
    wrong: tuple[str, ...] = ()
    """Solutions that must be rejected: misconceptions."""
    line: int = 0
    """Line of its heading in the primary language's file, from 1."""

    @property
    def key(self) -> str:
        """How progress names it: ``61/item-id``."""
        return f"{self.entry}/{self.id}"
