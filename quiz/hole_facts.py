"""Hole facts: what a program is told of a hole, so that it can show the place and no solution."""

from typing import Any

from kb.deck.script import Snippet
from kb.deck.text import bare_lines
from quiz.grade import Grade

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


def check_facts(snippet: Snippet, name: str, grade: Grade | None) -> dict[str, Any] | None:
    """The statement that rejected lines for a hole; None if none did.

    ``line`` counts from 1 in the script with these lines in the hole, ``own_line`` in the lines themselves; it is None
    where the statement is none of theirs. ``text`` is the statement, None where it is one of another hole, whose lines
    are no business of this question.
    """
    check = grade.check if grade else None
    if grade is None or check is None:
        return None
    failure = grade.run.failure if grade.run else None
    secret = {
        line.strip() for hole in snippet.holes if hole.name != name for line in snippet.solution(hole.name).splitlines()
    }
    is_secret = not check.own_line and any(line.strip() in secret for line in check.text.splitlines())
    return {
        **check.to_json(),
        "own_line": check.own_line or None,
        "text": None if is_secret else check.text,
        "type": failure.type if failure else None,
        "message": failure.message if failure else None,
    }
