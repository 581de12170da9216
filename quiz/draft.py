"""Draft: the file in which a learner writes lines for a hole, with the whole snippet around it."""

from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from kb.deck.script import Hole, Snippet
from kb.deck.text import bare_lines
from kb.errors import KbError
from kb.files import put
from quiz.door import CODE_LIMIT, admit
from quiz.pasted_code import Taken, is_code, take_lines
from quiz.surroundings import BLANK, blanked, cut_known, hole_marks


class Found(NamedTuple):
    """What a draft holds."""

    taken: Taken
    """The learner's lines; none if nothing is written yet."""
    outside: int
    """Number of the first line outside the hole that is not as it was, from 1; 0 if all are."""


class Draft:
    """One file. It lies beside the learner's other copies, so that nothing is lost with the session."""

    def __init__(self, path: Path, snippet: Snippet, hole: Hole) -> None:
        self.path = path
        self.snippet = snippet
        self.hole = hole
        self._heading = ""
        """The comments on top, as they were written last."""
        self._lines = ""
        """What was in the hole at the last look."""
        self._seen: tuple[int, ...] = ()
        """What told the file's state apart when it was read or written."""
        self._looked: tuple[int, ...] = ()
        """The same at the last look."""
        self._around = self._parts(bare_lines(blanked(snippet, hole.name))) or ([], [], [])

    def write(self, lines: str, heading: str) -> None:
        """Make the file, or put other comments on top of it: what the learner wrote there stays.

        Args:
            lines: for the hole; they replace what is in it if they are not what was read from it last.
            heading: comments.

        Raises:
            KbError: it cannot be written.
        """
        try:
            body = self._body()
            parts = self._parts(body) if body and lines != self._lines else None
            if not body or parts:
                head, _, tail = parts or self._around
                body = [*head, *self.hole.indented(lines or BLANK), *tail]
            put(self.path, (heading + "\n".join(body) + "\n").encode())
        except OSError as error:
            raise KbError(
                "{path} cannot be written: {error}",
                "set KB_HOME to a folder of yours",
                path=self.path,
                error=error.strerror,
            ) from None
        self._heading, self._lines, self._seen = heading, lines, self._state()

    def kept(self) -> str:
        """The lines that an earlier session left in it; none if it left none that can be read."""
        try:
            return self.read().taken.lines if self.path.exists() else ""
        except KbError:
            return ""

    def read(self) -> Found:
        """What the learner wrote.

        Raises:
            KbError: it cannot be read, is too long, or the comments around the hole are gone.
        """
        lines = self._read()
        if parts := self._parts(lines):
            head, own, tail = parts
            outside = self._first_change(head, tail, len(lines))
        elif (cut := cut_known(lines, self.snippet, self.hole)) and self._is_rest(len(_code(lines)), cut.lines):
            own, outside = cut.lines, 0
        elif not self._holds_snippet(lines):
            own, outside = lines, 0
        else:
            raise KbError(
                "the comments # hole: {name} and # end are gone from {path}",
                "put them back around your lines; nothing else is lost",
                name=self.hole.name,
                path=self.path,
            )
        taken = take_lines(admit("\n".join(own), CODE_LIMIT), self.snippet, self.hole.name)
        if taken.lines.strip() == BLANK:
            taken = Taken("")
        self._lines = taken.lines
        return Found(taken, outside)

    def is_blank(self) -> bool:
        """Whether nothing is written in it, or it is not there. What cannot be read is something."""
        try:
            return not self.path.exists() or not self.read().taken.lines
        except KbError:
            return False

    def is_saved(self) -> bool:
        """Whether it was saved since it was read or written, by somebody who is done: for looking again and again."""
        state = self._state()
        is_settled, self._looked = state == self._looked, state
        return is_settled and self.is_changed()

    def is_changed(self) -> bool:
        """Whether it was saved since it was read or written."""
        return self._state() not in (self._seen, ())

    def remove(self) -> None:
        """Forget it: it is graded."""
        self.path.unlink(missing_ok=True)

    def _holds_snippet(self, lines: list[str]) -> bool:
        """Whether anything of the snippet is left: else all there is are the learner's lines."""
        head, _, tail = self._around
        return bool({line.strip() for line in lines} & {line.strip() for line in (*head, *tail) if line.strip()})

    def _is_rest(self, count: int, own: list[str]) -> bool:
        """Whether lines are all that is not the snippet's, of so many lines of code."""
        head, _, tail = self._around
        return count == sum(len(_code(part)) for part in (head, own, tail))

    def _state(self) -> tuple[int, ...]:
        try:
            found = self.path.stat()
        except OSError:  # some editors put a new file in the old one's place
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> list[str]:
        self._seen = self._state()
        try:
            return bare_lines(self.path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise KbError(
                "{path} cannot be read: {error}", "mend or remove it", path=self.path, error=error.strerror
            ) from None

    def _body(self) -> list[str]:
        """What the file holds below the comments on top, if it was written by this session and is there."""
        if not self._heading or not self.path.exists():
            return []
        lines = self._read()
        return lines[self._above(lines) :]

    def _above(self, lines: list[str]) -> int:
        """How many lines of comments are on top, whatever the learner made of them."""
        first = self._around[0][0]
        return lines.index(first) if first in lines else 0

    def _parts(self, lines: list[str]) -> tuple[list[str], list[str], list[str]] | None:
        """The lines before the hole with its first mark, those in it, and those after it with its last; None if a mark
        is not there."""
        opened, closed = hole_marks(lines, self.hole.name)
        if opened < 0 or closed < 0:
            return None
        return lines[: opened + 1], lines[opened + 1 : closed], lines[closed:]

    def _first_change(self, head: list[str], tail: list[str], count: int) -> int:
        above = self._above(head)
        for first, now, then in (
            (above, head[above:], self._around[0]),
            (count - len(tail), tail, self._around[2]),
        ):
            for at, (one, other) in enumerate(zip_longest(_bare(now), _bare(then)), first + 1):
                if one != other:
                    return at
        return 0


def _code(lines: list[str]) -> list[str]:
    return [line for line in lines if is_code(line)]


def _bare(lines: list[str]) -> list[str]:
    """Lines without white space at their ends, and without the empty ones at the end."""
    return "\n".join(line.rstrip() for line in lines).rstrip().split("\n")


def draft_path(folder: Path, entry: str, item: str) -> Path:
    """Where the draft for an item lies.

    Args:
        folder: of all drafts.
        entry: the name of the entry's folder.
        item: the item's id.
    """
    return folder / f"{entry}-{item}.py"
