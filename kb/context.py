"""Context: what every command begins with. The deck that is asked for, opened; the language; the terminals."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kb.deck.address import Address
from kb.deck.library import Library, OnStale
from kb.errors import KbError, UsageError
from kb.places import Places, builtin_deck, find_places, home_path
from kb.run.device import torch_version
from kb.screen.language import choose_speech, spoken_language
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from kb.verify.record import Record, read_records

if TYPE_CHECKING:
    from kb.deck.kind_loading import LoadKinds
    from kb.deck.trust import Trust
    from kb.search.naming import Named
    from kb.search.searcher import Searcher

MANY = 10
"""Entries that are read or indexed, from which on it is said at once."""


class Context:
    """One command's surroundings; each part is opened when it is first asked for."""

    def __init__(
        self,
        kinds: "LoadKinds",
        deck: Path | None = None,
        language: str | None = None,
        on_stale: OnStale | None = None,
    ) -> None:
        """Take what the command line says; nothing is opened yet.

        Args:
            kinds: gives the kinds of items that a quiz may hold.
            deck: the deck's folder, if one is named.
            language: the reader's, if one is named.
            on_stale: has a large deck's files looked at, see ``Library.open``.
        """
        self._kinds = kinds
        self._deck = deck
        self._language = language
        self._on_stale = on_stale
        self.out = Terminal(sys.stdout)
        self.err = Terminal(sys.stderr)

    @cached_property
    def places(self) -> Places:
        """Where this user's things lie.

        Raises:
            KbError: nobody knows where this user is at home.
        """
        try:
            return find_places()
        except RuntimeError:  # platformdirs': neither HOME nor the system's list of users tells
            raise KbError("this user has no home folder", "set KB_HOME to a folder that you may write to") from None

    @cached_property
    def deck_path(self) -> Path:
        """The deck that is asked for: ``--deck``, ``KB_DECK``, the built-in one."""
        if self._deck is not None:
            return self._deck
        if named := os.environ.get("KB_DECK"):
            from kb.deck.listed import listed_folder  # only whoever names a deck waits for it

            return listed_folder(home_path(named), self.places.decks)
        return builtin_deck()

    @cached_property
    def address(self) -> Address:
        """How the deck is named in a command that the reader is told to type."""
        if self._deck is None:
            return Address()
        from kb.deck.listed import read_listed  # only whoever names a deck waits for it

        wanted = self._deck.resolve()
        with suppress(KbError):
            for name, folder in read_listed(self.places.decks).items():
                if folder.resolve() == wanted:
                    return Address(name=name)
        return Address(folder=str(self._deck))

    @cached_property
    def library(self) -> Library:
        """The deck's entries."""
        from kb.screen.progress_bar import ProgressBar

        what = self.program("reading {deck}", deck=self.deck_path.name)
        with ProgressBar(self.err, what, at_once=MANY) as waiting:
            library = Library.open(self.deck_path, self.places.cache, self._kinds, waiting.advance, self._on_stale)
        library.address = self.address
        if library.is_empty:
            raise KbError(
                "the deck {deck_path} has no entry that can be read",
                "kb check{deck} tells what is wrong",
                deck_path=self.deck_path,
                deck=self.address.of(),
            )
        return library

    @cached_property
    def trust(self) -> "Trust":
        """Which of the deck's code may run."""
        from kb.deck.trust import Trust  # most commands run nothing

        return Trust(self.places.trust, self.deck_path)

    def may_run(self, number: int) -> bool:
        """Whether an entry's code may run."""
        return self.trust.is_whole or self.trust.covers(self.library.entry(number))

    @cached_property
    def say(self) -> Speech:
        """Messages in the reader's language, and that of the deck's texts."""
        return choose_speech(self._language, os.environ, self.library.deck.languages)

    @cached_property
    def program(self) -> Speech:
        """Messages in the reader's language, where it is not known which languages the deck has, or whether it can be
        read at all."""
        return Speech(spoken_language(["--lang", self._language] if self._language else [], os.environ))

    @cached_property
    def searcher(self) -> "Searcher":
        """The deck's search index."""
        from kb.screen.progress_bar import ProgressBar
        from kb.search.searcher import Searcher

        with ProgressBar(self.err, self.say("indexing"), at_once=MANY) as waiting:
            return Searcher.open(self.library, self.places.cache, waiting.advance)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """What verifications wrote down."""
        return read_records(self.library.deck.path)

    @cached_property
    def torch(self) -> str:
        """The installed torch's version; it is not imported for this."""
        return torch_version()

    def name_one(self, words: Sequence[str]) -> "Named":
        """The entry that words name, see ``kb.search.naming``.

        Raises:
            UsageError: they name nothing.
        """
        from kb.search.naming import name_one  # deferred: a list needs no search

        return name_one(words, self.library, lambda: self.searcher)

    def chosen_one(self, words: Sequence[str]) -> int:
        """The entry that words name, for what acts on it: it is told which, and a guess is refused.

        Raises:
            UsageError: they name nothing, or it would be a guess.
        """
        named = self._sure(self.name_one(words))
        self._tell(named._replace(numbers=named.numbers[:1]))
        return named.numbers[0]

    def chosen(self, words: Sequence[str]) -> list[int]:
        """All entries that words name, for what acts on them: it is told which, and a guess is refused.

        Raises:
            UsageError: a number or words that name nothing, or it would be a guess.
        """
        from kb.search.naming import name_all

        found = [self._sure(one) for one in name_all(words, self.library, lambda: self.searcher)]
        for one in found:
            self._tell(one)
        return list(dict.fromkeys(number for one in found for number in one.numbers))

    def _sure(self, named: "Named") -> "Named":
        if named.is_guess:
            raise UsageError(
                "{words!r} names no entry",
                "give a number; the nearest is {number}. {title}",
                words=named.words,
                number=named.numbers[0],
                title=self.title(named.numbers[0]),
            )
        return named

    def _tell(self, named: "Named") -> None:
        """Which entries words were taken for; a number needs no telling."""
        if named.words:
            for number in named.numbers:
                self.err.tell([(f"{number}. {self.title(number)}", "dim")])

    def title(self, number: int) -> str:
        """An entry's title in the reader's language."""
        return self.library.summary(number).title(self.say.language)

    def without_snippet(self, number: int) -> KbError:
        """Says that an entry has no snippet."""
        entry = self.address.of(number)
        return KbError("entry {number} has no snippet", "kb show{entry} shows its text", number=number, entry=entry)

    def mention_unread(self, name: str, folder: Path, error: KbError) -> None:
        """Say on stderr why nothing comes of a listed deck: others go on.

        Args:
            name: under which it is listed.
            folder: where it should be.
            error: what it brought about.
        """
        from kb.deck.listed import there

        try:
            there(name, folder)
        except UsageError as gone:
            error = gone
        self.err.tell([(f"kb: {name}: {self.program.error(error)}", "warn")])

    def mention_broken(self) -> None:
        """Say on stderr that some of the deck's files have errors."""
        if broken := self.library.broken:
            what = self.say("{count} of its folders {count:has|have} errors", count=broken)
            names = self.say("kb check{deck} names them", deck=self.address.of())
            self.err.tell([(f"kb: {self.deck_path}: {what}; {names}", "")])
