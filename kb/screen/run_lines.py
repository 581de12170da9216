"""What came of a run, on the screen."""

import os
import re
from typing import TYPE_CHECKING

from kb.deck.text import bare_lines
from kb.screen.layout import Line, clip, fold, pad, wrap
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from kb.screen.width import width_of

if TYPE_CHECKING:
    from kb.run.job import Failure, Run  # for their names alone

REFUSED = re.compile(r"\[Errno (?:13|30|101|-2|-3)\]")
"""What a script meets that writes outside its folder, or looks for a network: no permission, a read-only file system,
no way there, no name that can be looked up."""

MAX_WARNINGS = 5
"""How many warnings of a run are listed under it."""


def run_summary(run: "Run", source: str, terminal: Terminal, say: Speech) -> list[Line]:
    """What came of a run: outcome, where, how long; and for a failed check the lines around it."""
    style = "good" if run.passed else "bad"
    sign = "✓" if run.passed else "✗"
    is_unchecked = run.passed and not run.executed
    outcome: Line = [
        (f"{sign} {say('ran to its end, nothing was checked' if is_unchecked else str(run.outcome))}", style)
    ]
    if run.reason and run.reason != run.outcome:
        outcome.append((f": {say.of(run.reason)}", ""))
    is_refused = not run.passed and REFUSED.search(run.reason) and os.environ.get("KB_ISOLATION", "").lower() != "off"
    numbers = say(
        "{seconds} s ({cpu} s of CPU), {memory} MiB",
        seconds=f"{run.seconds:.1f}",
        cpu=f"{run.cpu_seconds:.1f}",
        memory=f"{run.peak_mb:.0f}",
    )
    facts = [run.device, run.device_name, f"torch {run.torch}" if run.torch else say("no torch"), numbers]
    if run.gpu_peak_mb:
        facts.append(say("{memory} MiB of GPU memory", memory=f"{run.gpu_peak_mb:.0f}"))
    lines: list[Line] = []
    if run.failure and run.failure.line:
        lines += failure_lines(run, source, terminal)
        lines.append([])
    lines += wrap(outcome, terminal.width)
    if is_refused:
        told = say("a script that is isolated (kb paths) writes only into its folder and has no network")
        lines += wrap([(told, "dim")], terminal.width, "  ")
    for one in run.warnings[:MAX_WARNINGS]:
        first = one.message.strip().split("\n")[0]
        text = say("warning, {file} line {line}: {text}", file=one.file, line=one.line, text=first)
        lines += wrap([(text, "warn")], terminal.width, "  ")
    lines += wrap([(" · ".join(facts), "dim")], terminal.width, "  ")
    return lines


def failure_lines(run: "Run", source: str, terminal: Terminal, around: int = 3) -> list[Line]:
    """The lines around the place where a script failed, and the values that took part."""
    if run.failure is None:
        return []
    return [*marked_lines(source, run.failure.line, terminal, around), *value_lines(run.failure, terminal)]


def marked_lines(source: str, line: int, terminal: Terminal, before: int, after: int = 1) -> list[Line]:
    """Lines of code with their numbers, one of them marked and told whole.

    Args:
        source: the code.
        line: number of the one that is marked, from 1.
        terminal: where they are shown.
        before: how many are shown before it.
        after: how many after it.
    """
    script = bare_lines(source)
    lines: list[Line] = []
    for number in range(max(1, line - before), min(len(script), line + after) + 1):
        here = number == line
        style = "strong" if here else "dim"
        start: Line = [("> " if here else "  ", "bad"), (f"{number:>4}  ", "dim")]
        room = max(20, terminal.width - 8)
        # The line that failed is told whole.
        whole = [(script[number - 1], style)]
        code = fold(whole, room, "    ") if here else [[(clip(script[number - 1], room), style)]]
        lines += [[*(start if at == 0 else [(" " * 8, "")]), *piece] for at, piece in enumerate(code)]
    return lines


def value_lines(failure: "Failure", terminal: Terminal) -> list[Line]:
    """The values that took part in a failure."""
    width = max((width_of(name) for name in failure.values), default=0)
    return [
        [
            (" " * 8, ""),
            (pad(name, width), "code"),
            (" = ", "dim"),
            (clip(value, max(20, terminal.width - width - 11)), ""),
        ]
        for name, value in failure.values.items()
    ]
