"""Curves: ``step=50 loss=0.0303`` lines of an output, drawn under it."""

import re
from dataclasses import dataclass

MIN_POINTS = 2
MAX_SERIES = 3
AROUND = 4
"""Rows of a picture around its curve: the title, the frame's two, the steps."""
ROWS = 5, 3
"""Rows that a curve has, if there is room: odd, so that one lies in the middle and can be labelled."""
TOO_LARGE = 1e30
"""Beyond this a value counts as no number: the drawing's own arithmetic would overflow. nan is not below it either."""
TOO_SMALL = 1e-30
"""Nearer to nothing than this a value is drawn as nothing: the labels' arithmetic takes powers of ten that overflow."""

_PAIR = re.compile(r"(?<!\S)([A-Za-z_][\w.]*)=([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|nan|inf))(?!\S)")


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity over the steps."""

    name: str
    """The key, as printed."""
    steps: tuple[float, ...]
    """Values of the line's first pair."""
    values: tuple[float, ...]
    """The quantity; may hold nan and infinities."""


def read_series(output: str) -> list[Series]:
    """The series of an output: every line of at least two ``key=value`` pairs, the first of which counts the steps.

    Lines count by their first key; those whose first key comes most often make the series.
    """
    lines = [found for line in output.splitlines() if len(found := _PAIR.findall(line)) >= 2]
    if not lines:
        return []
    firsts = [pairs[0][0] for pairs in lines]
    leader = max(dict.fromkeys(firsts), key=firsts.count)
    points: dict[str, list[tuple[float, float]]] = {}
    for (key, step), *pairs in lines:
        if key == leader:
            for name, value in pairs:
                points.setdefault(name, []).append((float(step), float(value)))
    return [
        Series(name, tuple(step for step, _ in pairs), tuple(value for _, value in pairs))
        for name, pairs in points.items()
        if len(pairs) >= MIN_POINTS
    ]


def draw(series: list[Series], width: int, height: int, has_colours: bool) -> str:
    """The series as text pictures, one below the other; nothing where there is nothing to draw.

    They take at most half of the screen's height, and leave the rest to the output: those for which there is no room
    are told in a line each. Points that are no number are left out, and how many there were is said.
    """
    shown = series[:MAX_SERIES]
    room = height // 2
    parts: list[list[str]] = []
    for at, one in enumerate(shown):
        left = room - sum(map(len, parts)) - (len(shown) - at - 1)  # each that is to come has a line at least
        parts.append(_picture(one, min(width, 80), left, has_colours))
    return "\n".join(line for lines in parts for line in lines)


def _picture(one: Series, width: int, room: int, has_colours: bool) -> list[str]:
    """The lines of a series: at most so many, but one in any case."""
    points = [(_drawable(step), _drawable(value)) for step, value in zip(one.steps, one.values, strict=True)]
    finite = [(step, value) for step, value in points if step is not None and value is not None]
    missing = len(points) - len(finite)
    note = [f"{one.name}: {missing} of {len(one.values)} values are no numbers"] if missing else []
    if len(finite) < MIN_POINTS:
        return note
    rows = next((rows for rows in ROWS if AROUND + rows + len(note) <= room), 0)
    if not rows:
        return [f"{one.name}: {finite[0][1]:g} to {finite[-1][1]:g}"]
    # Deferred: 100 ms, for runs that print steps.
    import plotext

    values = [value for _, value in finite]
    least, most = min(values), max(values)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(max(20, width), AROUND + rows)
    plotext.plot([step for step, _ in finite], values, marker="braille")
    plotext.title(one.name)
    if least < most:
        # Its own labels lie between the rows, and are rounded to one or the other.
        plotext.ylim(least, most)
        marks = [least, (least + most) / 2, most]
        plotext.yticks(marks, _labels(marks))
    ticks = sorted({finite[0][0], finite[-1][0]})
    plotext.xticks(ticks, [f"{tick:g}" for tick in ticks])
    text: str = plotext.build()
    if not has_colours:
        text = plotext.uncolorize(text)
    return [*(line.rstrip() for line in text.splitlines()), *note]


def _labels(marks: list[float]) -> list[str]:
    """Numbers with as few digits as tell them apart."""
    digits = next(
        (digits for digits in range(3, 17) if len({f"{mark:.{digits}g}" for mark in marks}) == len(marks)), 17
    )
    return [f"{mark:.{digits}g}" for mark in marks]


def _drawable(number: float) -> float | None:
    """A number as it can be drawn; None if it cannot."""
    if not abs(number) < TOO_LARGE:
        return None
    return number if abs(number) >= TOO_SMALL else 0.0
