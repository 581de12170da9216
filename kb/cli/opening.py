"""Opening: what a command works at, made from its options.

Imports stand inside the functions here, and in the commands where their ``--help`` does not need them: the context
takes 15 ms, the quiz's desk 20, and one command needs few of the others' parts.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.context import Context
    from kb.deck.kind import Kinds
    from kb.deck.kind_loading import LoadKinds
    from quiz.desk import Desk


def open_context(deck: Path | None, language: str | None) -> "Context":
    """The surroundings of a command that reads a deck."""
    from kb.context import Context

    return Context(_kinds(), deck, language, _refresh_behind)


def open_desk(deck: Path | None, language: str | None) -> "Desk":
    """The surroundings of a command that asks or counts answers."""
    from quiz.desk import Desk

    return Desk(_kinds(), deck, language, _refresh_behind)


def _kinds() -> "LoadKinds":
    from kb.deck.kind_loading import LoadKinds

    return LoadKinds(load_kinds, str(Path(__file__).parents[2] / "quiz" / "kinds"))


def load_kinds() -> "Kinds":
    """The kinds of items that a quiz may hold."""
    from quiz.kinds.table import KINDS  # only what reads a changed entry needs them

    return KINDS


def _refresh_behind(deck: Path, cache: Path) -> None:
    from kb.cli.refresh import refresh_behind  # only a large deck needs it

    refresh_behind(deck, cache)
