"""Known messages: what torch prints, with its cause, how to check it, and its cure; a deck's ``messages.toml``."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from kb.deck.cache import Cache, DamagedCache
from kb.deck.manifest import Deck, read_table, written_at
from kb.errors import Complaint, Message
from kb.search.message_pattern import BadPattern, Pattern, read_pattern

FILE = "messages.toml"

ASKED = ("cause", "check", "cure")
"""What is said of a message, in each of the deck's languages."""

LETTERS = "XYZVWPQR"
"""What stands for what nobody said: of a message that is remembered in part, or cut off."""

_FIELD = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[\[([^\[\]]*\{\w+\}[^\[\]]*)\]\]")
"""A piece of a text that is left out where a slot in it has no value."""


class Role(StrEnum):
    """What a message is in what a program prints."""

    ERROR = "error"
    """It ends the program."""
    WARNING = "warning"
    """The program goes on."""
    WRAPPER = "wrapper"
    """It hands on an error that stands elsewhere: a launcher's, a worker's."""
    CONSEQUENCE = "consequence"
    """It follows from another process's error."""


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """One message, in all its wordings."""

    id: str
    """Kebab-case."""
    patterns: tuple[str, ...]
    """Its wordings, see ``kb.search.message_pattern``."""
    role: Role
    entries: tuple[int, ...]
    """That explain it, the best first; not all need be written yet."""
    said: dict[str, dict[str, str]]
    """By language: ``cause``, ``check``, ``cure``, with the slots as ``{name}``."""
    is_generic: bool = False
    """Whether other programs print it too: it counts only in a text that speaks of torch, or is nothing but it."""
    example: str = ""
    """A script that makes torch print it; empty where that takes what is not at hand everywhere."""
    source: str = ""
    """Where the wording stands, for one without an example."""

    def compiled(self) -> list[Pattern]:
        """Its wordings, ready to be looked for.

        Raises:
            BadPattern: one is none.
        """
        return [read_pattern(wording) for wording in self.patterns]

    def joined(self, patterns: tuple[str, ...], entry: int) -> "KnownMessage":
        """The same, known by more wordings too, and explained by one more entry."""
        entries = tuple(dict.fromkeys((*self.entries, entry)))
        return replace(self, patterns=(*self.patterns, *patterns), entries=entries)

    def told(self, language: str, slots: dict[str, str]) -> dict[str, str]:
        """Cause, check and cure in a language, or the first there is, with what the slots held. Where nothing is known
        of a slot a letter stands for it, the same one in all three; what is said of it alone is left out."""
        said = self.said.get(language) or next(iter(self.said.values()), {})
        known = dict(slots)
        return {asked: _filled(said.get(asked, ""), known) for asked in ASKED}


def _filled(text: str, known: dict[str, str]) -> str:
    """A text with what its slots hold; those that hold nothing get a letter, which is written down."""

    def piece(found: re.Match[str]) -> str:
        return found[1] if all(slot in known for slot in _FIELD.findall(found[1])) else ""

    def value(found: re.Match[str]) -> str:
        free = (letter for letter in LETTERS if letter not in known.values())
        return known.setdefault(found[1], next(free, "…"))

    return _FIELD.sub(value, _OPTIONAL.sub(piece, text))


def read_messages(deck: Deck) -> tuple[list[KnownMessage], list[Complaint]]:
    """The messages that a deck knows, and what is wrong with the file; none if there is no such file."""
    values, complaints = read_table(deck.path / FILE)
    rows = values.pop("message", [])
    found: list[KnownMessage] = []
    seen: set[str] = set()
    for at, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        reader = _Row(row if isinstance(row, dict) else {}, at, deck)
        message = reader.message()
        if message and message.id in seen:
            reader.complain("there is another message of that id; give it one of its own")
        elif message:
            found.append(message)
            seen.add(message.id)
        complaints += reader.complaints
    complaints += [
        Complaint(FILE, 0, Message("unknown key {key!r}; there are only [[message]] tables", key=key)) for key in values
    ]
    return found, complaints


