"""Why lines for a hole were rejected, on at most one screen."""

from kb.deck.script import Hole, Snippet
from kb.deck.text import bare_lines
from kb.errors import Message
from kb.run.job import Failure
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from kb.screen.run_lines import failure_lines, marked_lines, value_lines
from kb.screen.terminal import Terminal
from quiz.grade import Grade
from quiz.pasted_code import Fault

MAX_REASON = 4
"""Lines of a reason that are shown: an error of torch may print a page."""

AROUND = 2
"""Lines of the learner's that are shown on either side of the one that is marked."""


def rejection_lines(grade: Grade, given: str, snippet: Snippet, hole: Hole, out: Terminal, say: Speech) -> list[Line]:
    """The check that failed, with its values; where a line of the learner's did, that line, by its own number."""
    failure = grade.run.failure if grade.run else None
    line = own_line(failure, given, hole)
    if grade.run is None or failure is None or not line:
        shown = failure_lines(grade.run, snippet.filled(hole.name, given), out, 1) if grade.run else []
        return [*_reason(say.of(grade.reason), out), *shown[: _room(out)], []]
    text = f"{failure.type}: {(failure.message.strip().splitlines() or [''])[0]}"
    reason = say.of(Message("your line {line}: {text}", line=line, text=text))
    shown = [*marked_lines(given, line, out, AROUND, AROUND), *value_lines(failure, out)]
    return [*_reason(reason, out), *shown[: _room(out)], []]


def fault_lines(fault: Fault, given: str, out: Terminal, say: Speech) -> list[Line]:
    """Why lines are not Python, and where."""
    reason = say.of(Message("your line {line}: {text}", line=fault.line, text=say.of(fault.message)))
    return [*_reason(reason, out), *marked_lines(given, fault.line, out, AROUND, AROUND), []]


def own_line(failure: Failure | None, given: str, hole: Hole) -> int:
    """Which of the learner's lines failed, from 1; 0 if none of them did."""
    line = failure.line - hole.first if failure else 0
    return line if 1 <= line <= len(bare_lines(given)) else 0


def _reason(text: str, out: Terminal) -> list[Line]:
    lines = wrap([("✗ ", "bad"), (text, "")], out.width)
    return lines if len(lines) <= MAX_REASON else [*lines[:MAX_REASON], [("…", "dim")]]


def _room(out: Terminal) -> int:
    """Lines that the reason, the keys and the prompt leave on a screen."""
    return max(5, out.height - MAX_REASON - 12)
