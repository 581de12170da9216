"""Vocabulary: the words that stand in an index, and how telling each of them is."""

import math
from functools import cached_property

import tantivy

from kb.search.index import WEIGHTS, WORD_FIELDS

NUMBER = 0.15
"""How much a number counts beside a word."""

MIN_LETTERS = 3
"""Letters of a word from which on another may be a slip for it."""

PROSE_FIELDS = ("title", "alias", "api", "gist", "body")
"""Where the words stand that another may be a slip for: code and messages hold too many that are none."""


class Vocabulary:
    """The words of one index."""

    def __init__(self, engine: tantivy.Searcher) -> None:
        self._engine = engine

    def holds(self, token: str) -> bool:
        """Whether a token stands anywhere."""
        return any(self._engine.doc_freq(field, token) for field in WORD_FIELDS)

    def rarity(self, token: str) -> float:
        """How telling a token is, from 0.1 to 1: the engine's own measure goes field by field, and what stands in
        every text may still be rare in titles."""
        known = max(self._engine.doc_freq(field, token) for field in WORD_FIELDS)
        every = self._engine.num_docs
        telling = math.log(1 + (every - known + 0.5) / (known + 0.5)) / math.log(1 + (every + 0.5) / 0.5)
        # A number alone says little: shapes and sizes are in every error message.
        return max(0.1, telling * (NUMBER if token.isdecimal() else 1.0))

    def beginning_with(self, text: str, limit: int) -> list[str]:
        """Tokens that begin so, the most frequent first."""
        counts: dict[str, int] = {}
        for field in WORD_FIELDS:
            for token, count in self._engine.terms_with_prefix(field, text, None, limit):
                counts[token] = counts.get(token, 0) + int(count * WEIGHTS[field])
        return sorted(counts, key=lambda token: (-counts[token], token))[:limit]

    @cached_property
    def frequencies(self) -> dict[str, float]:
        """Every English word of the prose, with how often it stands there, by the weights of the fields."""
        found: dict[str, float] = {}
        for field in PROSE_FIELDS:
            for token, count in self._engine.terms_with_prefix(field, ""):
                if len(token) >= MIN_LETTERS and token.isascii() and token.isalpha():
                    found[token] = found.get(token, 0.0) + count * WEIGHTS[field]
        return found
