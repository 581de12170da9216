"""Notes: the values of a file of notes that was taken apart."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Loose(NamedTuple):
    """A line that is part of no entry."""

    line: int
    """From 1."""
    text: str
    why: str
    """A ``Message``."""


class Remark(NamedTuple):
    """Something that its author should look at."""

    line: int
    """From 1."""
    message: str
    """A ``Message``."""


class Chapter(NamedTuple):
    """A heading above entries."""

    line: int
    title: str


@dataclass
class Part:
    """One entry, as it was found."""

    line: int
    """Where it begins, from 1."""
    heading: str
    """That line, or those over which it runs."""
    title: str
    number: int | None
    """None if it has none, or none of its own."""
    body: list[str]
    """Its lines, to the letter, but for the space before all of a list's item."""
    cards: list[tuple[str, list[str]]] = field(default_factory=list)
    """Questions of an article's appendix, with their answers' lines."""


@dataclass
class Notes:
    """A file of notes, taken apart."""

    parts: list[Part]
    loose: list[Loose]
    remarks: list[Remark]
    chapters: list[Chapter]
    title: str = ""
    """What they call themselves, if they do."""
