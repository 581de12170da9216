"""Curves from an output."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.screen.curve import Series, draw, read_series


def test_series_are_read() -> None:
    """Lines of pairs, in any order among other lines; the most frequent first key counts the steps."""
    output = "begin\nstep=1 loss=2.5 acc=0.1\nepoch=1 loss=9\nstep=2 loss=1e-1 acc=.5\nsome x=1\n"
    assert read_series(output) == [
        Series("loss", (1.0, 2.0), (2.5, 0.1)),
        Series("acc", (1.0, 2.0), (0.1, 0.5)),
    ]


@pytest.mark.parametrize("output", ["", "loss 3", "step=1 loss=2", "a=1\nb=2", "step=1 name=abc\nstep=2 name=def"])
def test_nothing_to_draw(output: str) -> None:
    """One point is no curve, and words are no numbers."""
    assert draw(read_series(output), 80, 24, False) == ""


def test_picture_has_the_series_and_fits() -> None:
    """A title, the first and the last step, no line wider than asked, no colours where there are none."""
    picture = draw([Series("loss", tuple(range(50)), tuple(1 / (i + 1) for i in range(50)))], 40, 24, False)
    assert "loss" in picture
    assert "\x1b" not in picture
    assert max(map(len, picture.splitlines())) <= 40
    assert len(picture.splitlines()) == 9


@pytest.mark.parametrize("height", [24, 60])
def test_labels_are_those_of_their_rows(height: int) -> None:
    """First, middle and last row of the curve are labelled with the values that are drawn there."""
    straight = Series("loss", tuple(range(50)), tuple(2.0 + at / 49 for at in range(50)))
    lines = draw([straight], 60, height, False).splitlines()
    rows = [line for line in lines if "│" in line or "┤" in line]
    labelled = {at: float(line.partition("┤")[0]) for at, line in enumerate(rows) if "┤" in line}
    assert {0: 3.0, len(rows) // 2: 2.5, len(rows) - 1: 2.0} == labelled
    assert len(rows) % 2 == 1


@pytest.mark.parametrize(("height", "pictures"), [(12, 0), (18, 1), (24, 1), (40, 2), (60, 3)])
def test_half_of_the_screen_is_left_to_the_output(height: int, pictures: int) -> None:
    """Series without room for a picture are told in a line."""
    steps = tuple(float(at) for at in range(9))
    series = [Series(name, steps, tuple(at / 9 for at in steps)) for name in ("loss", "accuracy", "rate")]
    lines = draw(series, 80, height, False).splitlines()
    assert len(lines) <= height // 2
    assert pictures == sum("┌" in line for line in lines)
    assert 3 - pictures == sum(line.endswith(": 0 to 0.888889") for line in lines)


def test_what_is_no_number_is_said() -> None:
    """nan and infinities are left out of the picture and counted; all of them is said too."""
    nan = float("nan")
    assert "1 of 4 values are no numbers" in draw([Series("loss", (1, 2, 3, 4), (3.0, nan, 2.0, 1.0))], 60, 24, False)
    assert draw([Series("loss", (1, 2), (nan, float("inf")))], 60, 24, False) == "loss: 2 of 2 values are no numbers"


ANY = st.one_of(st.floats(), st.floats(-1e-28, 1e-28), st.floats(1, 1 + 1e-14))
"""Numbers of any size, and those that hardly differ."""


@example([(0.0, 0.0), (1.0, 2.225073858507e-311)])
@example([(0.0, 0.0), (0.0, 1e-30), (1.7e306, 0.0), (1.0, -1e-30)])
@given(st.lists(st.tuples(ANY, ANY), min_size=2, max_size=20))
def test_any_values_can_be_drawn(points: list[tuple[float, float]]) -> None:
    """Constants, huge, tiny, mixed, as steps too: drawing never fails."""
    steps, values = zip(*points, strict=True)
    draw([Series("loss", steps, values)], 60, 24, True)
    draw([Series("loss", tuple(float(at) for at in range(len(values))), values)], 60, 24, True)