class _Row:
    """One table of the file, each value checked when it is taken."""

    KNOWN = ("id", "patterns", "role", "entries", "generic", *ASKED, "example", "source")

    def __init__(self, row: dict[str, Any], at: int, deck: Deck) -> None:
        self.row = row
        self.deck = deck
        self.complaints: list[Complaint] = []
        given = row.get("id")
        self.id = given if isinstance(given, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", given) else ""
        self.name = self.id or str(at)

    def complain(self, what: str, /, **values: object) -> None:
        self.complaints.append(
            Complaint(FILE, 0, Message("message {name}: {what}", name=self.name, what=Message(what, **values)))
        )

    def message(self) -> KnownMessage | None:
        if not self.id:
            self.complain('no id of small letters, digits and hyphens; write id = "mat-shapes"')
            return None
        for key in self.row:
            if key not in self.KNOWN:
                self.complain("unknown key {key!r}; known are {known}", key=key, known=", ".join(self.KNOWN))
        patterns = tuple(self.patterns())
        if not patterns:
            self.complain("no wording; write patterns = [...]")
            return None
        return KnownMessage(
            self.id,
            patterns,
            self.role(),
            self.entries(),
            self.said(patterns),
            self.generic(),
            self.text("example"),
            self.text("source"),
        )

    def text(self, key: str) -> str:
        value = self.row.get(key, "")
        if isinstance(value, str):
            return value.strip("\n")
        self.complain("{key} is no text; write one", key=key)
        return ""

    def patterns(self) -> Iterator[str]:
        given = self.row.get("patterns")
        for wording in given if isinstance(given, list) else []:
            try:
                if not isinstance(wording, str):
                    raise BadPattern(Message("a wording that is no text; write one"))
                re.compile(read_pattern(wording).expression)
            except BadPattern as error:
                self.complaints.append(
                    Complaint(FILE, 0, Message("message {name}: {what}", name=self.name, what=error.message))
                )
            else:
                yield wording

    def role(self) -> Role:
        given = self.row.get("role", Role.ERROR)
        with suppress(ValueError):
            return Role(given)
        self.complain("no role {role!r}; choose {known}", role=given, known=", ".join(Role))
        return Role.ERROR

    def generic(self) -> bool:
        given = self.row.get("generic", False)
        if type(given) is not bool:
            self.complain("generic is neither true nor false; write one of them")
        return given is True

    def entries(self) -> tuple[int, ...]:
        given = self.row.get("entries", [])
        if not isinstance(given, list) or not all(type(one) is int for one in given):
            self.complain("entries is no list of numbers; write entries = [28]")
            return ()
        for number in given:
            if not self.deck.plans(number):
                self.complain("entry {number} belongs to no chapter of the deck; name another", number=number)
        return tuple(given)

    def said(self, patterns: tuple[str, ...]) -> dict[str, dict[str, str]]:
        common = set.intersection(*(set(read_pattern(wording).slots) for wording in patterns))
        said: dict[str, dict[str, str]] = {}
        for asked in ASKED:
            texts = self.row.get(asked)
            for language in self.deck.languages:
                text = texts.get(language) if isinstance(texts, dict) else None
                if not isinstance(text, str) or not text.strip():
                    self.complain("no {asked} in {language}; write one line", asked=asked, language=language)
                    continue
                for slot in set(_FIELD.findall(text)) - common:
                    self.complain(
                        "{asked} names the slot {slot}, which a wording lacks; name what all have",
                        asked=asked,
                        slot=slot,
                    )
                said.setdefault(language, {})[asked] = " ".join(text.split())
        return said


def open_messages(deck: Deck, cache: Cache) -> list[KnownMessage]:
    """A deck's messages, without what only tests of them need; the file is read again only when it has changed.

    Raises:
        DamagedCache: what is kept of them is none.
    """
    rows = cache.made("messages", written_at(deck.path / FILE), lambda: [_row(one) for one in read_messages(deck)[0]])
    try:
        return [
            KnownMessage(name, tuple(patterns), Role(role), tuple(entries), said, is_generic)
            for name, patterns, role, entries, said, is_generic in rows
        ]
    except (TypeError, ValueError) as error:
        raise DamagedCache(f"the messages: {error}") from error


def _row(one: KnownMessage) -> tuple[object, ...]:
    return one.id, one.patterns, one.role, one.entries, one.said, one.is_generic
