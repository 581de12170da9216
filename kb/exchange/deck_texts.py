"""Deck texts: what a deck says already, so that notes which are imported again are known, whatever their numbers."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import product
from typing import NamedTuple

from kb.deck.source import Unreadable, read_source
from kb.exchange.deck_folder import DeckFolder
from kb.exchange.note_file import language_of
from kb.exchange.note_page import words_of


class Known(NamedTuple):
    """One text of an entry."""

    number: int
    title: str
    spoken: str
    """The language that its letters tell, whatever the name of its file."""
    cards: frozenset[str]
    """Lines of its quiz."""


class DeckTexts:
    """The texts of a deck's entries, and of those that are about to be written."""

    def __init__(self, folder: DeckFolder) -> None:
        """Read every entry of the deck, if there is one."""
        self._folder = folder
        self._by_words: dict[tuple[str, bytes], Known] = {}
        self._by_title: dict[tuple[str, str], Known] = {}
        self._by_number: dict[tuple[int, str], Known] = {}
        for number, names in folder.folders.items() if folder.deck else ():
            for name, language in product(names, folder.languages):
                if (page := self.page(name, language)) is not None:
                    self.add(number, language, page)

    def page(self, name: str, language: str) -> str | None:
        """The text in an entry's folder, if there is one that can be read."""
        try:
            return read_source(self._folder.path / name / f"{language}.md")
        except (OSError, Unreadable):
            return None

    def add(self, number: int, language: str, page: str) -> None:
        """Know a text of an entry."""
        words = words_of(page)
        title = words.partition("\n")[0]
        cards = frozenset(line.strip() for line in page.partition("\n## Quiz\n")[2].split("\n"))
        known = Known(number, title, language_of(words.split("\n")), cards)
        self._by_words.setdefault((language, _digest(words)), known)
        self._by_title.setdefault((language, title), known)
        self._by_number.setdefault((number, language), known)

    def same(self, language: str, page: str, cards: Iterable[str]) -> int | None:
        """The number of the entry that says the very same.

        Args:
            language: of the text.
            page: the text, under whatever number.
            cards: lines of its questions, which have to be among that entry's.
        """
        known = self._by_words.get((language, _digest(words_of(page))))
        whole = known and all(line.strip() in known.cards for line in cards if line.strip())
        return known.number if known and whole else None

    def titled(self, language: str, page: str) -> int | None:
        """The number of an entry that has the same title."""
        title = words_of(page).partition("\n")[0]
        known = self._by_title.get((language, title)) if title else None
        return known.number if known else None

    def of(self, number: int, language: str) -> Known | None:
        """What an entry says in a language."""
        return self._by_number.get((number, language))


def _digest(words: str) -> bytes:
    return sha256(words.encode("utf-8", "surrogatepass")).digest()
