"""Explain: from a traceback or an error message to the entries that explain it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kb.deck.summary import Summary
from kb.search.passages import Passage, find_passages
from kb.search.query import parse_query
from kb.search.searcher import Searcher
from kb.search.tokens import query_tokens, readable

ENOUGH = 0.75
"""Share of a known message's words that must stand, in their order, in what was printed."""

MAX_TEXT = 1_000_000
"""Characters from the end of the input that are read: the message of a traceback is its end."""

MAX_MESSAGES = 20
"""How many of the last error lines are looked at: a chain of tracebacks has several."""

MAX_LINE = 2_000
"""Characters of a line, and of a message, that are looked at: a tensor that was printed may have thousands more."""

MAX_WORDS = 400
"""Words of a message at most that are held against the known ones."""

SHARED = 0.6
"""Share of a message's words that an entry's text must hold to be offered where no known message fits."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FRAME = re.compile(r'^\s*File ".*", line \d+')
_MESSAGE = re.compile(
    r"^(?:\[?\w+\]?:\s*)?((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Warning|Interrupt|Exit|Iteration))\b(?::\s*(.*))?$"
)
# A dot or a tilde begins a path only where no name stands before it: each character is then looked at a few times.
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:(?:(?<![\w.~-])[.~]|[\\/])[\w.~-]*+)?(?:[\\/][\w.@+~-]++){2,}+")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry that explains an error."""

    summary: Summary
    """The entry."""
    error: str
    """The message that it is known to explain; empty if only its text fits."""
    score: float
    """Share of that message's words that were printed, from 0 to 1."""
    passages: tuple[Passage, ...]
    """Where it explains it, best first."""

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "number": self.summary.number,
            "title": self.summary.title(language),
            "error": self.error or None,
            "score": self.score,
            "passages": [passage.to_json() for passage in self.passages],
        }


def messages_in(text: str) -> list[str]:
    """The error messages of a traceback or a log, the most telling first: the last one, then those before it.

    A text without any line that names an error is a message itself.
    """
    lines = [line[:MAX_LINE] for line in _ANSI.sub("", readable(text[-MAX_TEXT:])).splitlines()]
    found: list[str] = []
    for at, line in enumerate(lines):
        if (match := _MESSAGE.match(line.strip())) and not _FRAME.match(line):
            # A message may go on below, up to the next frame or an empty line.
            rest = []
            for more in lines[at + 1 : at + 6]:
                if (
                    not more.strip()
                    or _FRAME.match(more)
                    or _MESSAGE.match(more.strip())
                    or more.startswith("Traceback")
                ):
                    break
                rest.append(more.strip())
            found.append(" ".join([match[0].strip(), *rest])[:MAX_LINE])
    if found:
        return list(dict.fromkeys(reversed(found)))[:MAX_MESSAGES]
    plain = [line.strip() for line in lines if line.strip() and not _FRAME.match(line)]
    return [" ".join(plain[-3:])[:MAX_LINE]] if plain else []


def bare(message: str) -> str:
    """A message without what differs from run to run: paths, addresses, numbers."""
    return " ".join(_NUMBER.sub(" ", _ADDRESS.sub(" ", _PATH.sub(" ", message))).split())


def explain(searcher: Searcher, text: str, language: str, limit: int = 2) -> tuple[str, list[Explanation]]:
    """The entries that explain what a program printed, best first.

    Returns:
        The message that was taken from it, and the explanations; none if nothing fits.
    """
    messages = messages_in(text)
    for message in messages:
        if found := _known(searcher, message, language, limit):
            return message, found
    for message in messages[:1]:
        return message, _by_text(searcher, message, language, limit)
    return "", []


def _known(searcher: Searcher, message: str, language: str, limit: int) -> list[Explanation]:
    """Entries whose ``errors`` hold the message."""
    said = query_tokens(bare(message).lower())[:MAX_WORDS]
    there = set(said)
    found: list[tuple[float, int, Summary, str]] = []
    for summary in searcher.library.summaries:
        for error in summary.errors:
            wanted = _words_of(error)
            # Words that stand nowhere stand in no order: most messages are told apart by a look.
            if not wanted or sum(map(there.__contains__, wanted)) < ENOUGH * len(wanted):
                continue
            share = _common(wanted, said) / len(wanted)
            if share >= ENOUGH:
                found.append((share, len(wanted), summary, error))
    # Between equals the longer message says more.
    best: dict[int, Explanation] = {}
    for share, _, summary, error in sorted(found, key=lambda one: (-one[0], -one[1], one[2].number)):
        if summary.number not in best:
            best[summary.number] = Explanation(
                summary, error, round(share, 3), _passages(searcher, summary, error, language)
            )
    return list(best.values())[:limit]


@lru_cache(maxsize=10_000)
def _words_of(error: str) -> tuple[str, ...]:
    """The words of a known message."""
    return tuple(query_tokens(bare(error).lower()))


def _common(wanted: Sequence[str], said: list[str]) -> int:
    """Length of the longest run of words, gaps allowed, that both have in the same order."""
    row = [0] * (len(said) + 1)
    for word in wanted:
        before = 0
        for at, other in enumerate(said, 1):
            kept = row[at]
            row[at] = before + 1 if word == other else max(row[at], row[at - 1])
            before = kept
    return row[-1]


def _by_text(searcher: Searcher, message: str, language: str, limit: int) -> list[Explanation]:
    """Entries whose text holds most of the message's words."""
    name, _, rest = message.partition(":")
    query = parse_query(bare(rest) or name)
    wanted = [term.text for term in query.terms if len(term.text) > 2]
    if len(wanted) < 2:
        return []
    found = []
    for hit in searcher.search(" ".join(wanted), limit, language, every=True).hits:
        # A word that was cut off may stand for several of the entry's.
        held = min(len(set(hit.matched)), len(wanted))
        if held >= max(2, SHARED * len(wanted)):
            found.append(Explanation(hit.summary, "", round(held / len(wanted), 3), hit.passages))
    return found


def _passages(searcher: Searcher, summary: Summary, error: str, language: str) -> tuple[Passage, ...]:
    tokens = parse_query(bare(error)).tokens
    return find_passages(searcher.library.lines(summary.number), tokens, language)[0]
