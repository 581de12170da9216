"""What came of a snippet's mutants, on the screen: the mistakes that no check notices, by line."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from kb.deck.harmless import HARMLESS
from kb.deck.text import bare_lines
from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal

if TYPE_CHECKING:
    from kb.verify.spoiling import Spoiled  # for its name alone


def spoiled_lines(spoiled: "Spoiled", terminal: Terminal, say: Speech) -> list[Line]:
    """The survivors of an entry, each under its line of the snippet; lines that never ran or need no mark; a count."""
    entry = spoiled.entry
    source = bare_lines(entry.snippet.source) if entry.snippet else []
    lines: list[Line] = []
    for one in spoiled.unfit:
        lines += wrap([(f"{entry.number}: ", "number"), (say.of(one.note), "")], terminal.width, "✗ ", "  ")
    for number, group in groupby(spoiled.survivors, key=lambda one: one.task.line):
        place = f"{entry.number}:{number}  "
        code = clip(source[number - 1].strip(), max(20, terminal.width - len(place)))
        lines.append([(place, "number"), (code, "code")])
        for one in group:
            # What could not be judged is told as such; a survivor needs no more than its mistake.
            text = say.of(one.task.mistake) if one.run.passed else say.of(one.note)
            lines += wrap([(text, "")], terminal.width, "  ✗ ", "    ")
    for told, numbers in (
        ("{entry}: never run, so nothing is proved of {count:line|lines} {lines}", spoiled.never_run),
        ("{entry}: superfluous {mark} in {count:line|lines} {lines}", spoiled.superfluous),
    ):
        if numbers:
            values = {"entry": entry.number, "count": len(numbers), "lines": ranges(numbers), "mark": HARMLESS[:-1]}
            lines += wrap([(say(told, **values), "warn")], terminal.width)
    return lines


def spoiled_summary(found: Iterable["Spoiled"], say: Speech) -> list[Line]:
    """How many mutants there were, and what came of them."""
    whole = list(found)
    survived = sum(len(one.survivors) for one in whole)
    text = say(
        "{noticed} of {all} mistakes noticed, {harmless} answered as harmless, {never} {never:line|lines} never run",
        noticed=sum(one.noticed for one in whole),
        all=sum(len(one.mutants) for one in whole),
        harmless=sum(one.harmless for one in whole),
        never=sum(len(one.never_run) for one in whole),
    )
    if unfit := sum(len(one.unfit) for one in whole):
        failed = say("{count} {count:snippet does|snippets do} not pass: mend that first", count=unfit)
        return [[(text, "")], [("✗ ", "bad"), (failed, "")]]
    if not survived:
        return [[("✓ ", "good"), (text, "")]]
    left = say(
        "{count} {count:is|are} left: write asserts that they fail, or end the line with {mark} and why",
        count=survived,
        mark=HARMLESS,
    )
    return [[(text, "")], [("✗ ", "bad"), (left, "")]]


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in order, those that follow each other as ``4-7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
