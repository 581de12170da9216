"""Explain: which messages are in what a program printed, and what explains them."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from kb.deck.cache import DamagedCache
from kb.deck.manifest import written_at
from kb.deck.summary import Summary
from kb.search.known_messages import FILE as MESSAGES
from kb.search.known_messages import KnownMessage, Role, open_messages
from kb.search.log_text import LogText
from kb.search.message_pattern import wording_of
from kb.search.message_scan import Found, Scanner, root_first
from kb.search.partial_message import PartialMessages
from kb.search.passages import Passage, find_passages
from kb.search.query import parse_query
from kb.search.searcher import Searcher

MAX_PLAIN = 600
"""Characters of a text without any error's name that is taken for a message itself: a message, and not a log."""

MAX_PLAIN_LINES = 2
"""Its lines: more of them are a log, or talk."""

LEAST_COVERED = 0.7
"""Share of what a message says, each word counted by its rarity, that an entry must hold to be guessed at."""

OF_ONES_OWN = frozenset(
    "FileNotFoundError ImportError IndentationError JSONDecodeError KeyError KeyboardInterrupt ModuleNotFoundError "
    "NameError PermissionError SyntaxError UnboundLocalError UnicodeDecodeError".split()
)
"""Errors whose message is a name or a file of one's own: no words of a deck are about it."""

LEAST_RARE = 3
"""Rare words that it must hold, or one that is an API's name."""

RARE = 0.4
"""Rarity from which on a word is rare: of 80 entries it stands in a dozen at most."""

_PATH = re.compile(r"(?:[A-Za-z]:)?(?:(?:(?<![\w.~-])[.~]|[\\/])[\w.~-]*+)?(?:[\\/][\w.@+~-]++){2,}+")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_CLASS = re.compile(r"^([\w.]*(?:Error|Exception|Warning|Interrupt|Failure)|what\(\))\s*[:：(]?\s*")


@dataclass(frozen=True, slots=True)
class Pointer:
    """An entry that explains a message, or may."""

    summary: Summary
    passages: tuple[Passage, ...]
    """Where it does so, best first."""

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "number": self.summary.number,
            "title": self.summary.title(language),
            "passages": [passage.to_json() for passage in self.passages],
        }


@dataclass(frozen=True, slots=True)
class Explained:
    """One known message of a text with what explains it."""

    message: str
    """As it was printed, on one line."""
    line: int
    """Of the text, from 1."""
    rank: str
    """Of the process that printed it; empty if the text names none."""
    known: KnownMessage
    slots: dict[str, str]
    """What stood in the places where the message differs from run to run."""
    pointers: tuple[Pointer, ...]
    """The entries, best first."""

    def told(self, language: str) -> dict[str, str]:
        """Cause, check and cure; empty for a message of which an entry alone tells."""
        return self.known.told(language, self.slots)

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "id": self.known.id,
            "message": self.message,
            "line": self.line,
            "rank": int(self.rank) if self.rank else None,
            "role": str(self.known.role),
            "slots": self.slots,
            **self.told(language),
            "entries": [pointer.to_json(language) for pointer in self.pointers],
        }


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a text."""

    root: str
    """The message nearest to what went wrong, known or not; empty if the text holds none."""
    explained: tuple[Explained, ...]
    """Known messages, the root first."""
    guesses: tuple[Pointer, ...]
    """Where nothing is known: entries that hold most of the root's telling words."""

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "root": self.root or None,
            "messages": [one.to_json(language) for one in self.explained],
            "guesses": [pointer.to_json(language) for pointer in self.guesses],
        }


