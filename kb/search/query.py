"""Query: what somebody typed, read as words, phrases, exclusions and filters. Whatever is typed is a query."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from kb.search.tokens import has_han, is_stop, normalised, readable, words

FILTERS = ("api", "area", "level", "tag")
"""What may stand before a colon."""

LEVELS = ("1", "2", "3")
"""What may stand after ``level:``."""

PART = 0.3
"""How much a part of a name counts beside the whole of it, and a word as written beside its stem."""

TAIL = 0.7
"""How much the end of a dotted name counts beside the whole of it."""

SPACES = frozenset({"torch", "nn", "functional", "optim", "utils"})
"""What torch's names begin with and texts leave out: ``torch.nn.functional.cross_entropy``."""

MAX_TERMS = 64
"""Words of a query that are searched for: a pasted log has thousands, and the first ones say enough."""

MAX_TEXT = 10_000
"""Characters of a query that are read: nobody types more, and of what is pasted the beginning says enough."""

MAX_PHRASES = 8
"""Phrases of a query that are looked for, and as many filters: each is held against every text."""

_QUOTES = str.maketrans("“”„«»「」『』", '"' * 9)

# A word that begins with a digit is no exclusion: error messages are full of -1.
_PIECE = re.compile(rf'(-(?=["\w])(?!\d))?(?:({"|".join(FILTERS)}):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
# In a pasted message nothing is meant for the search: its quotes, dashes and colons are its own.
_MESSAGE = re.compile(r"\w(?:Error|Warning|Exception)(?:\([^()]{0,200}\))?: ")


class Term(NamedTuple):
    """One word of a query, with the tokens that it is found by."""

    text: str
    """As it was typed, in lower case."""
    tokens: tuple[tuple[str, float], ...]
    """What to look for, and how much each counts."""

    @property
    def whole(self) -> tuple[str, ...]:
        """The tokens that stand for the word itself, not for a part of it."""
        return tuple(token for token, weight in self.tokens if weight > PART) or tuple(
            token for token, _ in self.tokens
        )

    def is_whole_in(self, seen: Collection[str]) -> bool:
        """Whether the word itself is among some tokens, or the end of a dotted name with each word before it:
        ``torch.nn.LSTM`` in a text on ``nn.LSTM`` and torch."""
        for token in self.whole:
            before = self.text.removesuffix(f".{token}")
            is_end = before != self.text
            are_said = all(part in seen or part in SPACES for part in before.split("."))
            if token in seen and (not is_end or (len(token) > 1 and are_said)):
                return True
        return False

    @property
    def is_empty_talk(self) -> bool:
        """Whether it names nothing: it says how one asks, or is a single letter."""
        return all(map(is_stop, self.whole)) or (len(self.text) == 1 and self.text.isascii())


class Query(NamedTuple):
    """What is searched for."""

    text: str
    """As it was typed."""
    terms: tuple[Term, ...]
    """Any of them, the more the better."""
    phrases: tuple[str, ...] = ()
    """Texts that must stand in an entry, normalised, in lower case."""
    without: tuple[Term, ...] = ()
    """Words that must not."""
    filters: tuple[tuple[str, str], ...] = ()
    """Fields and values that must fit."""
    is_quoted: bool = False
    """Whether all that is asked for is phrases."""

    @property
    def number(self) -> int | None:
        """The number of an entry, if that is all there is."""
        text = normalised(self.text).strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    @property
    def tokens(self) -> frozenset[str]:
        """Every token that is looked for, for marking them."""
        return frozenset(token for term in self.terms for token, _ in term.tokens)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.terms or self.phrases or self.filters)

    @property
    def only_leaves_out(self) -> bool:
        """Whether it says what must not be there, and nothing else."""
        return bool(self.without) and self.is_empty


