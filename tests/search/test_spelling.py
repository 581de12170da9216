"""Spelling: what a word that stands nowhere was meant to be."""

import pytest

from kb.search.query import parse_query
from kb.search.spelling import Spelling
from kb.search.vocabulary import Vocabulary
from tests.search.conftest import built_in


@pytest.fixture
def spelling(vocabulary: Vocabulary) -> Spelling:
    """By the words of three entries."""
    return Spelling(vocabulary)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("transfromer", "transformer"),
        ("hiden", "hidden"),
        ("transfo", "transformer"),
        ("hiddenstate", "hidden state"),
        ("長短期記憶", "长短期记忆"),
        ("transfrmer and a state", "transformer and a state"),
        ("hiden hidens_x nn.hiden", "hidden hidens_x nn.hiden"),
    ],
)
def test_is_told_in_the_words_of_the_query(spelling: Spelling, typed: str, meant: str) -> None:
    """A slip, a beginning, two words in one, traditional characters; what stands around it, or holds it, stays."""
    query, shown_for = spelling.understood(parse_query(typed))
    assert (meant, meant) == (query.text, shown_for)


@pytest.mark.parametrize("typed", ["lstm state", "qqqqqzzzz", "", "nn.Wombat", "zz", "x" * 50, "梯度裁剪"])
def test_is_left_as_it_is(spelling: Spelling, typed: str) -> None:
    """What stands somewhere, what is like nothing, too short or too long, a name of which a part is known."""
    query = parse_query(typed)
    assert (query, "") == spelling.understood(query)


def test_one_slip_is_enough_where_other_words_are_known(spelling: Spelling) -> None:
    """Two in a short word are believed only where no word of the query is known."""
    assert "hidden" == spelling.understood(parse_query("hydeen"))[1]
    assert "" == spelling.understood(parse_query("hydeen lstm"))[1]


def test_two_slips_of_a_long_word_are_believed(spelling: Spelling) -> None:
    """From nine letters on, beside known words too."""
    assert "transformer lstm" == spelling.understood(parse_query("transfrmar lstm"))[1]


def test_last_word_may_be_a_beginning(spelling: Spelling) -> None:
    """While it is typed, it stands for all words that begin so, known or not; it is not split or respelt."""
    typing, _ = spelling.understood(parse_query("lstm mea"), is_typing=True)
    assert {"mean"} <= {term.text for term in typing.terms}
    assert "" == spelling.understood(parse_query("hiddenstate"), is_typing=True)[1]


def test_halves_are_searched_for_with_their_stems(spelling: Spelling) -> None:
    """Two words in one are one term that is found by either."""
    query, _ = spelling.understood(parse_query("hiddenstates"))
    (term,) = query.terms
    assert {"hidden", "states", "state"} <= {token for token, _ in term.tokens}


def test_no_word_is_taken_for_its_opposite(spelling: Spelling) -> None:
    """``unbounded`` may not be there: what is bounded is no answer."""
    spelling._vocabulary.frequencies["bounded"] = 3  # noqa: SLF001
    assert spelling.understood(parse_query("unbounded"))[1] == ""


def test_a_whole_word_is_ranked_alike_while_it_is_typed() -> None:
    """No word that begins with it counts as much as the word itself."""
    live = built_in().search("lstm", language="en", is_typing=True)
    assert [hit.summary.number for hit in live.hits] == [hit.summary.number for hit in built_in().search("lstm").hits]
