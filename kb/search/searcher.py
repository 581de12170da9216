"""Searcher: from words to the entries that hold them, best first."""

from pathlib import Path
from typing import Any, NamedTuple

import tantivy

from kb.deck.library import Library
from kb.deck.summary import Summary
from kb.deck.upkeep import OnProgress
from kb.search.glossary import open_glossary
from kb.search.index import forget_index, is_damage, open_index
from kb.search.passages import Passage, find_passages, has_phrases, names_of
from kb.search.query import Query, parse_query, unquoted
from kb.search.ranking import Ranking
from kb.search.spelling import Spelling
from kb.search.symptoms import open_symptoms
from kb.search.tokens import normalised, tokens_among
from kb.search.vocabulary import Vocabulary

SIBLINGS = 12
"""How many more entries are looked at for those on one subject with a hit."""

MAX_CHECKED = 300
"""Entries whose texts are looked through for a phrase."""

MAX_COUNTED = 1_000
"""Entries of a deck in which all that match are counted, however far from the best."""

NEAR = 0.2
"""Share of the best score from which on a hit is near it. Of 211 held-out searches that find their entry at all, 4 have
it further down; what stands above is 4 entries on average, of 22."""


class Hit(NamedTuple):
    """One entry that was found."""

    summary: Summary
    """The entry."""
    score: float
    """Higher is better; comparable within one search only."""
    passages: tuple[Passage, ...]
    """The best places, best first."""
    siblings: tuple[Summary, ...] = ()
    """Entries on the same subject that were found too, best first."""
    matched: tuple[str, ...] = ()
    """Words of the query that it holds, or parts of."""
    held: tuple[str, ...] = ()
    """Those of them that stand in it whole, and not only in their parts, which may stand in every text."""
    is_far: bool = False
    """Whether it is far below the first hit: shown where all are asked for."""

    @property
    def also(self) -> tuple[int, ...]:
        """Numbers of the entries on the same subject."""
        return tuple(sibling.number for sibling in self.siblings)

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "number": self.summary.number,
            "title": self.summary.title(language),
            "score": round(self.score, 4),
            "matched": list(self.matched),
            "also": list(self.also),
            "folded": self.is_far,
            "passages": [passage.to_json() for passage in self.passages],
        }


class Results(NamedTuple):
    """What a search gave."""

    hits: tuple[Hit, ...]
    """Best first."""
    shown_for: str = ""
    """What was searched for instead, where a word of the query stands nowhere; else empty."""
    more: int = 0
    """Entries that match and are neither hits nor their siblings, as far as they were counted."""
    is_counted: bool = True
    """Whether there are no others."""

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {"shown_for": self.shown_for or None, "hits": [hit.to_json(language) for hit in self.hits]}


