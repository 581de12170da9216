"""Rendering: values in, lines for the terminal out. Nothing here prints."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from kb.deck.library import Library
from kb.deck.manifest import Deck
from kb.deck.summary import Summary
from kb.errors import Complaint
from kb.screen.highlight import python_lines
from kb.screen.layout import Line, Style, clip, code_lines, lay_out, pad, wrap
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from kb.verify.record import Record, Standing, standing

if TYPE_CHECKING:
    from kb.deck.text import Span
    from kb.run.job import Run

    # For their names alone: tantivy, the and the runner's parts would slow every list down.
    from kb.search.explain import Explanation
    from kb.search.passages import Passage
    from kb.search.searcher import Hit, Results
    from kb.verify.judging import Result

MARKS = {Standing.VERIFIED: ("✓", "good"), Standing.STALE: ("~", "warn"), Standing.UNVERIFIED: ("·", "dim")}
"""How a standing is shown in one character."""

MAX_WARNINGS = 5
"""How many warnings of a run are listed under it."""

MAX_TEXT = 88
"""Cells of a line of prose at most: longer ones are hard to read."""

_ENTRY = re.compile(r"^\.\./(\d+)-")


def style_for(terminal: Terminal, say: Speech, number: int, known: Collection[int]) -> Style:
    """How blocks of an entry are to look on a terminal.

    Args:
        terminal: where they are shown.
        say: the reader's language.
        number: the entry's.
        known: numbers of the entries that are there; a link to another is told to be to one that is still to come.
    """

    def link(span: "Span") -> Line:
        if span.source == "snippet.py":
            command = f"kb run {number}"
            return [(f"`{command}`", "") if not terminal.has_colours else (command, "code")]
        if found := _ENTRY.match(span.source):
            target = int(found[1])
            if target not in known:
                return [(say("entry {number} (to come)", number=target) if span.text == str(target) else span.text, "")]
            if span.text.strip() == str(target):
                return [(say("entry {number}", number=target), "link")]
            return [(say("{text} (see {number})", text=span.text, number=target), "link")]
        url = "" if span.source in ("", span.text) else f" <{span.source}>"
        return [(span.text, "link"), (url, "")]

    width = terminal.width
    limit = min(width, MAX_TEXT) if terminal.is_terminal else width
    return Style(limit, not terminal.has_colours, link, python_lines)


def language_text(texts: dict[str, str], language: str) -> str:
    """A text in a language, or in the first one there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def entry_page(
    number: int, library: Library, records: Sequence[Record], torch: str, terminal: Terminal, say: Speech
) -> list[Line]:
    """A whole entry: title, facts, answer, neighbours."""
    text = library.text(number, say.language)
    summary = library.by_number[number]
    style = style_for(terminal, say, summary.number, library.by_number)
    mark, mark_style = MARKS[standing(summary, records, torch)[0]]
    lines = wrap([(f"{summary.number}. {text.title}", "heading")], style.width, "# " if style.is_plain else "")
    facts = [
        area_name(library.deck, summary.area, say.language),
        say("level {level}", level=summary.level),
        *summary.tags,
    ]
    lines += wrap([(" · ".join(fact for fact in facts if fact), "dim")], style.width)
    lines += wrap([(f"{mark} ", mark_style), (standing_text(summary, records, torch, say), "dim")], style.width)
    lines.append([])
    lines += lay_out((text.gist, *text.body), style)
    lines.append([])
    if neighbours := library.neighbours(summary.number):
        lines.append([(say("See also"), "heading")])
        for number in neighbours:
            title = language_text(library.by_number[number].titles, say.language)
            lines += wrap([(title, "")], style.width, f"  {number:>3}  ")
        lines.append([])
    if items := sum(owner == number for owner, _, _ in library.store.items()):
        count = say("Quiz: {count} questions", count=items)
        lines += wrap([(count, "dim"), (" · ", "dim"), (f"kb quiz {summary.number}", "code")], style.width)
    return lines


def area_name(deck: Deck, area: str, language: str) -> str:
    """An area's name in a language."""
    return language_text(deck.areas.get(area, {}), language) or area


def standing_text(summary: Summary, records: Sequence[Record], torch: str, say: Speech) -> str:
    """How an entry stands, in words."""
    how, devices = standing(summary, records, torch)
    if how is Standing.VERIFIED:
        return say("verified with torch {torch} on {devices}", torch=torch, devices=", ".join(devices))
    if how is Standing.STALE:
        return say(
            "stale: not verified with torch {torch}; kb verify {number} runs it", torch=torch, number=summary.number
        )
    return say("not verified yet; kb verify {number} runs it", number=summary.number)


