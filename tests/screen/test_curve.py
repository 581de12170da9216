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
    assert draw(read_series(output), 80, False) == ""


def test_picture_has_the_series_and_fits() -> None:
    """A title, the first and the last step, no line wider than asked, no colours where there are none."""
    picture = draw([Series("loss", tuple(range(50)), tuple(1 / (i + 1) for i in range(50)))], 40, False)
    assert "loss" in picture
    assert "\x1b" not in picture
    assert max(map(len, picture.splitlines())) <= 40
    assert len(picture.splitlines()) == 10


def test_what_is_no_number_is_said() -> None:
    """nan and infinities are left out of the picture and counted; all of them is said too."""
    nan = float("nan")
    assert "1 of 4 values are no numbers" in draw([Series("loss", (1, 2, 3, 4), (3.0, nan, 2.0, 1.0))], 60, False)
    assert draw([Series("loss", (1, 2), (nan, float("inf")))], 60, False) == "loss: 2 of 2 values are no numbers"


ANY = st.one_of(st.floats(), st.floats(-1e-28, 1e-28), st.floats(1, 1 + 1e-14))
"""Numbers of any size, and those that hardly differ."""


@example([(0.0, 0.0), (1.0, 2.225073858507e-311)])
@example([(0.0, 0.0), (0.0, 1e-30), (1.7e306, 0.0), (1.0, -1e-30)])
@given(st.lists(st.tuples(ANY, ANY), min_size=2, max_size=20))
def test_any_values_can_be_drawn(points: list[tuple[float, float]]) -> None:
    """Constants, huge, tiny, mixed, as steps too: drawing never fails."""
    steps, values = zip(*points, strict=True)
    draw([Series("loss", steps, values)], 60, True)
    draw([Series("loss", tuple(float(at) for at in range(len(values))), values)], 60, True)