class Searcher:
    """The search of one deck: reads a query, ranks the entries, shows where they hold it."""

    def __init__(self, library: Library, index: tantivy.Index, cache: Path | None = None) -> None:
        """Take an open index.

        Args:
            library: the deck.
            index: of its entries.
            cache: the cache folder, where the index is made anew if it turns out to be broken; None where it is not.
        """
        self.library = library
        self._cache = cache
        self._use(index)

    @classmethod
    def open(cls, library: Library, cache: Path | None, on_progress: OnProgress = lambda *_: None) -> "Searcher":
        """Open the deck's index, brought up to date; in memory if it cannot be kept."""
        return cls(library, library.surely(lambda: open_index(library.ledger, cache, on_progress)), cache)

    def _use(self, index: tantivy.Index) -> None:
        engine = index.searcher()
        vocabulary = self.vocabulary = Vocabulary(engine)
        self._spelling = Spelling(vocabulary)
        library = self.library
        glossary = library.surely(lambda: open_glossary(library.deck.path, library.cache))
        symptoms = library.surely(lambda: open_symptoms(library.deck.path, library.cache))
        self._ranking = Ranking(engine, vocabulary, glossary, lambda text: library.surely(lambda: symptoms.meant(text)))

    def search(
        self,
        text: str,
        limit: int = 10,
        language: str = "en",
        every: bool = False,
        is_typing: bool = False,
        only_near: bool = False,
    ) -> Results:
        """The entries that match a query, best first, whatever the text; an index that turns out broken is made anew.

        Args:
            text: words, phrases, exclusions, filters: see ``parse_query``.
            limit: how many hits at most.
            language: of the passages, where the entry has it.
            every: entries on one subject each by itself.
            is_typing: the last word may be the beginning of one.
            only_near: leave out hits that are far below the first.
        """
        limit = min(limit, self._ranking.size)  # the engine makes room for as many as it is asked for
        if limit < 1:
            return Results(())
        try:
            return self._search(text, limit, language, every, is_typing, only_near)
        except BaseException as error:  # the engine's own panics are no Exception
            # A broken file that was not met on opening: made anew, once.
            if self._cache is None or not is_damage(error):
                raise
            cache, self._cache = self._cache, None
            forget_index(self.library.ledger, cache)
            self._use(self.library.surely(lambda: open_index(self.library.ledger, cache)))
            return self._search(text, limit, language, every, is_typing, only_near)

    def ranked(self, text: str, limit: int, is_typing: bool = False) -> tuple[list[tuple[float, int]], Query, str]:
        """Scores and numbers of the entries that match, best first, without anything that is shown of them.

        Returns:
            The entries, the query as it was understood, and what it is in words where that is not what was typed.
        """
        # Half a character, as a terminal may send one, is no text: the engine would refuse the whole query.
        sound = text.encode("utf-8", "replace").decode("utf-8")
        query, shown_for = self._spelling.understood(parse_query(sound), is_typing)
        ranked = self._ranked(query, limit)
        if not ranked and query.phrases and not query.is_quoted:
            # Part of what was typed stands nowhere word for word, such as a message's own quotes: its words count then.
            query, shown_for = query._replace(phrases=()), unquoted(query.text)
            ranked = self._ranked(query, limit)
        return ranked, query, shown_for

    def _ranked(self, query: Query, limit: int) -> list[tuple[float, int]]:
        if not query.phrases:
            return self._ranking.rank(query, limit)
        ranked = self._ranking.rank(query, max(limit, MAX_CHECKED))
        return [(score, number) for score, number in ranked if self._has_phrases(number, query)][:limit]

    def _has_phrases(self, number: int, query: Query) -> bool:
        summary = self.library.summaries_of([number]).get(number)
        return summary is not None and has_phrases(summary, self.library.lines(number), query.phrases)

    def _search(self, text: str, limit: int, language: str, every: bool, is_typing: bool, only_near: bool) -> Results:
        wanted = limit if every else limit + SIBLINGS
        counted = max(wanted, min(self._ranking.size, MAX_COUNTED))
        ranked, query, shown_for = self.ranked(text, counted, is_typing)
        numbers = [number for _, number in ranked[:wanted]]
        for number in numbers[:limit]:
            self.library.freshen(number)
        summaries = self.library.summaries_of(numbers)
        found = [(score, summaries[number]) for score, number in ranked[:wanted] if number in summaries]
        groups = [_Group(*one, []) for one in found[:limit]] if every else _grouped(found, limit)
        near = [group for group in groups if group.score >= NEAR * groups[0].score]
        shown = near if only_near else groups
        hits = tuple(self._hit(group, at >= len(near), query, language) for at, group in enumerate(shown))
        # What has gone from the deck meanwhile is no entry more.
        more = len(ranked) - (len(numbers) - len(found)) - sum(1 + len(group.siblings) for group in shown)
        return Results(hits, shown_for, more, len(ranked) < counted or counted >= self._ranking.size)

    def _hit(self, group: "_Group", is_far: bool, query: Query, language: str) -> Hit:
        summary = group.leader
        texts = self.library.lines(summary.number)
        titled = tokens_among(normalised(" ".join(summary.titles.values())), query.tokens)
        passages, seen = find_passages(texts, query.tokens, language, titled=titled)
        seen |= tokens_among(normalised(" ".join(names_of(summary))), query.tokens)
        matched = tuple(term.text for term in query.terms if any(token in seen for token, _ in term.tokens))
        held = tuple(term.text for term in query.terms if term.is_whole_in(seen))
        return Hit(summary, group.score, passages, tuple(group.siblings), matched, held, is_far)


class _Group(NamedTuple):
    """Entries on one subject."""

    score: float
    """The leader's."""
    leader: Summary
    """The best of them."""
    siblings: list[Summary]
    """The others, best first."""


def _grouped(found: list[tuple[float, Summary]], limit: int) -> list[_Group]:
    """Entries on one subject as one group: those that name each other as related and share a tag."""
    groups: list[_Group] = []
    for score, summary in found:
        for group in groups:
            if _same_subject(group.leader, summary):
                group.siblings.append(summary)
                break
        else:
            groups.append(_Group(score, summary, []))
    return groups[:limit]


def _same_subject(one: Summary, other: Summary) -> bool:
    linked = other.number in one.related or one.number in other.related
    return linked and bool({tag.lower() for tag in one.tags} & {tag.lower() for tag in other.tags})