def entry_list(
    summaries: Sequence[Summary], deck: Deck, records: Sequence[Record], torch: str, terminal: Terminal, say: Speech
) -> list[Line]:
    """All topics by chapter."""
    lines: list[Line] = []
    width = terminal.width
    rest = list(summaries)
    groups = [(language_text(chapter.titles, say.language), chapter.first, chapter.last) for chapter in deck.chapters]
    for title, first, last in [*groups, ("", 0, 1 << 60)]:
        ours = [summary for summary in rest if first <= summary.number <= last]
        rest = [summary for summary in rest if summary not in ours]
        if not ours:
            continue
        if lines:
            lines.append([])
        if title:
            lines.append([(title, "heading")])
        for summary in ours:
            lines += _list_line(summary, deck, records, torch, width, say)
    return lines


def _list_line(
    summary: Summary, deck: Deck, records: Sequence[Record], torch: str, width: int, say: Speech
) -> list[Line]:
    mark, mark_style = MARKS[standing(summary, records, torch)[0]]
    title = language_text(summary.titles, say.language)
    area = area_name(deck, summary.area, say.language)
    start: Line = [(f"{summary.number:>4} ", "number"), (mark + " ", mark_style)]
    used = sum(cell_len(text) for text, _ in start)
    # Where the area does not fit beside the title it is left out: the title is what one looks for.
    room = width - used - cell_len(area) - 2
    if room >= cell_len(title):
        return [[*start, (title, ""), ("  " + area, "dim")]]
    first, *more = wrap([(title, "")], max(10, width - used))
    return [[*start, *first], *([(" " * used, ""), *line] for line in more)]


def hit_lines(
    hits: "Iterable[Hit]", records: Sequence[Record], torch: str, terminal: Terminal, say: Speech
) -> list[Line]:
    """Search results: number, title, and the best passage with its matches marked."""
    lines: list[Line] = []
    width = terminal.width
    for hit in hits:
        mark, mark_style = MARKS[standing(hit.summary, records, torch)[0]]
        title = language_text(hit.summary.titles, say.language)
        start = f"{hit.summary.number:>4} "
        line: Line = [(title, "title")]
        if hit.also:
            line.append((f"  ({say('also')} {', '.join(map(str, hit.also))})", "dim"))
        wrapped = wrap(line, max(20, width - 7))
        lines.append([(start, "number"), (mark + " ", mark_style), *wrapped[0]])
        lines += [[(" " * 7, ""), *one] for one in wrapped[1:]]
        lines += [[(" " * 7, ""), *passage_line(passage, min(width - 7, 200))] for passage in hit.passages[:1]]
    return lines


def results_json(found: "Results", language: str) -> dict[str, Any]:
    """Search results as ``--json`` gives them."""
    return {
        "shown_for": found.shown_for or None,
        "hits": [
            {
                "number": hit.summary.number,
                "title": language_text(hit.summary.titles, language),
                "score": round(hit.score, 4),
                "matched": list(hit.matched),
                "also": list(hit.also),
                "passages": _passages_json(hit.passages),
            }
            for hit in found.hits
        ],
    }


def _passages_json(passages: "Iterable[Passage]") -> list[dict[str, Any]]:
    return [{"text": one.text, "marks": [list(mark) for mark in one.marks]} for one in passages]


def explanations_json(found: "Iterable[Explanation]", language: str) -> list[dict[str, Any]]:
    """What explains an error, as ``--json`` gives it."""
    return [
        {
            "number": one.summary.number,
            "title": language_text(one.summary.titles, language),
            "error": one.error or None,
            "score": one.score,
            "passages": _passages_json(one.passages),
        }
        for one in found
    ]


def explanation_lines(
    message: str,
    found: "Iterable[Explanation]",
    records: Sequence[Record],
    torch: str,
    terminal: Terminal,
    say: Speech,
) -> list[Line]:
    """The error, then each entry that explains it: its title, the passages, what to do next."""
    width = min(terminal.width, 100) if terminal.is_terminal else terminal.width
    lines = wrap([(message if len(message) < 400 else f"{message[:400]}…", "bad")], width)
    for one in found:
        mark, mark_style = MARKS[standing(one.summary, records, torch)[0]]
        title = language_text(one.summary.titles, say.language)
        lines.append([])
        lines += wrap([(f"{mark} ", mark_style), (title, "title")], width, f"{one.summary.number:>4} ", " " * 5)
        for passage in one.passages:
            lines += wrap([(passage.text.replace("\n", " "), "")], width, "       ")
        commands = f"kb show {one.summary.number} · kb run {one.summary.number}"
        lines.append([("       ", ""), (commands, "code")])
    return lines


