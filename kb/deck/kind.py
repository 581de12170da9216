"""Kind: what reading a deck asks of each kind of item.

A whole kind is one class of the quiz, which is given to the deck: how its items are asked and graded stands in the same
class as how they are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.deck.text import Block

Trouble = Iterator[tuple[int, str]]
"""Line numbers, from 1, and messages ``what is wrong; what to do``."""

PROOF = "proof"
"""The fence that an item of any kind may have: a script that shows its key to be right."""


@dataclass(slots=True)
class Draft:
    """An item while it is being read from one language's file."""

    id: str
    line: int
    question: list[Block] = field(default_factory=list)
    options: Block | None = None
    """The task list."""
    scripts: dict[str, list[str]] = field(default_factory=dict)
    """What stands in the quiz's fences, by their word after ``python`` or ``text``."""
    explanation: list[Block] = field(default_factory=list)
    has_rule: bool = False
    """Whether a line ``---`` stood in the place of a translation's code."""

    @property
    def keyed(self) -> bool:
        """Whether the list, the block or the line that holds the key's place has been read."""
        return bool(self.options or self.has_rule or self.has_code_key)

    @property
    def hints(self) -> list[Block]:
        """The quotations before the key. Text without a key is a recall card, where a quotation is text, too."""
        return [block for block in self.question if block.kind == "quote"] if self.keyed else []

    @property
    def has_code_key(self) -> bool:
        """Whether code makes up the key, so that a translation marks its place with a line."""
        return any(fence != PROOF for fence in self.scripts)


class Kind(Protocol):
    """One kind of item, as far as reading goes."""

    @property
    def name(self) -> str:
        """How items, commands and records call it."""

    @property
    def key(self) -> str:
        """What in the Markdown makes an item one of this kind, as complaints call it; empty if nothing does."""

    @property
    def fences(self) -> tuple[str, ...]:
        """Words after ``python`` of its code blocks."""

    @property
    def lists(self) -> tuple[str, ...]:
        """Words after ``text`` of its blocks of names, one a line."""

    def fits(self, draft: Draft) -> bool:
        """Whether an item has this kind's key."""

    def complaints(self, draft: Draft) -> Trouble:
        """What is wrong with an item of one file that has this kind's key or a part of it."""

    def fields(self, draft: Draft) -> dict[str, Any]:
        """The key's fields of an ``Item``, from the primary language's draft."""


Kinds = Mapping[str, Kind]
"""All kinds by name, in the order in which an item is tried for them."""
