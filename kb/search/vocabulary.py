"""Vocabulary: the words that stand in an index, and how telling each of them is."""

import math
from functools import cached_property

import tantivy

from kb.search.index import WORD_FIELDS, WRITTEN

NUMBER = 0.15
"""How much a number counts beside a word."""

MIN_LETTERS = 3
"""Letters of a word from which on another may be a slip for it."""


MAX_KEPT = 20_000
"""Tokens whose counts are kept: a reader's queries share most of them."""


class Vocabulary:
    """The words of one index."""

    def __init__(self, engine: tantivy.Searcher) -> None:
        self._engine = engine
        self._counts: dict[str, tuple[int, ...]] = {}

    def counts(self, token: str) -> tuple[int, ...]:
        """In how many entries a token stands, for each of ``WORD_FIELDS``."""
        if (known := self._counts.get(token)) is None:
            if len(self._counts) >= MAX_KEPT:
                self._counts.clear()
            count = self._engine.doc_freq
            known = self._counts[token] = tuple([count(field, token) for field in WORD_FIELDS])
        return known

    def holds(self, token: str) -> bool:
        """Whether a token stands anywhere."""
        return any(self.counts(token))

    def rarity(self, token: str) -> float:
        """How telling a token is, from 0.1 to 1: the engine's own measure goes field by field, and what stands in
        every text may still be rare in titles."""
        known = max(self.counts(token))
        every = self._engine.num_docs
        telling = math.log(1 + (every - known + 0.5) / (known + 0.5)) / math.log(1 + (every + 0.5) / 0.5)
        # A number alone says little: shapes and sizes are in every error message.
        return max(0.1, telling * (NUMBER if token.isdecimal() else 1.0))

    def beginning_with(self, text: str, limit: int) -> list[str]:
        """Words and names that begin so, the most frequent first."""
        found = self._engine.terms_with_prefix(WRITTEN, text, None, limit)
        return [word for word, _ in sorted(found, key=lambda one: (-one[1], one[0]))]

    @cached_property
    def frequencies(self) -> dict[str, int]:
        """Every English word that another may be a slip for, with the number of entries that hold it."""
        return {
            word: count
            for word, count in self._engine.terms_with_prefix(WRITTEN, "")
            if len(word) >= MIN_LETTERS and word.isascii() and word.isalpha()
        }