def passage_line(passage: "Passage", width: int) -> Line:
    """A passage cut to a width around its first match, matches marked."""
    text, marks = passage.text.replace("\n", " "), list(passage.marks)
    start = 0
    if marks and cell_len(text) > width:
        while start < marks[0][0] and cell_len(text[start : marks[0][1]]) > width // 2:
            start += 1
        # Half a word at the cut reads like another word.
        while 0 < start < marks[0][0] and (
            text[start] == " " or re.fullmatch(r"\w\w", text[start - 1 : start + 1], re.A)
        ):
            start += 1
    shown = clip(("…" if start else "") + text[start:], max(10, width))
    shift = start - (1 if start else 0)
    line: Line = []
    at = 0
    for first, last in marks:
        first, last = max(0, first - shift), min(len(shown), last - shift)
        if first >= len(shown) or last <= at:
            continue
        line += [(shown[at:first], "dim"), (shown[first:last], "mark")]
        at = last
    return [*line, (shown[at:], "dim")]


def run_summary(run: "Run", source: str, terminal: Terminal, say: Speech) -> list[Line]:
    """What came of a run: outcome, where, how long; and for a failed check the lines around it."""
    style = "good" if run.passed else "bad"
    sign = "✓" if run.passed else "✗"
    outcome: Line = [(f"{sign} {say(str(run.outcome))}", style)]
    if run.reason and run.reason != run.outcome:
        outcome.append((f": {run.reason}", ""))
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
    for one in run.warnings[:MAX_WARNINGS]:
        first = one.message.strip().split("\n")[0]
        text = say("warning, {file} line {line}: {text}", file=one.file, line=one.line, text=first)
        lines += wrap([(text, "warn")], terminal.width, "  ")
    lines += wrap([(" · ".join(facts), "dim")], terminal.width, "  ")
    return lines


def failure_lines(run: "Run", source: str, terminal: Terminal, around: int = 3) -> list[Line]:
    """The lines around the place where a script failed, and the values that took part."""
    failure = run.failure
    if failure is None:
        return []
    script = source.splitlines()
    lines: list[Line] = []
    for number in range(max(1, failure.line - around), min(len(script), failure.line + 1) + 1):
        here = number == failure.line
        code = clip(script[number - 1], max(20, terminal.width - 8))
        lines.append([("> " if here else "  ", "bad"), (f"{number:>4}  ", "dim"), (code, "strong" if here else "dim")])
    width = max((cell_len(name) for name in failure.values), default=0)
    lines += [
        [
            (" " * 8, ""),
            (pad(name, width), "code"),
            (" = ", "dim"),
            (clip(value, max(20, terminal.width - width - 11)), ""),
        ]
        for name, value in failure.values.items()
    ]
    return lines


def result_line(result: "Result") -> Line:
    """One line of a verification."""
    task = result.task
    sign: tuple[str, str] = ("✓ ", "good") if result.ok else ("✗ ", "bad")
    name = f"{task.entry:>3} {task.what}" + (f" {task.id}" if task.id else "")
    note = f": {result.note}" if result.note else ""
    seconds = f"  {result.run.seconds:.1f} s"
    drift = f"  drift at {len(result.drift)} places, {result.drift[0]}" if result.drift and result.ok else ""
    return [sign, (name, ""), (note, "bad"), (seconds, "dim"), (drift, "warn")]


def key_line(keys: Iterable[tuple[str, str]], say: Speech) -> Line:
    """Keys with what each does, as they stand at the bottom of a screen."""
    line: Line = []
    for key, what in keys:
        line += [(" · ", "dim")] if line else []
        line += [(key, "strong"), (f" {say(what)}", "dim")]
    return line


def complaint_lines(complaints: Iterable[Complaint]) -> list[Line]:
    """One line a complaint."""
    return [[(f"{one.path}:{one.line}", "code"), (f": {one.message}", "")] for one in complaints]


def time_text(seconds: float, say: Speech) -> str:
    """A length of time in its largest fitting unit; a minute at least."""
    units = (
        (365 * 86400, "{count} years"),
        (30 * 86400, "{count} months"),
        (86400, "{count} days"),
        (3600, "{count} hours"),
        (60, "{count} minutes"),
    )
    for size, message in units:
        if seconds >= 1.9 * size or size == 60:  # two days less a minute are two days, not 48 hours
            count = round(seconds / size)
            return say(message, count=max(1, count))
    raise AssertionError("the last unit takes everything")


def source_lines(code: str, style: Style) -> list[Line]:
    """A whole script, unindented."""
    return code_lines(code, "python", style, indent="")
