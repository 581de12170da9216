"""Deck: a folder of entries, and what its ``deck.toml`` says of it."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kb.errors import Complaint, Message, UsageError

FILE = "deck.toml"

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A deck's id: it names a folder, too."""

FOLDER = re.compile(r"^(\d{3,})-([a-z0-9]+(?:-[a-z0-9]+)*)$")
"""The name of an entry's folder: number and slug."""

LOOSE_FILES = frozenset({FILE, "verified.json", "queries.toml", "glossary.toml"})
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
    found = FOLDER.match(folder)
    return int(found[1]) if found else None


def read_table(path: Path) -> tuple[dict[str, Any], list[Complaint]]:
    """One of a deck's loose files, which may be missing: its values, and what is wrong with it."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [Complaint(path.name, 0, Message("cannot be read: {error}; mend it", error=error))]


def read_deck(path: Path) -> tuple[Deck, list[Complaint]]:
    """Read a deck's ``deck.toml``; a broken one gives what can be read and a complaint each.

    Raises:
        UsageError: the folder or the file is missing or cannot be read at all.
    """
    # Deferred: 3 ms, and the library keeps what was read.
    import tomllib

    if not path.is_dir():
        raise UsageError("no deck at {path}", "name a folder that holds a deck.toml", path=path)
    try:
        table = tomllib.loads((path / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            "{path} is no deck", "a deck has a {file} with name, languages and chapters", path=path, file=FILE
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("{path} cannot be read: {error}", "mend it", path=path / FILE, error=error) from None

    complaints: list[Complaint] = []

    def complain(message: str, /, **values: object) -> None:
        complaints.append(Complaint(FILE, 0, Message(message, **values)))

    known = {"name", "id", "complete", "languages", "titles", "areas", "chapters"}
    for key in table.keys() - known:
        complain("unknown key {key!r}; known are {known}", key=key, known=", ".join(sorted(known)))
    languages = table.get("languages")
    if not _is_list_of(languages, str) or not languages:
        complain('languages is missing; write languages = ["en", "zh"], the primary one first')
        languages = ["en"]
    areas = table.get("areas", {})
    if not isinstance(areas, dict) or not all(_is_titles(names) for names in areas.values()):
        complain('areas is not a table of names; write vision = {{ en = "Vision" }} under [areas]')
        areas = {}
    titles = table.get("titles", {})
    if not _is_titles(titles):
        complain("titles is not a table of texts; write en = ... under [titles]")
        titles = {}
    name = table.get("name", path.name)
    mark = table.get("id", "")
    if "id" in table and not (isinstance(mark, str) and len(mark) <= 80 and ID.fullmatch(mark)):
        complain('id is not made of small letters, digits and hyphens; write id = "{id}"', id=new_id(str(name)))
        mark = ""
    deck = Deck(
        path=path,
        name=str(name),
        titles=titles,
        languages=tuple(languages),
        areas=areas,
        chapters=_chapters(table.get("chapters", []), complain),
        complete=bool(table.get("complete", False)),
        id=mark,
    )
    return deck, complaints


def _chapters(value: object, complain: Callable[..., None]) -> tuple[Chapter, ...]:
    """The chapters that can be read, in the order of their numbers."""
    chapters = []
    for at, chapter in enumerate(_tables(value), 1):
        if not all(isinstance(chapter.get(key), int) for key in ("number", "first", "last")):
            complain("chapter {at} lacks number, first or last; give whole numbers", at=at)
        elif not _is_titles(chapter.get("titles", {})):
            complain("chapter {at} has titles that are no table; write titles = {{ en = ... }}", at=at)
        else:
            titles = dict(chapter.get("titles", {}))
            chapters.append(Chapter(chapter["number"], chapter["first"], chapter["last"], titles))
    return tuple(sorted(chapters, key=lambda chapter: chapter.first))


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_titles(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
