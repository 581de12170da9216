"""Passages: the places of an entry that hold what was searched for."""

from collections.abc import Collection
from typing import Any, NamedTuple

from kb.deck.rank import PITFALL, PROSE
from kb.deck.summary import Summary
from kb.search.query import phrase_of
from kb.search.tokens import may_hold, places_of, tokens_among

Lines = dict[str, list[tuple[str, int]]]
"""An entry's lines by language, each with its rank; the gist comes first."""


# NamedTuples in this room: a frozen dataclass takes 0.4 ms to make at every start, and each value twice as long.
class Passage(NamedTuple):
    """A piece of an entry that holds what was searched for."""

    text: str
    """One line of prose, or of code."""
    marks: tuple[tuple[int, int], ...]
    """Where in it the words stand: from, to."""

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {"text": self.text, "marks": [list(mark) for mark in self.marks]}


def find_passages(
    texts: Lines,
    tokens: frozenset[str],
    language: str,
    limit: int = 2,
    titled: Collection[str] = (),
) -> tuple[tuple[Passage, ...], set[str]]:
    """The lines of an entry that hold most of the tokens: prose before headings, sources and code, and a pitfall before
    other prose where it holds more than the title does, since then it is what answers; in another language where this
    one holds none of them; the gist where nothing does.

    Args:
        texts: the entry's.
        tokens: what is searched for.
        language: of the passages, where the entry has it.
        limit: how many at most.
        titled: those of the tokens that stand in the entry's title.

    Returns:
        The passages, and which of the tokens stand in the lines of the languages that were looked at.
    """
    wanted = {language: texts[language], **texts} if language in texts else texts
    everywhere: set[str] = set()
    for lines in wanted.values():
        if not may_hold("\n".join(line for line, _ in lines), tokens):
            continue
        scored = []
        for order, (line, rank) in enumerate(lines):
            if seen := tokens_among(line, tokens):
                everywhere |= seen
                if rank == PITFALL and seen <= set(titled):
                    rank = PROSE  # the entry is about it as a whole
                scored.append((-len(seen), rank, order, line))
        if scored:
            best = [line for *_, line in sorted(scored)[:limit]]
            return tuple(Passage(line, _merged(places_of(line, tokens))) for line in best), everywhere
    return (Passage(next(iter(wanted.values()))[0][0], ()),), everywhere


def _merged(marks: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Marks that touch or lie in each other as one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return tuple(out)


def names_of(summary: Summary) -> tuple[str, ...]:
    """What an entry is called, beside its text: titles, aliases, tags, errors."""
    return *summary.titles.values(), *summary.aliases, *summary.tags, *summary.errors


def has_phrases(summary: Summary, texts: Lines, phrases: Collection[str]) -> bool:
    """Whether an entry holds phrases word for word."""
    # Across the ends of sentences too, but never from one language into the other.
    joined = [phrase_of(" ".join(text for text, _ in lines)) for lines in texts.values()]
    joined += [phrase_of(text) for lines in texts.values() for text, _ in lines]
    joined += map(phrase_of, names_of(summary))
    return all(any(phrase in text for text in joined) for phrase in phrases)
