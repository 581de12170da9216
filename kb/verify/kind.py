"""Kind: what verifying and checking a deck ask of each kind of item, beside what reading asks."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from kb.deck.entry import Entry
from kb.deck.item import Item
from kb.deck.kind import Kind, Trouble
from kb.deck.script import Snippet
from kb.verify.task import Task


class VerifiedKind(Kind, Protocol):
    """One kind of item, as far as a deck's form and its verification go."""

    @property
    def least(self) -> int:
        """How many items of the kind every entry of a complete deck has."""

    @property
    def wants_proof(self) -> bool:
        """Whether one item of the kind in every entry of a complete deck has a proof."""

    @property
    def fills_hole(self) -> bool:
        """Whether an item of the kind belongs to the hole of its name."""

    def check(self, item: Item, entry: Entry, is_complete: bool) -> Trouble:
        """What is wrong between an item and its entry's snippet, and within its scripts.

        Args:
            item: of this kind.
            entry: whose item it is.
            is_complete: whether the deck asks for everything that an entry can have.
        """

    def tasks(self, item: Item, snippet: Snippet | None, device: str) -> Iterator[Task]:
        """What of an item can be run, but for its proof."""


VerifiedKinds = Mapping[str, VerifiedKind]
