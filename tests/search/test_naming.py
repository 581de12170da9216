"""Naming: what names an entry of the built-in deck, and what is too little or something else."""

import pytest

from kb.errors import UsageError
from kb.search.naming import name_all, name_one
from kb.search.searcher import Searcher
from tests.search.conftest import built_in


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    """Of the built-in deck."""
    return built_in()


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("lstm", 62),
        ("gradient clipping", 27),
        ("nn.LSTM", 62),
        ("torch.nn.LSTM", 62),
        ("torch.nn.functional.cross_entropy", 26),
        ("lstms", 33),
        ("conv2d", 28),
        ("梯度裁剪", 27),
    ],
)
def test_words_that_stand_in_an_entry_name_it(searcher: Searcher, words: str, number: int) -> None:
    """Whole, as a form of a word, or by a dotted name's end, where what stands before it is said too."""
    named = name_one(words.split(), searcher.library, lambda: searcher)
    assert (named.numbers[0], named.is_guess) == (number, False)


@pytest.mark.parametrize(
    "words", ["train_model", "foo.lstm", "what", "how to", "x", "tag:lstm", "level:2", "lstm -cell"]
)
def test_what_many_entries_fit_is_a_guess(searcher: Searcher, words: str) -> None:
    """Parts of a word, question words, letters, filters, words to leave out."""
    assert name_one([words], searcher.library, lambda: searcher).is_guess


@pytest.mark.parametrize("word", ["62x", "x62", "6.2", "62.", "#62", "6-2", "62,"])
def test_a_slip_in_a_number_is_told(searcher: Searcher, word: str) -> None:
    """It names no other entry: ``62x`` is not the word x."""
    for name in (name_one, name_all):
        with pytest.raises(UsageError, match=r"no entry .+ did you mean 62"):
            name([word], searcher.library, lambda: searcher)


def test_a_number_of_no_entry_with_a_slip_has_no_guess(searcher: Searcher) -> None:
    """Nothing is near."""
    with pytest.raises(UsageError, match="no entry 999z; kb list shows all"):
        name_one(["999z"], searcher.library, lambda: searcher)


@pytest.mark.parametrize("word", ["snippet.py", "train.py", "./run", "/var/train.log", "~/model.pt"])
def test_the_name_of_a_file_is_none_of_an_entry(searcher: Searcher, word: str) -> None:
    """``py`` stands in every entry."""
    with pytest.raises(UsageError, match="the name of a file, and of no entry"):
        name_one([word], searcher.library, lambda: searcher)
