"""Pasted code: the lines for a hole, out of what people type and paste.

Code comes with the indentation of its file, in a Markdown fence, behind the prompts of a shell, with the numbers of a
pager, with the snippet around it. Nothing is taken away that could be meant: where in doubt, what was given is run.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from kb.deck.script import Hole, Snippet, parse_lines
from kb.deck.text import bare_lines
from kb.errors import Message
from quiz.odd_characters import odd_characters, plain_indentation, plain_spaces
from quiz.surroundings import Cut, cut_body, cut_known, cut_marked, depth_of, without_known

MAX_ODD = 5
"""How many odd characters are named at once."""

ADDED = 3
"""Lines that stand before the learner's when they are read by themselves."""

_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*([\w+.-]*)")
_PYTHON = ("", "python", "python3", "py", "ipython", "pycon")
_SHELL = re.compile(r"^\s*(?:>>>|In \[\d+\]:)(?: |$)")
_SHELL_MORE = re.compile(r"^\s*\.\.\.+:?(?: |$)")
_NUMBER = re.compile(r"^\s*(\d+)(?: ?[│┃|:]|\t)?(?: |$)|^\s*(\d+)(?: ?[│┃|:]|\t)")


class Taken(NamedTuple):
    """Lines for a hole."""

    lines: str
    """Without the indentation of the hole; no empty line at either end."""
    notes: tuple[str, ...] = ()
    """What they are of what was given, if not all of it. Messages."""


class Fault(NamedTuple):
    """Why lines are not Python."""

    line: int
    """From 1, of the learner's own."""
    message: str
    """What Python says, or a ``Message``."""


def take_lines(text: str, snippet: Snippet, name: str) -> Taken:
    """The lines for a hole in what was typed or pasted.

    Raises:
        KbError: it holds them in a way from which they cannot be taken.
    """
    hole = snippet.hole(name)
    if hole is None:
        raise KeyError(name)
    lines = [plain_indentation(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    notes: list[str] = []
    for strip, what in (
        (_out_of_fence, Message("what stands in the fence")),
        (_off_prompts, Message("what stands behind the prompts")),
        (_off_numbers, Message("the lines without their numbers")),
    ):
        if stripped := strip(lines):
            lines = stripped
            notes.append(what)
    lines = plain_spaces("\n".join(lines)).split("\n")
    cut = _cut(lines, snippet, hole)
    if cut:
        lines = cut.lines
        notes.append(cut.what)
    return Taken("\n".join(_trimmed(_dedented(lines, hole))), tuple(notes))


def _cut(lines: list[str], snippet: Snippet, hole: Hole) -> Cut | None:
    """The lines out of what is around them of the snippet, if anything is."""
    marked = cut_marked(lines, hole.name)
    if marked and any(line.strip() for line in marked.lines):
        return marked
    known = cut_known(lines, snippet, hole)
    if known:
        known = known._replace(lines=without_known(_dedented(known.lines, hole), snippet, hole))
        if known.is_sure and _stands(known.lines):
            return known
    return cut_body(_dedented(lines, hole), snippet, hole) or known


def find_fault(lines: str) -> Fault | None:
    """What keeps lines from standing by themselves as Python, where loops and functions may be around them."""
    own = bare_lines(lines.expandtabs(4))
    try:
        parse_lines(f"pass\n{lines}")  # comments alone are no fault
    except SyntaxError as error:
        at = min(max(1, (error.lineno or 0) - ADDED), len(own) or 1)
        if odd := list(odd_characters("\n".join(own))):
            named = "  ".join(f"{char} → {plain}" for char, plain in dict.fromkeys(one[1:] for one in odd))
            return Fault(odd[0].line, Message("characters that Python does not take: {named}", named=named))
        # Python counts the lines of what it was given, here and in some of its messages.
        return Fault(at, re.sub(r"(?<=on line )\d+", lambda found: str(int(found[0]) - ADDED), error.msg))
    return None


def _stands(lines: list[str]) -> bool:
    return find_fault("\n".join(_trimmed(lines))) is None


def _trimmed(lines: list[str]) -> list[str]:
    """Without empty lines at either end."""
    full = [at for at, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else [""]


def _out_of_fence(lines: list[str]) -> list[str] | None:
    """The one block of Python in Markdown; a fence that was not copied with it may be missing."""
    fences = [(at, found[1].lower()) for at, line in enumerate(lines) if (found := _FENCE.match(line))]
    if not fences:
        inside = re.fullmatch(r"\s*`([^`\n]+)`\s*", "\n".join(lines))
        return [inside[1]] if inside else None
    if _stands(_common(lines)):
        return None
    if len(fences) == 1:
        at = fences[0][0]
        above, below = lines[:at], lines[at + 1 :]
        return below if any(line.strip() for line in below) else above
    pairs = zip(fences[::2], [*fences[1::2], (len(lines), "")], strict=False)
    blocks = [lines[first + 1 : last] for (first, info), (last, _) in pairs if info in _PYTHON]
    return blocks[0] if len(blocks) == 1 else None


def _off_prompts(lines: list[str]) -> list[str] | None:
    """What was typed at a prompt of Python or IPython; what was printed goes."""
    given = [line for line in lines if line.strip()]
    if any(_SHELL.match(line) for line in given):
        if not (_SHELL.match(given[0]) or _SHELL_MORE.match(given[0])):
            return None
    elif not (given and all(_SHELL_MORE.match(line) for line in given[1:]) and not _stands(_common(lines))):
        return None
    kept: list[str] = []
    for at, line in enumerate(given):
        if found := _SHELL.match(line) or _SHELL_MORE.match(line):
            kept.append(line[found.end() :])
        elif at == 0:
            kept.append(line)  # copied from behind its prompt on
    return kept if kept != given else None


def _off_numbers(lines: list[str]) -> list[str] | None:
    """Lines that an editor or a pager had numbered: every one, without a gap."""
    given = [line for line in lines if line.strip()]
    found = [_NUMBER.match(line) for line in given]
    numbers = [int(one[1] or one[2]) for one in found if one]
    if not numbers or len(numbers) < len(given) or numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
        return None
    kept = [line[one.end() :] for line, one in zip(given, found, strict=True) if one]
    return kept if len(kept) > 1 or (not _stands(_common(lines)) and _stands(_common(kept))) else None


def _common(lines: list[str]) -> list[str]:
    """Without the indentation that all lines of code have."""
    return _less(lines, min((depth_of(line) for line in lines if is_code(line)), default=0))


def _dedented(lines: list[str], hole: Hole) -> list[str]:
    """Without the indentation of the file that they come from. The first that stands by itself of what can be meant."""
    readings = [reading for size in (4, 8) for reading in _readings([line.expandtabs(size) for line in lines], hole)]
    return next((reading for reading in readings if _stands(reading)), readings[0])


def _readings(lines: list[str], hole: Hole) -> Iterator[list[str]]:
    lines = _trimmed(lines)
    yield _common(lines)
    yield _less(lines, depth_of(lines[0]))  # lines inside of brackets and strings may stand further left
    # The first line was copied from its first letter on.
    rest = [depth_of(line) for line in lines[1:] if is_code(line)]
    for depth in (len(hole.indent), min(rest, default=0)):
        yield [lines[0].lstrip(), *_less(lines[1:], depth)]


def _less(lines: list[str], depth: int) -> list[str]:
    return [line[min(depth, depth_of(line)) :] for line in lines]


def is_code(line: str) -> bool:
    """Whether a line holds more than a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")
