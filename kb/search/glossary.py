"""Glossary: words that mean the same, in English and Chinese, with their abbreviations; and words that mean little."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from kb.deck.cache import Cache, DamagedCache
from kb.deck.manifest import read_table, written_at
from kb.errors import Complaint, Message
from kb.search.tokens import has_han, normalised, query_tokens

FILE = "glossary.toml"

WEIGHT = 0.4
"""How much a word that means the same counts beside the one that was typed."""

PLAIN_WEIGHT = 0.1
"""How much a word counts that every entry is about, beside others that say more."""


class Listed(NamedTuple):
    """What the file of a glossary lists."""

    same: list[list[str]]
    """Groups of terms that mean the same."""
    plain: list[str]
    """Terms that every entry is about, such as a deck's own subject."""


def read_glossary(folder: Path) -> tuple[Listed, list[Complaint]]:
    """What a deck's glossary lists, and what is wrong with the file; nothing if there is none."""
    values, complaints = read_table(folder / FILE)
    groups = []
    same = values.pop("same", [])
    for at, group in enumerate(same if isinstance(same, list) else [same], 1):
        if isinstance(group, list) and len(group) > 1 and all(isinstance(term, str) and term.strip() for term in group):
            groups.append([term.strip() for term in group])
        else:
            complaints.append(
                Complaint(FILE, 0, Message("group {at} is no list of two terms or more; write it as one", at=at))
            )
    plain = values.pop("plain", [])
    if not isinstance(plain, list) or not all(isinstance(term, str) and term.strip() for term in plain):
        complaints.append(Complaint(FILE, 0, Message("'plain' is no list of terms; write it as one")))
        plain = []
    complaints += [
        Complaint(FILE, 0, Message("unknown key {key!r}; there are only 'same' and 'plain'", key=key)) for key in values
    ]
    return Listed(groups, [term.strip() for term in plain]), complaints


def compiled(listed: Listed) -> dict[str, Any]:
    """Each term with its key beside it, as the cache keeps them: cutting words takes longer than finding."""
    return {
        "same": [[[term, key_of(term)] for term in group] for group in listed.same],
        "plain": [[term, key_of(term)] for term in listed.plain],
    }


def key_of(term: str) -> str:
    """What ``searched`` gives must hold for a term to be there: Chinese anywhere, everything else as whole words."""
    return term.lower() if has_han(term) else f" {' '.join(query_tokens(term.lower()))} "


@lru_cache(maxsize=10_000)
def searched(text: str) -> str:
    """A text as keys are looked for in it: cut once, however much is asked of it."""
    lowered = normalised(text).lower()
    return f"{lowered}\n {' '.join(query_tokens(lowered))} "


class Glossary:
    """Finds terms in a query and gives those that mean the same, and those that mean little."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """Take what ``compiled`` gives."""
        self._groups: list[list[list[str]]] = [[[str(term), str(key)] for term, key in group] for group in kept["same"]]
        self._keys = [(key, at) for at, group in enumerate(self._groups) for _, key in group]
        self._plain: list[list[str]] = [[str(term), str(key)] for term, key in kept["plain"]]

    def same(self, text: str) -> list[str]:
        """Terms that mean the same as something in a text, and are not in it."""
        among = searched(text)
        here = dict.fromkeys(at for key, at in self._keys if key in among)
        return list(dict.fromkeys(term for at in here for term, key in self._groups[at] if key not in among))

    def plain(self, text: str) -> list[str]:
        """Terms in a text that every entry is about."""
        among = searched(text)
        return [term for term, key in self._plain if key in among]


def open_glossary(deck: Path, cache: Cache) -> Glossary:
    """A deck's glossary; its file is read and cut again only when it has changed."""
    kept = cache.made("terms", written_at(deck / FILE), lambda: compiled(read_glossary(deck)[0]))
    try:
        return Glossary(kept)
    except (TypeError, ValueError, KeyError) as error:
        raise DamagedCache(f"the glossary's terms: {error}") from error
