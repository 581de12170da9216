"""Search: from words to the entries that hold them, best first."""

import math
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tantivy

from kb.deck.library import Library, OnProgress
from kb.deck.summary import Summary
from kb.search.glossary import FILE, PLAIN_WEIGHT, WEIGHT, Glossary, Listed, compiled, read_glossary
from kb.search.index import WEIGHTS, forget_index, open_index, schema
from kb.search.query import MAX_TERMS, Query, Term, parse_query, phrase_of, terms_of, unquoted
from kb.search.tokens import compact, has_han, places_of, simplified, word_pairs
from kb.search.tokens import tokens as cut

FIELDS = tuple(field for field in WEIGHTS if field not in ("exact", "pair"))
"""The fields that hold words."""

NUMBER = 0.3
"""How much a number counts beside a word."""

SURE = 9
"""Letters of a word from which on two slips are believed of it also where other words of the query are known."""

MIN_PREFIX = 3
"""Characters of a word that is no word yet, from which on it may be the beginning of one."""

MAX_ENDINGS = 6
"""How many words that begin so are searched for."""

SIBLINGS = 12
"""How many more entries are looked at for those on one subject with a hit."""

MAX_CHECKED = 300
"""Entries whose texts are looked through for a phrase."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an entry that holds what was searched for."""

    text: str
    """One line of prose, or of code."""
    marks: tuple[tuple[int, int], ...]
    """Where in it the words stand: from, to."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found."""

    summary: Summary
    """The entry."""
    score: float
    """Higher is better; comparable within one search only."""
    passages: tuple[Passage, ...]
    """The best places, best first."""
    also: tuple[int, ...] = ()
    """Entries on the same subject that were found too."""
    matched: tuple[str, ...] = ()
    """Words of the query that it holds."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a search gave."""

    hits: tuple[Hit, ...]
    """Best first."""
    shown_for: str = ""
    """What was searched for instead, where a word of the query stands nowhere; else empty."""


