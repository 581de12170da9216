"""Comparing outputs: exact where it must be, lenient where printing rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.verify.compare import close, compare_outputs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss=0.0303", "loss=0.0304"),
        ("1.00", "0.99"),
        ("3.1e-05", "3.2e-05"),
        ("a  b", "a b"),
        ("0.1234567", "0.1234600"),
        ("nan inf", "nan inf"),
        ("tensor([0.50, 1.00])", "tensor([0.51, 1.00])"),
        ("12 of 20 parameters", "12 of 20 parameters"),
    ],
)
def test_same_up_to_rounding(one: str, other: str) -> None:
    """One unit of the last printed place is rounding."""
    assert compare_outputs(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("loss=0.0303", "loss=0.0306", ["line 1: 0.0303 against 0.0306"]),
        ("12 of 20", "13 of 20", ["line 1: 12 against 13"]),
        ("cpu", "cuda", ["line 1: cpu against cuda"]),
        ("step=1 loss=nan", "step=1 loss=1.0", ["line 1: nan against 1.0"]),
        ("a\nb", "a", ["line 2: b against (nothing)"]),
        ("x 1", "x 1 2", ["line 1: x 1 against x 1 2"]),
        ("layer1", "layer2", ["line 1: layer1 against layer2"]),
    ],
)
def test_differences(one: str, other: str, expected: list[str]) -> None:
    """Words, whole numbers and more than rounding are told with their line."""
    assert [str(found) for found in compare_outputs(one, other)] == expected


@given(st.text(max_size=200))
def test_an_output_equals_itself(text: str) -> None:
    """Whatever was printed."""
    assert compare_outputs(text, text) == []


@given(st.floats(-1e6, 1e6), st.integers(1, 6))
def test_rounding_never_counts(value: float, places: int) -> None:
    """A number printed to some places equals itself moved by less than one of them."""
    moved = value + 0.4 * 10.0**-places
    assert close(f"{value:.{places}f}", f"{moved:.{places}f}")
