"""Options: letters for places, numbers by their value, anything else in any order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.item import Item, Wording
from kb.deck.text import Span
from quiz.options import letter_of, letters_of, narrow, place_of, shown_order


def order_of(*texts: str, seed: int = 0) -> list[str]:
    """Options as they are shown."""
    wording = Wording((), tuple((Span(text),) for text in texts), ())
    item = Item(61, "x", "choice", {"en": wording}, (True,) + (False,) * (len(texts) - 1))
    return [texts[option] for option in shown_order(item, Random(seed))]


@pytest.mark.parametrize(
    "expected",
    [
        ("1", "2", "3", "10"),
        ("-0.5", "0", ".25", "1e3"),
        ("−2", "−1", "0"),
        ("1/4", "1/3", "1/2"),
        ("5 %", "12.5 %", "50 %"),
        ("999", "5,920", "12,000"),
        ("2 GB", "16 GB"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_numbers_stand_by_their_value(expected: tuple[str, ...], seed: int) -> None:
    """Whatever the dice say, and however the file has them."""
    assert list(expected) == order_of(*Random(7).sample(expected, len(expected)), seed=seed)


@pytest.mark.parametrize("texts", [("1", "2", "three"), ("1 GB", "2 MB", "3 GB"), ("1/0", "1", "2"), (".", "1", "2")])
def test_anything_else_is_shuffled(texts: tuple[str, ...]) -> None:
    """Also where most are numbers, or of different units."""
    assert len({tuple(order_of(*texts, seed=seed)) for seed in range(40)}) == 6


@given(st.lists(st.text(max_size=12), min_size=2, max_size=8), st.integers(0, 99))
def test_every_option_is_shown_once(texts: list[str], seed: int) -> None:
    """Whatever they are."""
    assert sorted(texts) == sorted(order_of(*texts, seed=seed))


@pytest.mark.parametrize("key", ["b", "B", "ｂ", "Ｂ"])
def test_a_letter_of_any_width_and_case_names_its_place(key: str) -> None:
    """As Chinese keyboards give it."""
    assert place_of(key) == 2


@pytest.mark.parametrize("key", ["", "1", "é", "２", "中", "ab"])
def test_what_names_no_place(key: str) -> None:
    """Digits are ratings."""
    assert place_of(key) == 0


@given(st.sets(st.integers(1, 26), min_size=1))
def test_places_and_letters_are_one(places: set[int]) -> None:
    """What the log keeps, and what the learner gave."""
    given_ = ", ".join(map(str, sorted(places)))
    shown = letters_of(given_).split(", ")
    assert sorted(places) == [place_of(letter) for letter in shown]
    assert [letter_of(place) for place in sorted(places)] == shown


@pytest.mark.parametrize("given_", ["0", "b", "(2, 5)", "²", "9999999", "total / 2"])
def test_other_answers_stay_as_they_are(given_: str) -> None:
    """A log that somebody wrote by hand may hold anything."""
    assert letters_of(given_) == given_


@pytest.mark.parametrize(("key", "name"), [("：", ":"), ("？", "?"), ("！", "!"), ("３", "3"), ("enter", "enter")])
def test_keys_have_one_width(key: str, name: str) -> None:
    """A ligature is no key of several."""
    assert narrow(key) == name
    assert narrow("ﬁ") == "ﬁ"
