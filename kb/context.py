"""Context: what every command begins with. The deck that is asked for, opened; the language; the terminals."""

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kb.deck.library import Library, OnStale
from kb.errors import KbError, UsageError
from kb.places import Places, builtin_deck, find_places
from kb.run.device import torch_version
from kb.screen.language import choose_language
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from kb.verify.record import Record, read_records

if TYPE_CHECKING:
    from kb.deck.kind import LoadKinds
    from kb.search.searcher import Searcher


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
        """Where this user's things lie."""
        return find_places()

    @cached_property
    def deck_path(self) -> Path:
        """The deck that is asked for: ``--deck``, ``KB_DECK``, the built-in one."""
        if self._deck is not None:
            return self._deck
        if named := os.environ.get("KB_DECK"):
            return Path(named).expanduser()
        return builtin_deck()

    @cached_property
    def library(self) -> Library:
        """The deck's entries."""
        from kb.screen.progress_bar import ProgressBar

        with ProgressBar(self.err, self.deck_path.name) as waiting:
            library = Library.open(self.deck_path, self.places.cache, self._kinds, waiting.advance, self._on_stale)
        if library.is_empty:
            raise KbError(
                "the deck {deck_path} has no entry that can be read",
                "kb check tells what is wrong",
                deck_path=self.deck_path,
            )
        return library

    @cached_property
    def say(self) -> Speech:
        """Messages in the reader's language."""
        return Speech(choose_language(self._language, os.environ, self.library.deck.languages))

    @cached_property
    def searcher(self) -> "Searcher":
        """The deck's search index."""
        from kb.screen.progress_bar import ProgressBar
        from kb.search.searcher import Searcher

        with ProgressBar(self.err, self.say("indexing")) as waiting:
            return Searcher.open(self.library, self.places.cache, waiting.advance)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """What verifications wrote down."""
        return read_records(self.library.deck.path)

    @cached_property
    def torch(self) -> str:
        """The installed torch's version; it is not imported for this."""
        return torch_version()

    def entries_for(self, words: list[str]) -> list[int]:
        """Numbers of the entries that words name: numbers themselves, or what a search finds first.

        Raises:
            UsageError: a number or a word that names nothing.
        """
        numbers: list[int] = []
        for word in words:
            if word.isdecimal():
                numbers.append(self.library.summary(int(word)).number)
            else:
                hits = self.searcher.search(word, limit=1).hits
                if not hits:
                    raise UsageError("no entry is found for {word!r}", "give a number; kb list shows all", word=word)
                numbers += [hits[0].summary.number, *hits[0].also]
        return list(dict.fromkeys(numbers))

    def number(self, word: str) -> int:
        """The one entry that a word names.

        Raises:
            UsageError: it names nothing.
        """
        return self.entries_for([word])[0]

    def mention_broken(self) -> None:
        """Say on stderr that some of the deck's files have errors."""
        if broken := self.library.broken:
            what = self.say("{count} of its folders {count:has|have} errors", count=broken)
            self.err.print([[(f"kb: {self.deck_path}: {what}; {self.say('kb check names them')}", "")]])
