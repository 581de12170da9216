"""Spelling: what a word that stands nowhere was probably meant to be."""

import re

from kb.search.query import Query, Term, parse_query, terms_of, without_stray_quote
from kb.search.tokens import has_han, simplified
from kb.search.vocabulary import Vocabulary

SURE = 9
"""Letters of a word from which on two slips are believed of it also where other words of the query are known."""

LOST = 6
"""Letters from which on they are believed where none is."""

MIN_PREFIX = 3
"""Characters of a word that is no word yet, from which on it may be the beginning of one."""

DENYING = ("un", "in", "im", "ir", "non", "de", "dis")
"""What a word begins with that says the opposite of the rest."""

MAX_LETTERS = 40
"""Letters of a word at most that is looked at for slips."""

MAX_ENDINGS = 6
"""How many words that begin so are searched for."""

MAX_NEAR = 8
"""How many words of near spelling are weighed against each other."""


class Spelling:
    """Reads queries by the words that an index holds."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def understood(self, query: Query, is_typing: bool = False) -> tuple[Query, str]:
        """The query with every word that stands nowhere replaced by what was probably meant.

        Args:
            query: what was typed.
            is_typing: the last word may be the beginning of one.

        Returns:
            The query, and what it is now in words where something was replaced; else empty.
        """
        typed = text = without_stray_quote(query.text)
        if any(has_han(term.text) and not self._vocabulary.holds(term.text) for term in query.terms):
            text = simplified(text)
            query = parse_query(text) if text != query.text else query
        terms: list[Term] = []
        is_lost = not any(self._vocabulary.holds(token) for term in query.terms for token in term.whole)
        meant = text
        for place, term in enumerate(query.terms):
            is_last = is_typing and place == len(query.terms) - 1
            # A name whose parts stand somewhere is none that was misspelt; a whole word is ranked as one, also while
            # somebody types: the same words find the same.
            tokens = term.whole if is_last else [token for token, _ in term.tokens]
            if any(map(self._vocabulary.holds, tokens)):
                terms.append(term)
                continue
            found = self._meant(term, is_last, is_lost)
            terms += found or [term]
            if found and found[0].text != term.text:
                # A token holds no backslash, so it stands for itself in a replacement.
                meant = re.sub(
                    rf"(?<![\w.]){re.escape(term.text)}(?!\w|\.\w)", found[0].text, meant, flags=re.IGNORECASE
                )
        return query._replace(terms=tuple(terms), text=meant), meant if meant != typed else ""

    def _meant(self, term: Term, is_last: bool, is_lost: bool) -> list[Term]:
        """What a word that stands nowhere was probably meant to be: the beginning of words, two words in one, a slip
        of the keyboard."""
        text = term.text
        if has_han(text) or len(text) < MIN_PREFIX:
            return []
        if endings := self._vocabulary.beginning_with(text, MAX_ENDINGS):
            return [Term(one, ((one, 1.0),)) for one in endings]
        if is_last or not text.isalpha() or not text.isascii() or len(text) > MAX_LETTERS:
            return []
        # Beside known words an unknown one may be right, and only not be there: it must look like a slip.
        slips = 1 if len(text) < (LOST if is_lost else SURE) else 2
        return self._split(text) or self._respelt(text, slips)

    def _split(self, text: str) -> list[Term]:
        """Two known words written as one."""
        pairs = ((text[:at], text[at:]) for at in range(MIN_PREFIX, len(text) - MIN_PREFIX + 1))
        for pair in pairs:
            halves = [terms_of(half)[0] for half in pair]
            if all(any(map(self._vocabulary.holds, half.whole)) for half in halves):
                # Shown as one, so that the reader sees both.
                both = tuple(dict.fromkeys(token for half in halves for token in half.tokens))
                return [Term(" ".join(pair), both)]
        return []

    def _respelt(self, text: str, slips: int) -> list[Term]:
        """The known word that is nearest in spelling, within so many slips."""
        # Deferred: 18 ms, for words that stand nowhere.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        known = self._vocabulary.frequencies
        near = [
            one
            for one in extract(text, known.keys(), scorer=OSA.distance, score_cutoff=slips, limit=MAX_NEAR)
            if not _are_opposites(text, one[0])
        ]
        if not near:
            return []
        # The same first letter and the more frequent word win between equally near ones.
        best = min(near, key=lambda one: (one[1], one[0][:1] != text[:1], -known[one[0]], one[0]))
        return terms_of(best[0])[:1]


def _are_opposites(one: str, other: str) -> bool:
    """Whether one of two words denies the other: ``unbalanced`` is no slip for ``balanced``."""
    return any(one == prefix + other or other == prefix + one for prefix in DENYING)
