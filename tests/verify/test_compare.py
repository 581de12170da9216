"""Comparing outputs: exact where it must be, lenient where printing rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.verify.compare import Difference, close, compare_outputs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss=0.0303", "loss=0.0304"),
        ("1.00", "0.99"),
        ("3.1e-05", "3.2e-05"),
        ("a  b", "a b"),
        ("0.1234567", "0.1234569"),
        ("nan inf", "nan inf"),
        ("tensor([0.50, 1.00])", "tensor([0.51, 1.00])"),
        ("12 of 20 parameters", "12 of 20 parameters"),
        ("0.1000001", "0.1"),
        ("123456.78", "123456.70"),
        ("a\n\nb 0.10", "a\nb 0.11"),
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
        ("1.2e-07", "9.8e-06", ["line 1: 1.2e-07 against 9.8e-06"]),
        ("0.1234567", "0.1234600", ["line 1: 0.1234567 against 0.1234600"]),
        ("0.0000012", "0.0000098", ["line 1: 0.0000012 against 0.0000098"]),
        ("a\n\nb 0.10", "a\nb 0.15", ["line 3: 0.10 against 0.15"]),
    ],
)
def test_differences(one: str, other: str, expected: list[str]) -> None:
    """Words, whole numbers and more than rounding are told with their line."""
    assert [str(found) for found in compare_outputs(one, other)] == expected


STEPS = [f"step={at} loss={1 / at:.3f}" for at in range(1, 30)]


@pytest.mark.parametrize("at", [0, 7, 29])
def test_a_line_more_is_one_difference(at: int) -> None:
    """Lines after it stand beside their own partners, and each difference names the line where it is."""
    more = [*STEPS[:at], "a warning", *STEPS[at:]]
    assert compare_outputs("\n".join(STEPS), "\n".join(more)) == [Difference(at + 1, "", "a warning")]
    changed = [*STEPS[:-1], "step=29 loss=0.999"]
    found = compare_outputs("\n".join(more), "\n".join(changed))
    assert Difference(at + 1, "a warning", "") in found
    assert Difference(29 + (at < 29), "0.034", "0.999") in found
    assert len(found) == 2


def test_long_outputs_are_compared_at_once() -> None:
    """Also such as a comparison of every line with every other would never come to the end of."""
    ours, theirs = ["0.5"] * 100_000, ["0.5"] * 99_999
    ours[5] = "0.9"
    assert [(6, "0.9", "0.5"), (100_000, "0.5", "")] == [
        (one.line, one.ours, one.theirs) for one in compare_outputs("\n".join(ours), "\n".join(theirs))
    ]


@given(st.text(max_size=200))
def test_an_output_equals_itself(text: str) -> None:
    """Whatever was printed."""
    assert compare_outputs(text, text) == []


@given(st.floats(-1e6, 1e6), st.integers(1, 6))
def test_rounding_never_counts(value: float, places: int) -> None:
    """A number printed to some places equals itself moved by less than one of them."""
    moved = value + 0.4 * 10.0**-places
    assert close(f"{value:.{places}f}", f"{moved:.{places}f}")
