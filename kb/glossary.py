"""Glossary: words that mean the same, in English and Chinese, with their abbreviations."""

from pathlib import Path

from kb.deck import read_table
from kb.errors import Complaint
from kb.words import has_han, normalised, query_tokens

FILE = "glossary.toml"

WEIGHT = 0.4
"""How much a word that means the same counts beside the one that was typed."""

Groups = list[list[str]]
"""Each a list of terms that mean the same."""


def read_glossary(folder: Path) -> tuple[Groups, list[Complaint]]:
    """The groups of a deck's glossary, and what is wrong with the file; nothing if there is none."""
    values, complaints = read_table(folder / FILE)
    groups = []
    same = values.pop("same", [])
    for at, group in enumerate(same if isinstance(same, list) else [same], 1):
        if isinstance(group, list) and len(group) > 1 and all(isinstance(term, str) and term.strip() for term in group):
            groups.append([term.strip() for term in group])
        else:
            complaints.append(Complaint(FILE, 0, f"group {at} is no list of two terms or more; write it as one"))
    complaints += [Complaint(FILE, 0, f"unknown key {key!r}; there is only 'same'") for key in values]
    return groups, complaints


def compiled(groups: Groups) -> list[list[list[str]]]:
    """The groups with each term's key beside it, as the cache keeps them: cutting words takes longer than finding."""
    return [[[term, _key(term)] for term in group] for group in groups]


def _key(term: str) -> str:
    """What must be in a text: Chinese anywhere, everything else as whole words."""
    return term.lower() if has_han(term) else f" {' '.join(query_tokens(term.lower()))} "


class Glossary:
    """Finds terms in a query and gives those that mean the same."""

    def __init__(self, groups: list[list[list[str]]]) -> None:
        """Take groups as ``compiled`` gives them."""
        self._groups = groups

    def same(self, text: str) -> list[str]:
        """Terms that mean the same as something in a text, and are not in it."""
        lowered = normalised(text).lower()
        searched = f"{lowered}\n {' '.join(query_tokens(lowered))} "
        found: dict[str, None] = {}
        for group in self._groups:
            if any(key in searched for _, key in group):
                found |= dict.fromkeys(term for term, key in group if key not in searched)
        return list(found)
