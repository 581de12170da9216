"""Target: where an export is written. What is not an earlier export of the same form is never replaced."""

import os
from pathlib import Path

from kb.deck.manifest import FILE
from kb.errors import UsageError
from kb.places import builtin_deck

ADD_LOG = "add --log, or name another after --out"
"""What to do where answers would be lost."""


def see_no_deck(target: Path) -> None:
    """See that a path does not lie in a deck, which holds nothing but entries.

    Raises:
        UsageError: it does, or is one.
    """
    real = Path(os.path.realpath(target))  # pathlib's own raises for a link that leads to itself
    builtin = builtin_deck().resolve()
    for folder in (real, *real.parents):
        if folder == builtin or os.path.lexists(folder / FILE):
            raise UsageError(
                "{path} lies in the deck {deck}", "name a path outside of it after --out", path=target, deck=folder
            )


def is_there(path: Path) -> bool:
    """Whether something lies at a path, or where it leads; what cannot be looked at does not."""
    return os.path.lexists(os.path.realpath(path))


def not_ours(path: Path, form: str) -> UsageError:
    """What is said of a file that may not be replaced."""
    return UsageError("{path} was not written by kb export {form}", "name another after --out", path=path, form=form)


def changed(path: Path) -> UsageError:
    """What is said of a file of ours that has the user's own work in it."""
    return UsageError("{path} was changed after kb wrote it", "move it away, or name another after --out", path=path)
