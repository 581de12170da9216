"""Why lines for a hole were rejected, on at most one screen."""

import re

from kb.deck.script import Hole, Snippet
from kb.deck.text import bare_lines
from kb.errors import Message
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from kb.screen.run_lines import failure_lines, marked_lines, value_lines
from kb.screen.terminal import Terminal
from quiz.grade import Grade
from quiz.pasted_code import Fault

MAX_REASON = 4
"""Lines of a reason that are shown: an error of torch may print a page."""

_PLACE = re.compile(r" \([^()]*, line \d+\)$")
"""The snippet's file and line, which Python puts behind some messages: the learner's own line stands before."""

AROUND = 2
"""Lines of the learner's that are shown on either side of the one that is marked."""


def rejection_lines(grade: Grade, given: str, snippet: Snippet, hole: Hole, out: Terminal, say: Speech) -> list[Line]:
    """The check that failed, with its values; where a line of the learner's did, that line, by its own number."""
    run, reason = grade.run, say.of(grade.reason)
    failure = run.failure if run else None
    line = _own_line(grade, given, hole)
    shown: list[Line] = []
    if line:
        shown = marked_lines(given.expandtabs(4), line, out, AROUND, AROUND)
    elif run is not None:
        shown = failure_lines(run, snippet.filled(hole.name, given), out, 1)
    if line and failure:
        message = (failure.message.strip().splitlines() or [""])[0]
        text = f"{failure.type}: {_PLACE.sub('', message)}"
        reason = say.of(Message("your line {line}: {text}", line=line, text=text))
        shown += value_lines(failure, out)
    return [*_reason(reason, out), *shown[: _room(out)], []]


def fault_lines(fault: Fault, given: str, out: Terminal, say: Speech) -> list[Line]:
    """Why lines are not Python, and where."""
    reason = say.of(Message("your line {line}: {text}", line=fault.line, text=say.of(fault.message)))
    return [*_reason(reason, out), *marked_lines(given.expandtabs(4), fault.line, out, AROUND, AROUND), []]


def _own_line(grade: Grade, given: str, hole: Hole) -> int:
    """Which of the learner's lines it was, from 1; 0 if none of them."""
    if grade.check:
        return grade.check.own_line
    line = grade.run.forbidden.line - hole.first if grade.run and grade.run.forbidden else 0
    return line if 1 <= line <= len(bare_lines(given)) else 0


def _reason(text: str, out: Terminal) -> list[Line]:
    lines = wrap([("✗ ", "bad"), (text, "")], out.width)
    return lines if len(lines) <= MAX_REASON else [*lines[:MAX_REASON], [("…", "dim")]]


def _room(out: Terminal) -> int:
    """Lines that the reason, the keys and the prompt leave on a screen."""
    return max(5, out.height - MAX_REASON - 12)
