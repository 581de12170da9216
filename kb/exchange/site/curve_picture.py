"""Curve picture: what a script printed step by step, as SVG."""

from html import escape

from kb.screen.curve import TOO_LARGE, Series, read_series

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 26, 28
"""Margins around the curve, in which its numbers stand."""

MOST = 3
"""Curves of an output."""


def curve_picture(output: str) -> str:
    """The curves of an output; nothing if it has none."""
    return "\n".join(picture for one in read_series(output)[:MOST] if (picture := _picture(one)))


def _picture(one: Series) -> str:
    points = [
        (step, value)
        for step, value in zip(one.steps, one.values, strict=True)
        if abs(step) < TOO_LARGE and abs(value) < TOO_LARGE
    ]
    if len(points) < 2:
        return ""
    steps, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    first, last = min(steps), max(steps)
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(step: float, value: float) -> str:
        x = LEFT + wide * ((step - first) / (last - first) if last > first else 0.5)
        y = TOP + tall * (1 - (value - low) / (high - low) if high > low else 0.5)
        return f"{x:.1f},{y:.1f}"

    # A series that begins anew (another training in the same output) begins a new stroke.
    strokes: list[list[str]] = []
    before = float("inf")
    for step, value in points:
        if step <= before:
            strokes.append([])
        strokes[-1].append(place(step, value))
        before = step
    paths = "".join(f'<path d="M{" L".join(stroke)}"/>' for stroke in strokes)
    name = escape(one.name)
    told = f"{name}: {values[0]:g} to {values[-1]:g}, steps {first:g} to {last:g}"
    bottom = HEIGHT - BOTTOM
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">'
        f'<line x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{bottom}"/>'
        f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>'
        f'<text x="{LEFT}" y="14">{name}</text>'
        f'<text x="{LEFT - 6}" y="{TOP + 5}" text-anchor="end">{high:.3g}</text>'
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{first:g}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{last:g}</text>{paths}</svg>'
    )
