"""Knowledge on the screen: three numbers of each group, every one under its name, as a table or in words."""

from collections.abc import Sequence

from kb.screen.layout import Line, flow, pad, wrap
from kb.screen.messages import Speech
from kb.screen.width import width_of
from quiz.schedule import DESIRED_RETENTION, REVIEW_GAP
from quiz.stats import RECENT_DAYS, TELLING, Knowledge, Share, Stats

GAP = 3
"""Cells between two columns."""

NARROWEST = 20
"""Cells that names need at least; where they have fewer, the numbers stand below in words."""

Row = tuple[str, Knowledge]


def share_text(share: Share, say: Speech) -> str:
    """So many of so many, with a percentage where there are enough for one."""
    if not share.whole:
        return "-"
    text = say("{count} of {whole}", count=share.count, whole=share.whole)
    return f"{text} ({share.percent:.0f} %)" if share.is_telling else text


def whole_lines(stats: Stats, width: int, say: Speech) -> list[Line]:
    """The numbers of the whole deck, a line each, and what they are."""
    desired = say("{percent} % is aimed at", percent=f"{100 * DESIRED_RETENTION:.0f}")
    recent = say("last {days} days", days=RECENT_DAYS)
    known = _known_text(stats.whole)
    rows = (
        (say("right of answered"), share_text(stats.whole.right, say), ""),
        (say("remembered at reviews"), share_text(stats.whole.remembered, say), desired),
        (f"  {recent}", share_text(stats.recent, say), ""),
        (say("known now"), known, say("of the questions begun, on average")),
        (say("begun"), share_text(stats.whole.begun, say), ""),
    )
    names, values = max(width_of(name) for name, _, _ in rows), max(width_of(value) for _, value, _ in rows)
    lines: list[Line] = []
    for name, value, note in rows:
        line: Line = [("  ", ""), (pad(name, names + 2), ""), (pad(value, values) if note else value, "strong")]
        if not note:
            lines.append(line)
        elif names + values + width_of(note) + 6 <= width:
            lines.append([*line, (f"  {note}", "dim")])
        else:
            lines += [[*line[:2], (value, "strong")], *wrap([(note, "dim")], width, "    ")]
    return lines


def meaning_lines(width: int, say: Speech) -> list[Line]:
    """What the numbers are, in a sentence each."""
    text = say(
        "Right of answered: the answers not rated 1, of all. Remembered at reviews: the same, of those given {hours} "
        "hours or more after the one before. Known now: how likely you would be right at this moment, as the schedule "
        "estimates; what was last wrong counts as not known. Of fewer than {telling} no percentage is given.",
        hours=f"{REVIEW_GAP / 3600:.0f}",
        telling=TELLING,
    )
    return wrap([(text, "dim")], width, "  ")


def knowledge_lines(rows: Sequence[Row], width: int, say: Speech, is_plain: bool) -> list[Line]:
    """The numbers of groups: a table, or, where it has no room and where nothing may be told by position alone, each
    number behind its name."""
    heads = [say("right of answered"), say("remembered at reviews"), say("known now"), say("begun")]
    cells = [
        (
            share_text(known.right, say),
            share_text(known.remembered, say),
            _known_text(known),
            say("{count} of {whole}", count=known.begun.count, whole=known.begun.whole),
        )
        for _, known in rows
    ]
    # A column is as wide as its widest cell, and no word of its name is broken.
    widths = [
        max(*(width_of(row[at]) for row in cells), *(width_of(word) for word in head.split()))
        for at, head in enumerate(heads)
    ]
    room = width - sum(widths) - GAP * len(widths) - 2
    if is_plain or room < NARROWEST:
        return _in_words(rows, heads, cells, width)
    names = min(room, max(width_of(name) for name, _ in rows))
    lines = _table_row([], heads, widths, names, "dim")
    for (name, _), row in zip(rows, cells, strict=True):
        lines += _table_row(wrap([(name, "")], names, rest="    "), row, widths, names, "")
    return lines


def _in_words(rows: Sequence[Row], heads: list[str], cells: Sequence[Sequence[str]], width: int) -> list[Line]:
    lines: list[Line] = []
    for (name, _), row in zip(rows, cells, strict=True):
        parts: list[Line] = []
        for head, cell in zip(heads, row, strict=True):
            is_whole = width_of(head) + 1 + width_of(cell) <= width - 4
            parts += [[(f"{head} ", "dim"), (cell, "")]] if is_whole else [[(head, "dim")], [(f"  {cell}", "")]]
        lines += wrap([(name, "strong")], width, "  ")
        lines += [[("    ", ""), *line] for line in flow(parts, width - 4)]
    return lines


def _table_row(name: list[Line], cells: Sequence[str], widths: list[int], names: int, style: str) -> list[Line]:
    """A row whose cells end at the right of their columns; what is longer goes on below."""
    columns = [wrap([(cell, style)], width) for cell, width in zip(cells, widths, strict=True)]
    lines: list[Line] = []
    for at in range(max(len(name), *map(len, columns))):
        line: Line = [("  ", ""), *_filled(name[at] if at < len(name) else [], names)]
        for column, width in zip(columns, widths, strict=True):
            cell = column[at] if at < len(column) else []
            line += [(" " * (GAP + width - _cells(cell)), ""), *cell]
        while line and not line[-1][0].strip():
            line.pop()
        lines.append(line)
    return lines


def _filled(line: Line, width: int) -> Line:
    return [*line, (" " * max(0, width - _cells(line)), "")]


def _cells(line: Line) -> int:
    return sum(width_of(text) for text, _ in line)


def _known_text(known: Knowledge) -> str:
    return f"{known.known_percent:.0f} %" if known.known_percent is not None and known.begun.count >= TELLING else "-"
