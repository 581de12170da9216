"""Ranking: a query as the engine takes it, every word weighed, and the entries that the engine finds by it."""

from collections.abc import Callable, Collection
from typing import Any

import tantivy

from kb.search.glossary import PLAIN_WEIGHT, WEIGHT, Glossary
from kb.search.index import WEIGHTS, WORD_FIELDS, schema
from kb.search.query import MAX_TERMS, Query, terms_of
from kb.search.tokens import compact, simplified, word_pairs
from kb.search.vocabulary import Vocabulary

MAX_NAME = 1_000
"""Characters of a query at most that may be the exact name of something."""

MEANT_WEIGHT = 0.2
"""How much a term of the field counts beside the words by which somebody told what it is; of several each less."""

MANY = 12
"""Words of a query from which on it counts twice as much: the more are said, the more of them are beside the point."""

UNSEEN = 0.001
"""What a filter adds to a score: the engine wants a number, and nothing."""


class Ranking:
    """Finds entries by their words, best first."""

    def __init__(
        self, engine: tantivy.Searcher, vocabulary: Vocabulary, glossary: Glossary, meant: Callable[[str], list[str]]
    ) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._glossary = glossary
        self._meant = meant

    @property
    def size(self) -> int:
        """How many entries can be found."""
        return int(self._engine.num_docs)

    def rank(self, query: Query, limit: int) -> list[tuple[float, int]]:
        """Scores and numbers of the entries that match, best first. Of a phrase its words count, not their order."""
        if query.is_empty:
            return []
        addresses = self._engine.search(self._made(query), limit, count=False).hits
        numbers = self._engine.fast_field_values("number", [address for _, address in addresses])
        return [(float(score), int(number or 0)) for (score, _), number in zip(addresses, numbers, strict=True)]

    def _made(self, query: Query) -> Any:
        """The query as the engine takes it."""
        must = [(tantivy.Occur.Must, tantivy.Query.boolean_query(self._should(query)))] if query.terms else []
        # A phrase's words must all be there before its order is looked at.
        for phrase in query.phrases:
            must += [(tantivy.Occur.Must, _anywhere(term.whole)) for term in terms_of(phrase)]
        for field, value in query.filters:
            must.append((tantivy.Occur.Must, _filter(field, value)))
        for term in query.without:
            must.append((tantivy.Occur.MustNot, _anywhere(term.whole)))
        return tantivy.Query.boolean_query(must)

    def _should(self, query: Query) -> list[tuple[Any, Any]]:
        """What adds to the score of an entry: words in any field, neighbours in any text, the whole as a name."""
        plain = _tokens(self._glossary.plain(query.text))
        says_more = any(not plain.issuperset(term.whole) for term in query.terms)
        weights = self._weights(query, plain if says_more else frozenset())
        found = self._told(weights)
        for same in self._glossary.same(query.text):
            found += self._told_otherwise(same, weights, says_more)
        pairs = dict.fromkeys(word_pairs(query.text)[:MAX_TERMS])
        found += [_weighed("pair", pair, WEIGHTS["pair"]) for pair in pairs]
        if whole := compact(simplified(query.text)) if len(query.text) < MAX_NAME else "":
            found.append(_weighed("exact", whole, WEIGHTS["exact"]))
        return [(tantivy.Occur.Should, one) for one in found]

    def _told(self, weights: dict[str, float]) -> list[Any]:
        """Words wherever they stand, each by its weight, the field's, and how rare it is."""
        found = []
        for token, weight in weights.items():
            telling = weight * self._vocabulary.rarity(token)
            counts = zip(WORD_FIELDS, self._vocabulary.counts(token), strict=True)
            found += [_weighed(field, token, WEIGHTS[field] * telling) for field, count in counts if count]
        return found

    def _told_otherwise(self, same: str, typed: dict[str, float], says_more: bool) -> list[Any]:
        """A term that means the same as one of the query. Of several words all must be there: "adaptive" alone is no
        "adaptive moment estimation".

        Args:
            same: the term.
            typed: what the query itself looks for.
            says_more: whether it has words that not every entry is about.
        """
        words = terms_of(same)
        plain = _tokens(self._glossary.plain(same)) if says_more else frozenset()
        weights = {
            token: weight * WEIGHT * (PLAIN_WEIGHT if token in plain else 1.0)
            for term in words
            for token, weight in term.tokens
            if token not in typed
        }
        found = self._told(weights)
        pieces = [token for term in words for token in term.whole]
        if len(pieces) < 2 or not found:
            return found
        must = [(tantivy.Occur.Must, tantivy.Query.const_score_query(_anywhere([one]), 0.0)) for one in pieces]
        return [tantivy.Query.boolean_query([*must, *((tantivy.Occur.Should, one) for one in found)])]

    def _weights(self, query: Query, plain: frozenset[str]) -> dict[str, float]:
        """The tokens to look for, and how much each counts: those of the query, of which plain ones say little, and of
        what it is about in the field's words."""
        weights: dict[str, float] = {}
        for term in query.terms:
            for token, weight in term.tokens:
                weights[token] = max(weight, weights.get(token, 0.0))
        weights |= {token: weight * PLAIN_WEIGHT for token, weight in weights.items() if token in plain}
        scale = MEANT_WEIGHT * (1 + len(query.terms) / MANY)
        for meant in self._meant(query.text):
            words = terms_of(meant)
            for term in words:
                for token, weight in term.tokens:
                    weights[token] = max(weights.get(token, 0.0), weight * scale / len(words) ** 0.5)
        return weights


def _weighed(field: str, token: str, weight: float) -> Any:
    return tantivy.Query.boost_query(tantivy.Query.term_query(schema(), field, token), weight)


def _tokens(texts: list[str]) -> frozenset[str]:
    return frozenset(token for text in texts for term in terms_of(text) for token, _ in term.tokens)


def _anywhere(tokens: Collection[str]) -> Any:
    """Any of some tokens in any field."""
    terms = [tantivy.Query.term_query(schema(), field, token) for token in tokens for field in WORD_FIELDS]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def _filter(field: str, value: str) -> Any:
    """A condition; an API may be named by its whole name or by the end of it."""
    return _weighed(field, value if field == "api" else compact(value), UNSEEN)