class Explainer:
    """Explains texts by one deck's messages and entries."""

    def __init__(self, searcher: Searcher) -> None:
        """Take a deck's search."""
        self._searcher = searcher
        self._library = searcher.library

    @cached_property
    def _messages(self) -> list[KnownMessage]:
        """The deck's, with what its entries' front matter says of them; and those that only front matter names."""
        library = self._library
        listed = library.surely(lambda: open_messages(library.deck, library.cache))
        messages = {one.id: one for one in listed}
        errors = [(one.number, at, error) for one in library.summaries for at, error in enumerate(one.errors, 1)]
        named = library.surely(lambda: self._named(listed, [error for *_, error in errors]))
        for (number, at, error), (same, is_whole) in zip(errors, named, strict=True):
            wording = wording_of(error)
            if same in messages:
                messages[same] = messages[same].joined(() if is_whole else (wording,), number)
            elif wording:
                name = f"{number}-{at}"
                messages[name] = KnownMessage(name, (wording,), Role.ERROR, (number,), {})
        return list(messages.values())

    def _named(self, messages: list[KnownMessage], errors: list[str]) -> list[tuple[str, bool]]:
        """For each error of the front matter the message that it is, if any, and whether it is the whole of it. Looking
        for hundreds of them takes longer than explaining a text, so it is kept.

        Raises:
            DamagedCache: what is kept of them is none.
        """
        library = self._library

        def look() -> list[tuple[str, bool]]:
            scanner, partial = Scanner(messages), PartialMessages(messages)
            found = []
            for error in errors:
                whole = next((one.known for one in scanner.scan(LogText(error)) if one.known), None)
                same = whole or partial.find(error, is_logged=False)
                found.append((same.id if same else "", whole is not None))
            return found

        stamp = [library.ledger.generation, written_at(library.deck.path / MESSAGES)]
        kept = library.cache.made("named", stamp, look)
        if not isinstance(kept, list) or len(kept) != len(errors):
            raise DamagedCache(f"the errors of the front matter: {kept!r}")
        try:
            return [(str(same), bool(is_whole)) for same, is_whole in kept]
        except (TypeError, ValueError) as error:
            raise DamagedCache(f"the errors of the front matter: {error}") from error

    @cached_property
    def _scanner(self) -> Scanner:
        return Scanner(self._messages)

    @cached_property
    def _partial(self) -> PartialMessages:
        return PartialMessages(self._messages)

    def explain(self, text: str, language: str, limit: int = 3) -> Findings:
        """What explains what a program printed, in time linear in the text.

        Args:
            text: a traceback, a log, a message.
            language: of the passages.
            limit: how many messages at most, and how many entries of each.
        """
        log = LogText(text)
        found = root_first(self._scanner.scan(log), log)
        if not found:
            return self._plain(log, language, limit)
        root, *others = found
        if root.known is None and not any(one.known and one.role is Role.ERROR for one in others):
            # What handed the error on, or warned of something else, does not explain it.
            part_of = self._partial.find(root.text, is_logged=True) if log.is_of_torch else None
            if part_of is None:
                return Findings(root.text, (), self._guesses(root.text, language, limit))
            found = [_taken_for(root, part_of), *others]
        known = [(one, one.known) for one in found if one.known]
        explained = tuple(self._explained(one, message, language, limit) for one, message in known[:limit])
        return Findings(root.text, explained, ())

    def _plain(self, log: LogText, language: str, limit: int) -> Findings:
        """Of a text in which no error is named and no message is known: is it a message itself?"""
        message = " ".join(log.text.split())
        lines = sum(1 for line in log.text.splitlines() if line.strip())
        if not message or len(message) > MAX_PLAIN or lines > MAX_PLAIN_LINES:
            return Findings("", (), ())
        if part_of := self._partial.find(message, is_logged=False):
            found = _taken_for(Found(message, 0, 0, Role.ERROR, ""), part_of)
            return Findings(message, (self._explained(found, part_of, language, limit),), ())
        return Findings(message, (), self._guesses(message, language, limit))

    def _explained(self, found: Found, known: KnownMessage, language: str, limit: int) -> Explained:
        summaries = self._library.by_number
        there = [summaries[number] for number in found.entries if number in summaries]
        pointers = tuple(self._pointer(summary, found.text, language) for summary in there[:limit])
        return Explained(found.text, found.line + 1, found.rank, known, found.slots, pointers)

    def _pointer(self, summary: Summary, message: str, language: str) -> Pointer:
        tokens = parse_query(bare(message)).tokens
        return Pointer(summary, find_passages(self._library.lines(summary.number), tokens, language)[0])

    def _guesses(self, message: str, language: str, limit: int) -> tuple[Pointer, ...]:
        """Entries that hold most of what a message says: its rare words and its names."""
        name = _CLASS.match(message)
        if name and (name[1].rpartition(".")[2] in OF_ONES_OWN or _is_of_another_library(name[1])):
            return ()
        query = parse_query(bare(_CLASS.sub("", message)))
        rarity, holds = self._searcher.vocabulary.rarity, self._searcher.vocabulary.holds
        words = {term.text: max(map(rarity, term.whole)) for term in query.terms}
        whole = sum(words.values())
        if not whole:
            return ()
        found = []
        for hit in self._searcher.search(" ".join(words), limit, language, every=True).hits:
            # A name counts as a whole: its parts are words that anybody uses.
            held = [word for word in words if word in hit.matched and (word.isalpha() or holds(word))]
            rare = [word for word in held if words[word] >= RARE]
            is_telling = len(rare) >= LEAST_RARE or any("_" in word or "." in word for word in rare)
            if is_telling and sum(words[word] for word in held) >= LEAST_COVERED * whole:
                found.append(Pointer(hit.summary, hit.passages))
        return tuple(found)


def _is_of_another_library(name: str) -> bool:
    """Whether the class of an error says that it is none of Python's or torch's."""
    library = name.partition(".")[0] if "." in name else ""
    return library not in ("", "torch", "builtins", "lightning", "pytorch_lightning")


def _taken_for(found: Found, message: KnownMessage) -> Found:
    """What stands in a text, as the message of which it is a part."""
    return replace(found, known=message, role=message.role, entries=message.entries)


def bare(message: str) -> str:
    """A message without what differs from run to run: paths, addresses, numbers."""
    return " ".join(_NUMBER.sub(" ", _ADDRESS.sub(" ", _PATH.sub(" ", message))).split())
