"""Trust: of which code its reader has said that it may run. A deck other than the built-in one holds somebody's code.

What is remembered is a digest of each entry's code, in the user's data folder: code that changes is asked about again.
"""

import hashlib
import json
import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from kb.deck.entry import Entry
from kb.deck.script import imports, parse_python
from kb.errors import KbError
from kb.files import put
from kb.places import builtin_deck, home_path, short_hash

VARIABLE = "KB_TRUST"
"""Names folders, as PATH does: the decks in them are trusted, whatever changes."""


class Untrusted(KbError):  # noqa: N818 nobody has made a mistake yet
    """Code was to run that nobody has trusted: nothing of it did."""

    def __init__(self, deck: Path) -> None:
        super().__init__(
            "the code of {deck} is not trusted, so nothing of it runs",
            "kb trust {deck:typed} shows it and asks",
            deck=deck,
        )


def scripts_of(entry: Entry) -> list[str]:
    """Every text of an entry that can be run, whole or as a part of its snippet."""
    own = [entry.snippet.source] if entry.snippet else []
    return [*own, *(text for item in entry.items for text in (item.code, item.proof, *item.right, *item.wrong) if text)]


def code_digest(entry: Entry) -> str:
    """A digest of all of an entry's code; nothing if it has none."""
    if not (scripts := scripts_of(entry)):
        return ""
    # What a text is for belongs to it: lines that no hole takes run nowhere.
    places = [[item.id, item.kind, item.code, item.proof, item.right, item.wrong] for item in entry.items]
    whole = json.dumps([entry.snippet.source if entry.snippet else None, places, len(scripts)])
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def imported_names(entries: Iterable[Entry]) -> list[str]:
    """The modules that the entries' code names in an import, by their first name; for a reader's eye, not for judging:
    code has other ways to get at a module."""
    found: set[str] = set()
    for script in (script for entry in entries for script in scripts_of(entry)):
        with suppress(SyntaxError):
            found |= {top for _, top in imports(parse_python(textwrap.dedent(script)))}
    return sorted(found - {""})


class Trust:
    """What a user trusts of one deck."""

    def __init__(self, folder: Path, deck: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Take where trust is remembered, a file a deck, and the deck; nothing is read yet."""
        self.deck = deck.resolve()
        self.file = folder / f"{short_hash(str(self.deck))}.json"
        self.environ = environ

    @cached_property
    def is_given_elsewhere(self) -> bool:
        """Whether the deck is trusted without a word here: the built-in one, and what ``KB_TRUST`` names."""
        named = [home_path(name).resolve() for name in self.environ.get(VARIABLE, "").split(os.pathsep) if name]
        return self.deck == builtin_deck().resolve() or any(self.deck.is_relative_to(folder) for folder in named)

    @property
    def is_whole(self) -> bool:
        """Whether all of the deck's code may run, whatever changes."""
        return self.is_given_elsewhere or self._kept["always"] is True

    @property
    def is_begun(self) -> bool:
        """Whether any of the deck's code may run."""
        return self.is_whole or bool(self._kept["code"])

    def covers(self, entry: Entry) -> bool:
        """Whether an entry's code may run as it is now; true where there is none."""
        if self.is_whole:
            return True
        digest = code_digest(entry)
        return not digest or self._kept["code"].get(entry.summary.folder) == digest

    def knows(self, entry: Entry) -> bool:
        """Whether some code of this entry was trusted, be it as it is now or not."""
        return entry.summary.folder in self._kept["code"]

    def demand(self, entry: Entry) -> None:
        """See that an entry's code may run.

        Raises:
            Untrusted: it may not.
        """
        if not self.covers(entry):
            raise Untrusted(self.deck)

    def give(self, entries: Sequence[Entry], always: bool = False) -> None:
        """Remember that the entries' code may run as it is, or with ``always`` the deck's, whatever changes.

        Raises:
            KbError: it cannot be written down.
        """
        code = self._kept["code"] | {entry.summary.folder: code_digest(entry) for entry in entries}
        kept = {"deck": str(self.deck), "always": always or self._kept["always"], "code": code}
        try:
            put(self.file, json.dumps(kept, indent=1).encode())  # in escapes: a path need not be UTF-8
        except OSError as error:
            raise self._refused(error) from None
        self._forget_read()

    def withdraw(self) -> bool:
        """Trust nothing of the deck from now on; says whether anything was trusted.

        Raises:
            KbError: it cannot be written down.
        """
        had_any = self.file.exists()
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from None
        self._forget_read()
        return had_any

    def _refused(self, error: OSError) -> KbError:
        return KbError("{path}: {reason}", "free space or mend permissions", path=self.file, reason=error.strerror)

    def _forget_read(self) -> None:
        self.__dict__.pop("_kept", None)

    @cached_property
    def _kept(self) -> dict[str, Any]:
        """What the file says: of this deck, or nothing."""
        kept = read_kept(self.file)
        # Two paths can have one short hash: what is not sure is not trusted.
        if kept is None or kept["deck"] != str(self.deck):
            return {"deck": str(self.deck), "always": False, "code": {}}
        return kept


def read_kept(file: Path) -> dict[str, Any] | None:
    """What one deck's file says; None if there is none, or it cannot be understood: then nothing is trusted."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError, RecursionError):
        return None
    is_whole = isinstance(kept, dict) and isinstance(kept.get("deck"), str) and isinstance(kept.get("code"), dict)
    return {"always": False, **kept} if is_whole else None


def kept_decks(folder: Path) -> list[dict[str, Any]]:
    """What is trusted of every deck, by path."""
    found = [kept for file in folder.glob("*.json") if (kept := read_kept(file)) is not None]
    return sorted(found, key=lambda kept: str(kept["deck"]))
