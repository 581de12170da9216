"""Labelled searches, with the entries that should come first, by which the search is judged."""

from dataclasses import dataclass
from pathlib import Path

from kb.deck.manifest import read_table
from kb.errors import Complaint, Message

FILE = "queries.toml"

KINDS = ("chinese-word", "english-term", "api", "english-question", "chinese-question", "misspelling", "error")
"""What a query is an example of."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One search, and what it should find."""

    text: str
    """As somebody types it."""
    kind: str
    """One of ``KINDS``."""
    entries: tuple[int, ...]
    """Any of these may come first."""


def read_queries(folder: Path) -> tuple[list[Labelled], list[Complaint]]:
    """The labelled queries of a deck, and what is wrong with the file; nothing if there is none."""
    values, complaints = read_table(folder / FILE)
    queries = []
    rows = values.pop("query", [])
    for at, row in enumerate(rows if isinstance(rows, list) else [], 1):
        text, kind, entries = (
            (row.get(key) for key in ("text", "kind", "entries")) if isinstance(row, dict) else (0, 0, 0)
        )
        if not isinstance(text, str) or not text.strip():
            complaints.append(
                Complaint(FILE, 0, Message("query {at} has no text; write what somebody would type", at=at))
            )
        elif kind not in KINDS:
            complaints.append(
                Complaint(
                    FILE,
                    0,
                    Message(
                        "query {at} ({text}) has no kind {kind!r}; choose {known}",
                        at=at,
                        text=text,
                        kind=kind,
                        known=", ".join(KINDS),
                    ),
                )
            )
        elif not isinstance(entries, list) or not entries or not all(type(number) is int for number in entries):
            complaints.append(
                Complaint(
                    FILE,
                    0,
                    Message("query {at} ({text}) names no entries; give their numbers in a list", at=at, text=text),
                )
            )
        else:
            queries.append(Labelled(text, kind, tuple(entries)))
    complaints += [
        Complaint(FILE, 0, Message("unknown key {key!r}; there are only [[query]] tables", key=key)) for key in values
    ]
    seen: set[str] = set()
    for query in queries:
        if query.text in seen:
            complaints.append(
                Complaint(FILE, 0, Message("the query {text!r} is there twice; remove one", text=query.text))
            )
        seen.add(query.text)
    return queries, complaints
