"""The values of a deck: what an entry is made of once it has been read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one style."""

    text: str
    """What a reader sees; a formula already in readable Unicode."""
    style: str = ""
    """``""``, ``code``, ``strong``, ``em``, ``formula``, ``link``, or ``break`` (a forced new line)."""
    source: str = ""
    """Where a link leads, or a formula's LaTeX."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a list: one node of a text's structure."""

    kind: str
    """``heading``, ``paragraph``, ``code``, ``formula``, ``list``, ``item``, ``table``, ``row``, ``cell``,
    ``quote`` or ``rule``."""
    spans: tuple[Span, ...] = ()
    """The text of a heading, a paragraph, a formula or a cell; a code block's code is its only span."""
    info: str = ""
    """A code block's info string, a heading's level, an ordered list's first number, an ``x`` or blank for a task."""
    children: tuple["Block", ...] = ()
    """The blocks inside a list, an item, a quote, a table or a row."""
    line: int = 0
    """Line in the file, from 1."""

    @property
    def text(self) -> str:
        """The block's own text, without styles."""
        return plain(self.spans)


def plain(spans: tuple[Span, ...]) -> str:
    """The text of spans, without their styles."""
    return "".join("\n" if span.style == "break" else span.text for span in spans)


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
class Text:
    """An entry's answer in one language."""

    language: str
    """``en``, ``zh``, ..."""
    title: str
    """The question, without its number."""
    gist: Block
    """The paragraph that answers it."""
    body: tuple[Block, ...]
    """Everything after the gist and before the quiz."""
    markdown: str
    """The source of title, gist and body."""


@dataclass(frozen=True, slots=True)
class Head:
    """What lists and searches need of an entry, without its body."""

    number: int
    """Topic number, also how the command line names the entry."""
    slug: str
    """The folder's name after the number."""
    area: str
    """One of the deck's areas."""
    level: int
    """1 basic, 2 working knowledge, 3 advanced."""
    tags: tuple[str, ...]
    """Subjects, for filtering."""
    related: tuple[int, ...]
    """Numbers of neighbouring entries as the file names them; the link counts both ways."""
    aliases: tuple[str, ...]
    """Other names under which people look this up."""
    errors: tuple[str, ...]
    """Error messages that this entry explains."""
    titles: dict[str, str]
    """The question by language."""
    gists: dict[str, str]
    """The answer in short by language, as plain text."""
    sha256: str
    """Of the snippet."""

    @property
    def folder(self) -> str:
        """Name of the entry's folder."""
        return f"{self.number:03d}-{self.slug}"
