"""Deck: a folder of entries, and what its ``deck.toml`` says of it."""

import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from kb.deck.source import Unreadable, cannot_be_read, read_source, spoken_name
from kb.errors import Complaint, Message, UsageError

FILE = "deck.toml"

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A deck's id: it names a folder, too."""

FOLDER = re.compile(r"([0-9]{3}|[1-9][0-9]{3,8})-([a-z0-9]+(?:-[a-z0-9]+)*)")
"""The name of an entry's folder: number and slug. Each number is written in one way."""

LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
"""A language's name: it names a file, too."""

MAX_NUMBER = 999_999_999
"""Of a chapter or a topic."""

LOOSE_FILES = frozenset({FILE, "verified.json", "queries.toml", "glossary.toml", "symptoms.toml", "messages.toml"})
"""What may lie in a deck's folder beside the entries."""


class Chapter(NamedTuple):
    """A range of topic numbers under one title."""

    number: int
    """The chapter's own number."""
    first: int
    """Its first topic."""
    last: int
    """Its last topic."""
    titles: dict[str, str]
    """By language."""


class Deck(NamedTuple):
    """A folder of entries."""

    path: Path
    """The folder."""
    name: str
    """A short name, for people."""
    titles: dict[str, str]
    """By language."""
    languages: tuple[str, ...]
    """The first is the primary one: it holds the front matter, the code and the keys."""
    areas: dict[str, dict[str, str]]
    """Names of each area by language."""
    chapters: tuple[Chapter, ...]
    """In the order of their numbers."""
    complete: bool = False
    """Whether every entry must have all languages, a snippet, its output and a full quiz."""
    id: str = ""
    """What the learner's log knows it by, made once (see ``new_id``); empty if it has none."""

    def plans(self, number: int) -> bool:
        """Whether a topic of this number belongs to the deck, written or still to come."""
        return not self.chapters or any(chapter.first <= number <= chapter.last for chapter in self.chapters)


def new_id(name: str) -> str:
    """An id for a deck that is made now, which no other deck has: its name, so that people know it, and chance."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "deck"
    return f"{slug}-{os.urandom(6).hex()}"


def number_of(folder: str) -> int | None:
    """The topic number in a folder's name, or None if it is not an entry's folder."""
    found = FOLDER.fullmatch(folder)
    return int(found[1]) if found else None


def read_table(path: Path) -> tuple[dict[str, Any], list[Complaint]]:
    """One of a deck's loose files, which may be missing: its values, and what is wrong with it."""
    try:
        return _toml(path), []
    except FileNotFoundError:
        return {}, []
    except Unreadable as error:
        return {}, [Complaint(path.name, 0, error.message)]


