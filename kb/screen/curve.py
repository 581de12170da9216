"""Curves: ``step=50 loss=0.0303`` lines of an output, drawn under it."""

import re
from dataclasses import dataclass

MIN_POINTS = 2
MAX_SERIES = 3
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


def draw(series: list[Series], width: int, has_colours: bool) -> str:
    """The series as text pictures, one below the other; nothing where there is nothing to draw.

    Points that are no number are left out, and how many there were is said.
    """
    pictures = [_picture(one, min(width, 80), has_colours) for one in series[:MAX_SERIES]]
    return "\n".join(picture for picture in pictures if picture)


def _picture(one: Series, width: int, has_colours: bool) -> str:
    points = [(_drawable(step), _drawable(value)) for step, value in zip(one.steps, one.values, strict=True)]
    finite = [(step, value) for step, value in points if step is not None and value is not None]
    missing = len(points) - len(finite)
    note = f"{one.name}: {missing} of {len(one.values)} values are no numbers" if missing else ""
    if len(finite) < MIN_POINTS:
        return note
    # Deferred: 100 ms, for runs that print steps.
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(max(20, width), 10)
    plotext.plot([step for step, _ in finite], [value for _, value in finite], marker="braille")
    plotext.title(one.name)
    ticks = sorted({finite[0][0], finite[-1][0]})
    plotext.xticks(ticks, [f"{tick:g}" for tick in ticks])
    text: str = plotext.build()
    if not has_colours:
        text = plotext.uncolorize(text)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join([*lines, *([note] if note else [])])


def _drawable(number: float) -> float | None:
    """A number as it can be drawn; None if it cannot."""
    if not abs(number) < TOO_LARGE:
        return None
    return number if abs(number) >= TOO_SMALL else 0.0
