"""Hole facts: what a program is told of a hole, so that it can show the place and no solution."""

from typing import Any

from kb.deck.script import Snippet
from kb.deck.text import bare_lines
from kb.run.job import Run

DOTS = "..."
"""What stands in a hole in place of its lines."""


def place_facts(snippet: Snippet, name: str) -> dict[str, Any]:
    """The script with dots in every hole, as each other hole's lines are another question's key; and where the dots of
    this one stand: their line, from 1, and the white space before them."""
    lines: list[str] = []
    line, indent, after = 0, "", 0
    source = bare_lines(snippet.source)
    for hole in snippet.holes:
        lines += [*source[after : hole.first], hole.indent + DOTS]
        if hole.name == name:
            line, indent = len(lines), hole.indent
        after = hole.end
    return {"code": "\n".join([*lines, *source[after:]]) + "\n", "line": line, "indent": indent}


def check_facts(snippet: Snippet, name: str, given: str, run: Run | None) -> dict[str, Any] | None:
    """Where lines for a hole failed, and with which values; None if they did not raise anything.

    ``line`` counts from 1 in the script with these lines in the hole, ``own_line`` in the lines themselves; it is None
    where another line failed. ``text`` is what stands there, None in another hole, whose lines are no business of this
    question.
    """
    failure, hole = run.failure if run else None, snippet.hole(name)
    if failure is None or hole is None:
        return None
    source, count = bare_lines(snippet.filled(name, given)), len(bare_lines(given))
    moved = count - (hole.end - hole.first)
    at = failure.line - 1
    others = [other for other in snippet.holes if other.name != name]
    shifts = [moved if other.first > hole.first else 0 for other in others]
    is_secret = any(other.first + shift <= at < other.end + shift for other, shift in zip(others, shifts, strict=True))
    is_there = 0 <= at < len(source)
    return {
        "line": failure.line or None,
        "own_line": at - hole.first + 1 if hole.first <= at < hole.first + count else None,
        "text": source[at].strip() if is_there and not is_secret else None,
        "type": failure.type,
        "message": failure.message,
        "values": failure.values,
    }
