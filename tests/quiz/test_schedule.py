"""FSRS-6 as plain arithmetic: the same as py-fsrs."""

import fsrs.scheduler
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quiz.schedule import DAY, DEFAULT, LOWER, MOST_DAYS, UPPER, Parameters, Rating, is_allowed, replay, within_bounds
from quiz.schedule import replay as by_py_fsrs

GAPS = st.one_of(st.sampled_from([0.0, 1.0, DAY - 1, DAY, 3 * DAY]), st.floats(0, 400 * DAY))
PARAMETERS = st.one_of(st.just(()), st.tuples(*(st.floats(low, high) for low, high in zip(LOWER, UPPER, strict=True))))


@given(st.lists(st.tuples(st.sampled_from(Rating), GAPS), min_size=1, max_size=20), PARAMETERS)
def test_every_history_gives_the_memory_that_py_fsrs_gives(
    history: list[tuple[Rating, float]], parameters: Parameters
) -> None:
    """Stability, difficulty, last review and due time, for any ratings, gaps and parameters."""
    at, reviews = 1.7e9, []
    for rating, gap in history:
        at = round(at + gap, 6)
        reviews.append((rating, at))
    expected, actual = by_py_fsrs(reviews, parameters), replay(reviews, parameters)
    assert expected is not None
    assert actual is not None
    assert (expected.last, expected.due) == (actual.last, actual.due)
    assert expected.stability == pytest.approx(actual.stability, rel=1e-9)
    assert expected.difficulty == pytest.approx(actual.difficulty, rel=1e-9)


def test_constants_are_those_of_py_fsrs() -> None:
    """Default parameters, their bounds, the longest interval."""
    theirs = fsrs.scheduler
    assert (DEFAULT, LOWER, UPPER) == (
        theirs.DEFAULT_PARAMETERS,
        theirs.LOWER_BOUNDS_PARAMETERS,
        theirs.UPPER_BOUNDS_PARAMETERS,
    )
    assert fsrs.Scheduler().maximum_interval == MOST_DAYS


def test_no_history_is_no_memory() -> None:
    """Nothing is known of what was never answered."""
    assert replay([]) is None


def test_parameters_out_of_bounds_are_brought_in() -> None:
    """An optimizer with short floats may end a hair beyond; what is no parameters at all is told apart."""
    assert not is_allowed([*DEFAULT[:-1], 0.8000001])
    assert is_allowed(within_bounds((*DEFAULT[:-1], 0.8000001)))
    assert [is_allowed(bad) for bad in ([1.0], "x" * 21, None, [float("nan")] * 21, ["1"] * 21)] == [False] * 5
    assert is_allowed([])


def test_no_history_overflows() -> None:
    """Ten thousand years of easy answers, with the parameters that grow fastest."""
    memory = replay(((4, at * 100_000 * DAY) for at in range(300)), UPPER)
    assert memory is not None
    assert memory.due == memory.last + MOST_DAYS * DAY
