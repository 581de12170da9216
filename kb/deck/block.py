"""The values of a text: blocks of spans. Markdown is read into them, and the screen is laid out from them."""

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
    """First line in the file, from 1."""
    end: int = 0
    """Last line in the file, from 1."""

    @property
    def text(self) -> str:
        """The block's own text, without styles."""
        return plain(self.spans)


def plain(spans: tuple[Span, ...]) -> str:
    """The text of spans, without their styles."""
    return "".join("\n" if span.style == "break" else span.text for span in spans)
