"""Vocabulary: the words that stand in an index."""

import pytest

from kb.search.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("token", "expected"),
    [("lstm", True), ("nn.lstm", True), ("梯度", True), ("os.environ", True), ("wombat", False), ("", False)],
)
def test_holds_what_stands_anywhere(vocabulary: Vocabulary, token: str, expected: bool) -> None:
    """In a title, an alias, a text of either language, or code."""
    assert expected == vocabulary.holds(token)


def test_rare_words_say_more(vocabulary: Vocabulary) -> None:
    """What stands in every entry counts a tenth, what stands in none counts whole."""
    assert 1.0 == vocabulary.rarity("wombat") > vocabulary.rarity("transformer") > vocabulary.rarity("mean") == 0.1


def test_numbers_say_less(vocabulary: Vocabulary) -> None:
    """One that stands nowhere counts less than half of a word that does not either."""
    assert vocabulary.rarity("987654") < 0.5 * vocabulary.rarity("wombat")


def test_words_that_begin_so(vocabulary: Vocabulary) -> None:
    """As they are written, no stems; the most frequent first; so many at most."""
    assert ["transformer"] == vocabulary.beginning_with("transf", 6)
    assert ["mean", "median", "memory"] == vocabulary.beginning_with("me", 6)
    assert ["mean"] == vocabulary.beginning_with("me", 1)
    assert [] == vocabulary.beginning_with("wombat", 6)


def test_frequencies_are_of_english_words(vocabulary: Vocabulary) -> None:
    """Of three letters or more, as they are written: no stems, no names with signs, no Chinese."""
    found = vocabulary.frequencies
    assert all(token.isascii() and token.isalpha() and len(token) >= 3 for token in found)
    assert found["mean"] > found["transformer"] > 0
    assert "wombat" not in found
    assert {"state", "states"} & found.keys()
    assert "stat" not in found