class Searcher:
    """The search index of one deck."""

    def __init__(self, library: Library, index: tantivy.Index, cache: Path | None = None) -> None:
        self.library = library
        self._cache = cache
        self._searcher = index.searcher()

    @classmethod
    def open(cls, library: Library, cache: Path | None, on_progress: OnProgress = lambda *_: None) -> "Searcher":
        """Open the deck's index, brought up to date; in memory if it cannot be kept."""
        return cls(library, open_index(library.store, cache, on_progress), cache)

    @cached_property
    def glossary(self) -> Glossary:
        """The deck's words that mean the same."""
        path, store = self.library.deck.path / FILE, self.library.store
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            return Glossary(compiled(Listed([], [])))
        kept = store.value("terms")
        if not kept or kept[0] != stamp:
            kept = [stamp, compiled(read_glossary(path.parent)[0])]
            with suppress(Exception):  # a cache that cannot be written is no reason not to answer
                store.keep("terms", kept)
        return Glossary(kept[1])

    def search(
        self, text: str, limit: int = 10, language: str = "en", every: bool = False, is_typing: bool = False
    ) -> Results:
        """The entries that match a query, best first. Never fails, whatever the text.

        Args:
            text: words, phrases, exclusions, filters: see ``parse_query``.
            limit: how many hits at most.
            language: of the passages, where the entry has it.
            every: entries on one subject each by itself.
            is_typing: the last word may be the beginning of one.
        """
        try:
            return self._search(text, limit, language, every, is_typing)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # tantivy's own panics are no Exception
            # A broken file that was not met on opening: made anew, once.
            if self._cache is None:
                raise
            forget_index(self.library.store, self._cache)
            self._searcher = open_index(self.library.store, self._cache).searcher()
            self._cache = None
            return self._search(text, limit, language, every, is_typing)

    def _search(self, text: str, limit: int, language: str, every: bool, is_typing: bool) -> Results:
        query, shown_for = self.understood(parse_query(text), is_typing)
        count = limit if every else limit + SIBLINGS
        ranked = self.rank(query, count)
        if not ranked and query.phrases and not query.is_quoted:
            # Part of what was typed stands nowhere word for word, such as a message's own quotes: its words count then.
            query, shown_for = replace(query, phrases=()), unquoted(query.text)
            ranked = self.rank(query, count)
        numbers = [number for _, number in ranked]
        for number in numbers[:limit]:
            self.library.freshen(number)
        summaries = self.library.store.summaries_of(numbers)
        found = [(score, summaries[number]) for score, number in ranked if number in summaries]
        groups = [(score, summary, ()) for score, summary in found[:limit]] if every else _grouped(found, limit)
        hits = (self._hit(score, summary, also, query, language) for score, summary, also in groups)
        return Results(tuple(hits), shown_for)

    def rank(self, query: Query, limit: int) -> list[tuple[float, int]]:
        """Scores and numbers of the entries that match, best first."""
        if query.is_empty:
            return []
        made = self._made(query)
        count = max(limit, MAX_CHECKED) if query.phrases else limit
        addresses = self._searcher.search(made, count, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in addresses])
        ranked = [(float(score), int(number or 0)) for (score, _), number in zip(addresses, numbers, strict=True)]
        if query.phrases:
            ranked = [one for one in ranked if self._holds(one[1], query.phrases)]
        return ranked[:limit]

    def _made(self, query: Query) -> Any:
        """The query as the engine takes it."""
        any_of: dict[str, float] = {}
        for term in query.terms:
            for token, weight in term.tokens:
                any_of[token] = max(weight, any_of.get(token, 0.0))
        plain = _tokens(self.glossary.plain(query.text))
        says_more = any(not plain.issuperset(term.whole) for term in query.terms)
        if says_more:
            any_of |= {token: weight * PLAIN_WEIGHT for token, weight in any_of.items() if token in plain}
        for same in self.glossary.same(query.text):
            plain = _tokens(self.glossary.plain(same)) if says_more else frozenset()
            for term in terms_of(same):
                for token, weight in term.tokens:
                    any_of.setdefault(token, weight * WEIGHT * (PLAIN_WEIGHT if token in plain else 1.0))
        should = [
            (tantivy.Occur.Should, _weighed(field, token, WEIGHTS[field] * weight * rarity))
            for token, weight in any_of.items()
            for rarity in [self._rarity(token)]
            for field in FIELDS
        ]
        should += [
            (tantivy.Occur.Should, _weighed("pair", pair, WEIGHTS["pair"]))
            for pair in dict.fromkeys(word_pairs(query.text)[:MAX_TERMS])
        ]
        if whole := compact(simplified(query.text)) if len(query.text) < 1000 else "":
            should.append((tantivy.Occur.Should, _weighed("exact", whole, WEIGHTS["exact"])))
        must = [(tantivy.Occur.Must, tantivy.Query.boolean_query(should))] if query.terms else []
        # A phrase's words must all be there before its order is looked at.
        for phrase in query.phrases:
            must += [(tantivy.Occur.Must, _anywhere(term.whole)) for term in terms_of(phrase)]
        for field, value in query.filters:
            must.append((tantivy.Occur.Must, _filter(field, value)))
        for term in query.without:
            must.append((tantivy.Occur.MustNot, _anywhere(term.whole)))
        return tantivy.Query.boolean_query(must)

    def _rarity(self, token: str) -> float:
        """How telling a token is, from 0.1 to 1: the engine's own measure goes field by field, and what stands in
        every text may still be rare in titles."""
        known = max(self._searcher.doc_freq(field, token) for field in FIELDS)
        every = self._searcher.num_docs
        telling = math.log(1 + (every - known + 0.5) / (known + 0.5)) / math.log(1 + (every + 0.5) / 0.5)
        # A number alone says little: shapes and sizes are in every error message.
        return max(0.1, telling * (NUMBER if token.isdecimal() else 1.0))

    def _holds(self, number: int, phrases: Collection[str]) -> bool:
        """Whether an entry holds phrases word for word."""
        summaries = self.library.store.summaries_of([number])
        lines = self.library.store.lines(number)
        texts = [text for one in lines.values() for text, _ in one]
        for summary in summaries.values():
            texts += [*summary.titles.values(), *summary.aliases, *summary.tags, *summary.errors]
        # Across the ends of sentences too, but never from one language into the other.
        joined = [phrase_of(" ".join(text for text, _ in one)) for one in lines.values()] + [*map(phrase_of, texts)]
        return all(any(phrase in text for text in joined) for phrase in phrases)

    # Words that stand nowhere

    def understood(self, query: Query, is_typing: bool = False) -> tuple[Query, str]:
        """The query with every word that stands nowhere replaced by what was probably meant.

        Returns:
            The query, and what it is now in words where something was replaced; else empty.
        """
        typed = text = query.text
        if any(has_han(term.text) and not self._is_known(term.text) for term in query.terms):
            text = simplified(text)
            query = parse_query(text) if text != query.text else query
        terms: list[Term] = []
        is_lost = not any(self._is_known(token) for term in query.terms for token in term.whole)
        meant = text
        for place, term in enumerate(query.terms):
            is_last = is_typing and place == len(query.terms) - 1
            # A name whose parts stand somewhere is none that was misspelt.
            if not is_last and any(self._is_known(token) for token, _ in term.tokens):
                terms.append(term)
                continue
            found = self._meant(term, is_last, is_lost)
            terms += found or [term]
            if found and found[0].text != term.text:
                # A token holds no backslash, so it stands for itself in a replacement.
                meant = re.sub(re.escape(term.text), found[0].text, meant, flags=re.IGNORECASE)
        return replace(query, terms=tuple(terms), text=meant), meant if meant != typed else ""

    def _is_known(self, token: str) -> bool:
        return any(self._searcher.doc_freq(field, token) for field in FIELDS)

    def _meant(self, term: Term, is_last: bool, is_lost: bool) -> list[Term]:
        """What a word that stands nowhere was probably meant to be: the beginning of words, two words in one, a slip
        of the keyboard."""
        text = term.text
        if has_han(text) or len(text) < MIN_PREFIX:
            return []
        if endings := self._endings(text):
            return [Term(one, ((one, 1.0),)) for one in endings]
        if is_last or not text.isalpha() or not text.isascii() or len(text) > 40:
            return []
        # Beside known words an unknown one may be right, and only not be there: it must look like a slip.
        slips = 1 if len(text) < (6 if is_lost else SURE) else 2
        return self._split(text) or self._respelt(text, slips)

    def _endings(self, text: str) -> list[str]:
        """Known words that begin so, the most frequent first."""
        counts: dict[str, int] = {}
        for field in FIELDS:
            for token, count in self._searcher.terms_with_prefix(field, text, None, MAX_ENDINGS):
                counts[token] = counts.get(token, 0) + int(count * WEIGHTS[field])
        return sorted(counts, key=lambda one: (-counts[one], one))[:MAX_ENDINGS]

    def _split(self, text: str) -> list[Term]:
        """Two known words written as one."""
        pairs = ((text[:at], text[at:]) for at in range(MIN_PREFIX, len(text) - MIN_PREFIX + 1))
        for pair in pairs:
            halves = [terms_of(half)[0] for half in pair]
            if all(any(map(self._is_known, half.whole)) for half in halves):
                # Shown as one, so that the reader sees both.
                both = tuple(dict.fromkeys(token for half in halves for token in half.tokens))
                return [Term(" ".join(pair), both)]
        return []

    def _respelt(self, text: str, slips: int) -> list[Term]:
        """The known word that is nearest in spelling, within so many slips."""
        # Deferred: 18 ms, for words that stand nowhere.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        near = extract(text, self._vocabulary, scorer=OSA.distance, score_cutoff=slips, limit=8)
        if not near:
            return []
        # The same first letter and the more frequent word win between equally near ones.
        best = min(near, key=lambda one: (one[1], one[0][:1] != text[:1], -self._vocabulary_counts[one[0]], one[0]))
        return terms_of(best[0])[:1]

    @cached_property
    def _vocabulary_counts(self) -> dict[str, float]:
        counts: dict[str, float] = {}
        for field in ("title", "alias", "api", "gist", "body"):
            for token, count in self._searcher.terms_with_prefix(field, ""):
                if len(token) >= MIN_PREFIX and token.isascii() and token.isalpha():
                    counts[token] = counts.get(token, 0.0) + count * WEIGHTS[field]
        return counts

    @cached_property
    def _vocabulary(self) -> list[str]:
        return list(self._vocabulary_counts)

    def _hit(self, score: float, summary: Summary, also: tuple[int, ...], query: Query, language: str) -> Hit:
        texts = self.library.store.lines(summary.number)
        passages, seen = find_passages(texts, query.tokens, language)
        names = " ".join((*summary.titles.values(), *summary.aliases, *summary.tags, *summary.errors))
        seen |= query.tokens.intersection(cut(names))
        matched = tuple(term.text for term in query.terms if any(token in seen for token, _ in term.tokens))
        return Hit(summary, score, passages, also, matched)


