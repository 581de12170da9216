"""Symptoms: what people say of what they see, and the field's words for it; a deck's ``symptoms.toml``.

``[[symptom]]`` tables with ``said``, any of which is looked for in a query, and ``means``, which is then searched for
as well. ``A + B`` in ``said`` asks for both, in any order.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from kb.deck.cache import Cache, DamagedCache, as_json
from kb.deck.manifest import read_table, written_at
from kb.errors import Complaint, Message
from kb.search.glossary import key_of, searched
from kb.search.tokens import HAN, has_han

FILE = "symptoms.toml"

BOTH = " + "
"""Stands between what must both be said."""

MAX_PIECES = 500
"""Words and pairs of a query by which symptoms are looked up: more hold pasted texts alone."""

_HAN = re.compile(f"[{HAN}]+")

Listed = list[tuple[list[str], list[str]]]
"""What is said, and what it means."""


def read_symptoms(folder: Path) -> tuple[Listed, list[Complaint]]:
    """What a deck's file lists, and what is wrong with it; nothing if there is none."""
    values, complaints = read_table(folder / FILE)
    found: Listed = []
    seen: set[str] = set()
    rows = values.pop("symptom", [])
    for at, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        said, means = (_terms(row.get(key)) for key in ("said", "means")) if isinstance(row, dict) else ([], [])
        if not said or not means or row.keys() - {"said", "means"}:
            complaints.append(
                Complaint(FILE, 0, Message("symptom {at} is not two lists of terms, said and means; write both", at=at))
            )
            continue
        for term in said:
            if term in seen:
                complaints.append(Complaint(FILE, 0, Message("{term!r} is said twice; remove one", term=term)))
            seen.add(term)
        found.append((said, means))
    complaints += [
        Complaint(FILE, 0, Message("unknown key {key!r}; there are only [[symptom]] tables", key=key)) for key in values
    ]
    return found, complaints


def _terms(value: object) -> list[str]:
    """A list of terms; empty if it is anything else."""
    if isinstance(value, list) and all(isinstance(term, str) and term.strip() for term in value):
        return [" ".join(term.split()) for term in value]
    return []


def compiled(listed: Listed) -> dict[str, list[Any]]:
    """What is said and what it means, under that by which it is found in a query: the rarest of its words and pairs of
    characters."""
    keyed = [([key_of(part) for part in term.split(BOTH)], means) for said, means in listed for term in said]
    within = [list(dict.fromkeys(piece for part in parts for piece in _pieces(part))) for parts, _ in keyed]
    counts = Counter(piece for pieces in within for piece in pieces)
    found: dict[str, list[Any]] = {}
    for (parts, means), pieces in zip(keyed, within, strict=True):
        found.setdefault(min(pieces, key=lambda piece: counts[piece]), []).append([parts, means])
    return found


def _pieces(part: str) -> list[str]:
    """What a query must hold for a part to be in it: pairs of Chinese characters, or else words."""
    return _pairs(part) or part.split()


def _pairs(text: str) -> list[str]:
    """The pairs of Chinese characters in a text, and those that stand alone."""
    return [
        token for run in _HAN.findall(text) for token in ([run[at : at + 2] for at in range(len(run) - 1)] or [run])
    ]


class Symptoms:
    """Finds what is said in a query, and gives what it means."""

    def __init__(self, look_up: Callable[[Collection[str]], list[Any]]) -> None:
        """Take what gives the symptoms under some pieces, see ``compiled``."""
        self._look_up = look_up

    def meant(self, text: str) -> list[str]:
        """The field's words for what is said in a text, each once."""
        among = searched(text)
        # A single character may be what is looked for as well.
        pieces = {*among.rpartition("\n")[2].split(), *_pairs(among), *filter(has_han, among)}
        found: dict[str, None] = {}
        for parts, means in self._look_up(pieces):
            if all(part in among for part in parts):
                found |= dict.fromkeys(means)
        return list(found)


def open_symptoms(deck: Path, cache: Cache) -> Symptoms:
    """A deck's symptoms, in its cache by their pieces: thousands are there, and a query needs a few. The file is
    read and cut again only when it has changed."""
    stamp = written_at(deck / FILE)
    if cache.value("symptoms") != stamp:
        table = compiled(read_symptoms(deck)[0])
        try:
            with cache.alone():
                cache.change("DELETE FROM said", [()])
                cache.change("INSERT INTO said VALUES (?, ?)", [(key, as_json(rows)) for key, rows in table.items()])
                cache.keep("symptoms", stamp)
        except sqlite3.Error:  # a cache that cannot be written is no reason not to answer
            return Symptoms(lambda pieces: [row for key in sorted(pieces & table.keys()) for row in table[key]])
    return Symptoms(lambda pieces: _kept(cache, pieces))


def _kept(cache: Cache, pieces: Collection[str]) -> list[Any]:
    """The symptoms that the cache holds under some pieces."""
    few = sorted(pieces)[:MAX_PIECES]
    rows = cache.ask(f"SELECT symptoms FROM said WHERE piece IN ({', '.join('?' * len(few))}) ORDER BY rowid", few)
    try:
        return [(list(parts), list(means)) for (kept,) in rows for parts, means in json.loads(kept)]
    except (ValueError, TypeError) as error:
        raise DamagedCache(f"the symptoms: {error}") from error
