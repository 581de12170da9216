"""Opening: what a command works at, made from its options.

Imports stand inside the functions here, and in the commands where their ``--help`` does not need them: the context
takes 15 ms, the quiz's desk 20, and one command needs few of the others' parts.
"""

import os
from collections.abc import Sequence
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

    return Context(_kinds(), _folder(deck), language, _refresh_behind)


def open_desk(deck: Path | None, language: str | None) -> "Desk":
    """The surroundings of a command that asks or counts answers."""
    from quiz.desk import Desk

    return Desk(_kinds(), _folder(deck), language, _refresh_behind)


def _folder(deck: Path | None) -> Path | None:
    """A deck's folder; where there is none of that name, the listed deck's."""
    return None if deck is None else deck_folder(deck)


def deck_folder(deck: Path) -> Path:
    """The folder of a deck that is there, is listed by that name, or is to be made.

    Raises:
        UsageError: it is listed, and not there any more.
        KbError: the list of decks cannot be read.
    """
    from kb.places import find_places, home_path

    if os.path.lexists(deck):
        return deck
    from kb.deck.listed import listed_folder

    return listed_folder(home_path(deck), find_places().decks)


def other_decks(deck: Path | None) -> dict[str, Path]:
    """The listed decks, where no deck is named: they are worked at with the built-in one.

    Raises:
        KbError: the list cannot be read.
    """
    if deck is not None or os.environ.get("KB_DECK"):
        return {}
    from kb.places import find_places

    file = find_places().decks
    if not file.exists():
        return {}
    from kb.deck.listed import read_listed  # most people list none

    return read_listed(file)


def addressed(words: Sequence[str], deck: Path | None, only_entries: bool = True) -> tuple[list[str], Path | None]:
    """Words without the name of a listed deck before them, and that deck; else the one that ``--deck`` names.

    Raises:
        UsageError: two decks are named, or the one that is named is not there any more.
        KbError: the list of decks cannot be read.
    """
    if not any(":" in word for word in words):
        return list(words), deck
    from kb.deck.listed import addressed as read_address
    from kb.deck.listed import read_listed, there
    from kb.errors import UsageError
    from kb.places import find_places

    file = find_places().decks
    bare, name = read_address(words, file, only_entries)
    if not name:
        return bare, deck
    if deck is not None:
        raise UsageError("{name}: and --deck name two decks", "leave one of them out", name=name)
    return bare, there(name, read_listed(file)[name])


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
