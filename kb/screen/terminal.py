"""Terminal: where lines are printed, how wide it is, and whether it shows colours."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from kb.screen.layout import NO_WRAP, Line, wrap
from kb.screen.width import visible

CODES = {
    "heading": "1;36",
    "title": "1",
    "strong": "1",
    "em": "3",
    "code": "33",
    "formula": "35",
    "link": "4",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "warn": "33",
    "mark": "1;31",
    "number": "1;36",
    "key": "7",
    "keyword": "35",
    "name": "34",
    "string": "32",
    "comment": "2;3",
    "literal": "36",
}
"""ANSI codes by style: the sixteen colours of the user's own theme, legible on dark and on light."""


class Terminal:
    """One output stream."""

    def __init__(self, stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.environ = os.environ if environ is None else environ
        self.is_terminal = self.stream.isatty()
        self.is_plain = self.environ.get("KB_PLAIN", "0") not in ("", "0")
        """Whether the reader wants text alone: nothing redrawn, nothing told by colour or position alone."""
        self.can_redraw = self.is_terminal and not self.is_plain and self.environ.get("TERM") != "dumb"
        """Whether a line or the screen may be drawn over."""

    @property
    def has_colours(self) -> bool:
        """Whether styles are shown: --plain, NO_COLOR, FORCE_COLOR win; then a terminal has them unless it is dumb."""
        if self.is_plain or self.environ.get("NO_COLOR"):
            return False
        return bool(self.environ.get("FORCE_COLOR")) or self.can_redraw

    @property
    def width(self) -> int:
        """Cells a line may take: COLUMNS, else the terminal's width; without a terminal, no limit."""
        columns = self.environ.get("COLUMNS", "")
        if columns.isascii() and columns.isdecimal() and len(columns) < 6 and int(columns) > 0:
            return int(columns)
        return _size(self.stream)[0] if self.is_terminal else NO_WRAP

    @property
    def height(self) -> int:
        """Lines on the screen."""
        return _size(self.stream)[1]

    def styled(self, line: Line) -> str:
        """A line as text, with ANSI codes if colours are shown. Control characters of the text are made visible."""
        colours = self.has_colours
        out = []
        for text, style in line:
            shown = visible(text)
            code = CODES.get(style) if colours else None
            out.append(f"\x1b[{code}m{shown}\x1b[0m" if code and shown else shown)
        return "".join(out).rstrip(" ")

    def print(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        for line in lines:
            self.write(self.styled(line) + "\n")
        self.stream.flush()

    def tell(self, pieces: Line) -> None:
        """Print a message, in as many lines as it takes."""
        self.print(wrap(pieces, self.width))

    def write(self, text: str) -> None:
        """Print text as it is."""
        self.stream.write(text)

    def page(self, lines: list[Line]) -> None:
        """Print lines, through a pager if this is a terminal that can be drawn over and they are more than it shows."""
        if not self.can_redraw or len(lines) < self.height:
            self.print(lines)
            return
        from kb.screen.pager import show_paged  # deferred: 2 ms that a short page does not need

        if not show_paged("".join(self.styled(line) + "\n" for line in lines), self.environ):
            self.print(lines)


def _size(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of a terminal; 80 and 24 where it does not say."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return 80, 24
    return columns or 80, lines or 24