def written_at(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _toml(path: Path) -> dict[str, Any]:
    """The values of a file.

    Raises:
        FileNotFoundError: it is missing.
        Unreadable: it is no TOML.
    """
    # Deferred: 3 ms, and the library keeps what was read.
    import tomllib

    try:
        return tomllib.loads(read_source(path))
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python takes
        raise cannot_be_read(error) from None
    except RecursionError:
        raise cannot_be_read("nested too deep") from None


def thawed_deck(path: Path, kept: Any) -> Deck:
    """A deck from the list that a cache kept of it.

    Raises:
        TypeError, ValueError, AttributeError: it is no such list.
    """
    name, titles, languages, areas, chapters, complete, mark = kept
    made = tuple(Chapter(int(number), int(first), int(last), dict(names)) for number, first, last, names in chapters)
    named = {str(area): dict(names) for area, names in areas.items()}
    return Deck(path, str(name), dict(titles), tuple(map(str, languages)), named, made, bool(complete), str(mark))


def entry_folders(deck: Path) -> list[Path]:
    """The folders of entries, in the order of their names, whatever is in them.

    Raises:
        UsageError: the deck's folder cannot be looked into.
    """
    return [path for path in listed(deck) if number_of(path.name) is not None and is_folder(path)]


def listed(folder: Path) -> list[Path]:
    """What lies in a deck's folder, in the order of the names.

    Raises:
        UsageError: it cannot be looked into.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {error}", "mend it", path=folder, error=error.strerror or error
        ) from None


def is_folder(path: Path) -> bool:
    """Whether there is a folder; what cannot be looked at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether there is an ordinary file, which can be read without waiting for anybody; what cannot be looked at is
    none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_deck(path: Path) -> tuple[Deck, list[Complaint]]:
    """Read a deck's ``deck.toml``; a broken one gives what can be read and a complaint each.

    Raises:
        UsageError: the folder or the file is missing or cannot be read at all.
    """
    if not is_folder(path):
        raise UsageError("no deck at {path}", "name a folder that holds a deck.toml", path=path)
    if spoken_name(str(path)) != str(path):
        raise UsageError(
            "the path {path} is no UTF-8", "give the deck's folder another name", path=spoken_name(str(path))
        )
    try:
        table = _toml(path / FILE)
    except FileNotFoundError:
        raise UsageError(
            "{path} is no deck", "a deck has a {file} with name, languages and chapters", path=path, file=FILE
        ) from None
    except Unreadable as error:
        raise UsageError("{path} cannot be read: {error}", "mend it", path=path / FILE, error=error.reason) from None
    facts = _Facts(table, path.name)
    return facts.deck(path), facts.complaints


class _Facts:
    """What a ``deck.toml`` says, each value checked when it is taken; what is wrong has its default."""

    def __init__(self, table: dict[str, Any], folder: str) -> None:
        self.table = table
        self.folder = folder
        self.complaints: list[Complaint] = []

    def complain(self, message: str, /, **values: object) -> None:
        self.complaints.append(Complaint(FILE, 0, Message(message, **values)))

    def deck(self, path: Path) -> Deck:
        known = {"name", "id", "complete", "languages", "titles", "areas", "chapters", "rules"}
        for key in sorted(self.table.keys() - known):
            self.complain("unknown key {key!r}; known are {known}", key=key, known=", ".join(sorted(known)))
        return Deck(
            path=path,
            name=self.name(),
            titles=self.titles(),
            languages=self.languages(),
            areas=self.areas(),
            chapters=self.chapters(),
            complete=self.complete(),
            id=self.id(),
        )

    def name(self) -> str:
        name = self.table.get("name", self.folder)
        if isinstance(name, str):
            return name
        self.complain('name is no text; write name = "{name}"', name=self.folder)
        return self.folder

    def complete(self) -> bool:
        complete = self.table.get("complete", False)
        if isinstance(complete, bool):
            return complete
        self.complain("complete is neither true nor false; write one of them")
        return False

    def id(self) -> str:
        mark = self.table.get("id", "")
        if "id" not in self.table or (isinstance(mark, str) and len(mark) <= 80 and ID.fullmatch(mark)):
            return str(mark)
        wanted = new_id(self.name())
        self.complain('id is not made of small letters, digits and hyphens; write id = "{id}"', id=wanted)
        return ""

    def languages(self) -> tuple[str, ...]:
        given = self.table.get("languages")
        languages = given if isinstance(given, list) else [given] if isinstance(given, str) else []
        if not isinstance(given, list) or not given:
            self.complain('languages is missing; write languages = ["en", "zh"], the primary one first')
        good = [one for one in languages if isinstance(one, str) and LANGUAGE.fullmatch(one)]
        for one in languages:
            if one not in good:
                self.complain("{one} in languages is no language's name; write en, zh or the like", one=_short(one))
        if len(set(good)) < len(good):
            self.complain("languages names something twice; once is enough")
        return tuple(dict.fromkeys(good)) or ("en",)

    def areas(self) -> dict[str, dict[str, str]]:
        areas = self.table.get("areas", {})
        names = areas if isinstance(areas, dict) else {}
        good = {area: titles for area, titles in names.items() if _is_titles(titles)}
        if not isinstance(areas, dict) or len(good) < len(names):
            self.complain('areas is not a table of names; write vision = {{ en = "Vision" }} under [areas]')
        return good

    def titles(self) -> dict[str, str]:
        titles = self.table.get("titles", {})
        if _is_titles(titles):
            return dict(titles)
        self.complain("titles is not a table of texts; write en = ... under [titles]")
        return {}

    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters that can be read, in the order of their topics."""
        value = self.table.get("chapters", [])
        if not isinstance(value, list):
            self.complain("chapters is no list of tables; write [[chapters]] above each")
            value = []
        found = [chapter for at, one in enumerate(value, 1) if (chapter := self.chapter(at, one))]
        chapters = sorted(found, key=lambda chapter: (chapter.first, chapter.last))
        for one, other in pairwise(chapters):
            if other.first <= one.last:
                self.complain(
                    "chapters {one} and {other} share topics; end one before the other begins",
                    one=one.number,
                    other=other.number,
                )
        return tuple(chapters)

    def chapter(self, at: int, value: object) -> Chapter | None:
        chapter = value if isinstance(value, dict) else {}
        numbers = [chapter.get(key) for key in ("number", "first", "last")]
        number, first, last = (one if type(one) is int and 0 <= one <= MAX_NUMBER else -1 for one in numbers)
        if min(number, first, last) < 0:
            self.complain("chapter {at} lacks number, first or last; give whole numbers", at=at)
        elif first > last:
            self.complain("chapter {at} ends before it begins; make first the smaller one", at=at)
        elif not _is_titles(chapter.get("titles", {})):
            self.complain("chapter {at} has titles that are no table; write titles = {{ en = ... }}", at=at)
        else:
            return Chapter(number, first, last, dict(chapter.get("titles", {})))
        return None


def _is_titles(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _short(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "..."
    return text if len(text) <= 60 else f"{text[:60]}..."
