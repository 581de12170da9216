"""Kind loading: where the kinds of items come from. Who opens a deck that is in the cache needs none of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kb.deck.kind import Kinds  # for its name alone: what it is made of takes 2 ms


class LoadKinds(NamedTuple):
    """Gives the kinds once an entry is really read: what comes from the cache needs none of them."""

    load: "Callable[[], Kinds]"
    folder: str
    """Where their classes are written: what was read by other ones is read again."""

    def __call__(self) -> "Kinds":
        """The kinds."""
        return self.load()
