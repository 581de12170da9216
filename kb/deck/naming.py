"""Naming: what an entry is called: its number, its slug, its titles, its other names."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kb.deck.summary import Summary
from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.deck.library import Library

MOST_DIGITS = 9
"""No entry has a longer number."""


def numbered(word: str, library: "Library") -> int | None:
    """The entry whose number a word is, in digits of any script; None if the word is no number.

    Raises:
        UsageError: there is no such entry.
    """
    if not word.isdecimal():
        return None
    if len(word) > MOST_DIGITS:
        raise UsageError(
            "no entry {number}",
            "kb list{deck} shows all",
            number=f"{word[:MOST_DIGITS]}…",
            deck=library.address.option,
        )
    return library.summary(int(word)).number


def called(name: str, summaries: Iterable[Summary]) -> list[int]:
    """Numbers of the entries that are called exactly so, capitals aside."""
    wanted = name.strip().casefold()
    return [one.number for one in summaries if wanted in _names(one)]


def _names(summary: Summary) -> set[str]:
    return {name.casefold() for name in (summary.slug, *summary.titles.values(), *summary.aliases)}
