"""What a verification or a check found, on the screen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kb.errors import Complaint
from kb.screen.layout import Line
from kb.screen.messages import Speech

if TYPE_CHECKING:
    from kb.verify.judging import Result  # for its name alone


def result_line(result: "Result", say: Speech) -> Line:
    """One line of a verification."""
    task = result.task
    sign: tuple[str, str] = ("✓ ", "good") if result.ok else ("✗ ", "bad")
    name = f"{task.entry:>3} {task.what}" + (f" {task.id}" if task.id else "")
    note = f": {say.of(result.note)}" if result.note else ""
    seconds = f"  {result.run.seconds:.1f} s"
    drift = ""
    if result.drift and result.ok:
        drift = "  " + say(
            "drift at {count} {count:place|places}, {place}", count=len(result.drift), place=result.drift[0]
        )
    return [sign, (name, ""), (note, "bad"), (seconds, "dim"), (drift, "warn")]


def complaint_lines(complaints: Iterable[Complaint], say: Speech) -> list[Line]:
    """One line a complaint."""
    return [[(f"{one.path}:{one.line}", "code"), (f": {say.of(one.message)}", "")] for one in complaints]