def _grouped(found: list[tuple[float, Summary]], limit: int) -> list[tuple[float, Summary, tuple[int, ...]]]:
    """Entries on one subject as one hit: those that name each other as related and share a tag."""
    groups: list[tuple[float, Summary, list[int]]] = []
    for score, summary in found:
        for _, leader, also in groups:
            if _same_subject(leader, summary):
                also.append(summary.number)
                break
        else:
            groups.append((score, summary, []))
    return [(score, summary, tuple(also)) for score, summary, also in groups[:limit]]


def _same_subject(one: Summary, other: Summary) -> bool:
    linked = other.number in one.related or one.number in other.related
    return linked and bool({tag.lower() for tag in one.tags} & {tag.lower() for tag in other.tags})


def find_passages(
    texts: dict[str, list[tuple[str, int]]], tokens: Collection[str], language: str, limit: int = 2
) -> tuple[tuple[Passage, ...], set[str]]:
    """The lines of an entry that hold most of the tokens: prose before headings, sources and code; in another language
    where this one holds none of them; the gist where nothing does.

    Args:
        texts: lines by language, each with its rank; the gist comes first.
        tokens: what is searched for.
        language: of the passages, where the entry has it.
        limit: how many at most.

    Returns:
        The passages, and which of the tokens stand anywhere in the lines.
    """
    # A word's form may differ in its last letters; a line without the rest of it need not be cut into words.
    beginnings = [token[: max(2, len(token) - 1)] for token in tokens]
    wanted = {language: texts[language], **texts} if language in texts else texts
    wanted_tokens = set(tokens)
    everywhere: set[str] = set()
    for lines in wanted.values():
        scored = []
        for order, (line, rank) in enumerate(lines):
            lowered = line.lower()
            if not any(beginning in lowered for beginning in beginnings):
                continue
            if seen := wanted_tokens.intersection(cut(line)):
                everywhere |= seen
                scored.append((-len(seen), rank, order, line))
        if scored:
            best = [line for *_, line in sorted(scored)[:limit]]
            return tuple(Passage(line, _merged(places_of(line, wanted_tokens))) for line in best), everywhere
    return (Passage(next(iter(wanted.values()))[0][0], ()),), everywhere


def _merged(marks: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return tuple(out)


def _weighed(field: str, token: str, weight: float) -> Any:
    return tantivy.Query.boost_query(tantivy.Query.term_query(schema(), field, token), weight)


def _tokens(texts: list[str]) -> frozenset[str]:
    return frozenset(token for text in texts for term in terms_of(text) for token, _ in term.tokens)


def _anywhere(tokens: Collection[str]) -> Any:
    """Any of some tokens in any field."""
    terms = [tantivy.Query.term_query(schema(), field, token) for token in tokens for field in FIELDS]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def _filter(field: str, value: str) -> Any:
    """A condition; an API may be named by its whole name or by the end of it."""
    token = value if field == "api" else compact(value)
    return tantivy.Query.boost_query(tantivy.Query.term_query(schema(), field, token), 0.001)
