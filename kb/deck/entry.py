"""The values of a deck: what an entry is made of once it has been read."""

from dataclasses import dataclass

from kb.deck.item import Item
from kb.deck.summary import Head
from kb.deck.text import Text


@dataclass(frozen=True, slots=True)
class Hole:
    """The lines of a snippet that a code item takes out."""

    name: str
    """The id of the code item."""
    first: int
    """Index of the first line inside the hole, from 0."""
    end: int
    """Index of the line ``# end``."""
    indent: str
    """The white space before ``# hole:``."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """An entry's script."""

    path: str
    """Absolute path of the file."""
    source: str
    """The script's text."""
    sha256: str
    """Of ``source`` in UTF-8: what a record of a verification hangs on."""
    timeout: float = 60.0
    """Seconds that one run may take."""
    launcher: str = ""
    """``torchrun`` if the script is to be started by it, else nothing."""
    processes: int = 1
    """How many processes the launcher starts."""
    holes: tuple[Hole, ...] = ()
    """In the order of the file."""

    def hole(self, name: str) -> Hole | None:
        """The hole of that name."""
        return next((hole for hole in self.holes if hole.name == name), None)

    def solution(self, name: str) -> str:
        """The lines inside a hole, without their indentation."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        lines = self.source.splitlines()[hole.first : hole.end]
        return "\n".join(line.removeprefix(hole.indent) for line in lines)

    def filled(self, name: str, lines: str) -> str:
        """The script with other lines in a hole: indented to its depth, everything else as it stands."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        ours = self.source.splitlines()
        theirs = [hole.indent + line if line.strip() else "" for line in lines.expandtabs(4).splitlines()]
        return "\n".join([*ours[: hole.first], *theirs, *ours[hole.end :]]) + "\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered topic, whole."""

    head: Head
    """What lists and searches need."""
    texts: dict[str, Text]
    """The answer by language; the deck's primary language comes first."""
    snippet: Snippet | None
    """The script that shows it; a deck of one's own may leave it out."""
    items: tuple[Item, ...]
    """The written items of its quiz, in the order of the file."""

    @property
    def number(self) -> int:
        """Topic number."""
        return self.head.number

    def text(self, language: str) -> Text:
        """The answer in a language, or in the primary one where that is missing."""
        return self.texts.get(language) or next(iter(self.texts.values()))

    def item(self, id: str) -> Item | None:
        """The written item of that id."""
        return next((item for item in self.items if item.id == id), None)
