"""Symptoms: what people say of what they see, and the field's words for it; a deck's ``symptoms.toml``.

``[[symptom]]`` tables with ``said``, any of which is looked for in a query, and ``means``, which is then searched for
as well. ``A + B`` in ``said`` asks for both, in any order.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from kb.deck.cache import Cache, DamagedCache
from kb.deck.manifest import read_table
from kb.errors import Complaint, Message
from kb.search.glossary import key_of, searched

FILE = "symptoms.toml"

BOTH = " + "
"""Stands between what must both be said."""

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


def compiled(listed: Listed) -> list[Any]:
    """What must be in a text for each, as the cache keeps it: cutting words takes longer than finding."""
    return [[[[key_of(part) for part in term.split(BOTH)] for term in said], means] for said, means in listed]


class Symptoms:
    """Finds what is said in a query, and gives what it means."""

    def __init__(self, kept: list[Any]) -> None:
        """Take what ``compiled`` gives."""
        self._groups: list[tuple[list[list[str]], list[str]]] = [
            ([[str(part) for part in parts] for parts in said], [str(term) for term in means]) for said, means in kept
        ]

    def meant(self, text: str) -> list[str]:
        """The field's words for what is said in a text, each once."""
        among = searched(text)
        found: dict[str, None] = {}
        for said, means in self._groups:
            if any(all(part in among for part in parts) for parts in said):
                found |= dict.fromkeys(means)
        return list(found)


def open_symptoms(deck: Path, cache: Cache) -> Symptoms:
    """A deck's symptoms; the file is read and cut again only when it has changed."""
    try:
        stamp = (deck / FILE).stat().st_mtime_ns
    except OSError:
        return Symptoms([])
    kept = cache.value("symptoms")
    if not (isinstance(kept, list) and len(kept) == 2 and kept[0] == stamp):
        kept = [stamp, compiled(read_symptoms(deck)[0])]
        with suppress(Exception):  # a cache that cannot be written is no reason not to answer
            cache.keep("symptoms", kept)
    try:
        return Symptoms(kept[1])
    except (TypeError, ValueError) as error:
        raise DamagedCache(f"the symptoms: {error}") from error