def parse_query(text: str) -> Query:
    """Read a query: plain words, ``"a phrase"``, ``-word``, ``tag:``, ``area:``, ``api:``, ``level:``.

    Never fails, whatever the text, and takes no longer than its first ``MAX_TEXT`` characters do: what has no such
    meaning is text. A pasted error message is text as a whole.
    """
    text = readable(text[:MAX_TEXT])
    if _MESSAGE.search(text):
        return Query(text, _kept(terms_of(normalised(text))[:MAX_TERMS]))
    terms: list[Term] = []
    phrases: list[str] = []
    without: list[Term] = []
    filters: list[tuple[str, str]] = []
    has_bare = False
    for found in _PIECE.finditer(_straight(text)):
        minus, field, quoted, bare = found.groups()
        piece = bare if quoted is None else quoted
        if field and piece.strip(' "') and (field.lower() != "level" or piece in LEVELS) and not minus:
            filters.append((field.lower(), piece.strip(' "').lower()))
            continue
        made = terms_of(piece)
        if minus and made:
            without += made
            continue
        terms += made
        has_bare |= quoted is None and bool(made)
        if quoted is not None and (phrase := phrase_of(quoted)):
            phrases.append(phrase)
    terms, without = terms[:MAX_TERMS], without[:MAX_TERMS]
    if without:
        left_out = {term.text for term in without}
        terms = [term for term in terms if term.text not in left_out]
    kept = _kept(terms, may_be_none=bool(filters))
    is_quoted = bool(phrases) and not has_bare
    few = slice(MAX_PHRASES)
    return Query(text, kept, tuple(phrases[few]), tuple(without), tuple(filters[few]), is_quoted)


def wrong_level(text: str) -> str:
    """What stands after ``level:`` in a query that is a number and no level; empty if nothing does. As text such a
    number would find entries that have nothing to do with it."""
    text = readable(text[:MAX_TEXT])
    pieces = () if _MESSAGE.search(text) else _PIECE.findall(_straight(text))
    values = (bare for minus, field, _, bare in pieces if field.lower() == "level" and not minus)
    return next((value for value in values if value.isdecimal() and value not in LEVELS), "")


def _kept(terms: list[Term], may_be_none: bool = False) -> tuple[Term, ...]:
    """Each word once, without those that stand in every text; all of them if these are all there are."""
    kept = [term for term in terms if not all(map(is_stop, term.whole))]
    if not kept and not may_be_none:
        kept = terms
    return tuple({term.text: term for term in kept}.values())


def unquoted(text: str) -> str:
    """A text without its quotes, so that its words count by themselves."""
    return " ".join(_straight(text).replace('"', " ").split())


def _straight(text: str) -> str:
    return without_stray_quote(normalised(text).translate(_QUOTES))


def without_stray_quote(text: str) -> str:
    """A text without a quote that has no partner: nothing is meant by it."""
    if text.count('"') % 2 == 0:
        return text
    before, _, after = text.rpartition('"')
    return before + after


def terms_of(text: str) -> list[Term]:
    """The words of a text, each with its tokens; a run of Chinese is cut into pairs, each a word of its own."""
    return list(_terms_of(text))


@lru_cache(maxsize=5_000)
def _terms_of(text: str) -> tuple[Term, ...]:
    """The same, cut once: what means the same as a word comes with every query that holds it."""
    made: dict[tuple[int, int], list[str]] = {}
    for word in words(text):
        # Chinese comes as pairs alone, unless one character stands by itself.
        if word.whole or not has_han(word.token):
            made.setdefault((word.start, word.end), []).append(word.token)
    terms = []
    for (start, end), tokens in made.items():
        written = text[start:end].lower()
        terms.append(Term(written, _weighed(written, tokens)))
    return tuple(terms)


def _weighed(written: str, tokens: list[str]) -> tuple[tuple[str, float], ...]:
    """The whole name first, then its dotted tails, then its parts; of a plain word the stem before the form."""
    if len(tokens) == 1 or has_han(written):
        return tuple((token, 1.0) for token in tokens)
    if written.isalpha() and len(tokens) == 2:
        form, stem = tokens
        return (stem, 1.0), (form, PART)
    return tuple(
        (token, 1.0 if token == written else TAIL if written.endswith(f".{token}") else PART) for token in tokens
    )


def phrase_of(text: str) -> str:
    """A phrase as it is compared: normalised, lower case, single spaces."""
    return " ".join(normalised(text).lower().split())
