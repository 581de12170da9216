"""Ranking: how much each word counts."""

from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.search.glossary import Glossary, Listed, compiled
from kb.search.index import open_index
from kb.search.query import parse_query
from kb.search.ranking import Ranking
from kb.search.symptoms import Listed as ListedSymptoms
from kb.search.vocabulary import Vocabulary
from quiz.kinds.table import all_kinds
from tests.search.conftest import built_in, numbers, symptoms_of


def scores(
    deck: Path, query: str, listed: Listed | None = None, said: ListedSymptoms | None = None
) -> dict[int, float]:
    """The score of each entry that is found."""
    engine = open_index(Library.open(deck, None, all_kinds).ledger, None).searcher()
    ranking = Ranking(
        engine, Vocabulary(engine), Glossary(compiled(listed or Listed([], []))), symptoms_of(said or []).meant
    )
    return {number: score for score, number in ranking.rank(parse_query(query), 10)}


def test_best_first_and_so_many_at_most(small: Path) -> None:
    """In the order of their scores."""
    engine = open_index(Library.open(small, None, all_kinds).ledger, None).searcher()
    ranking = Ranking(engine, Vocabulary(engine), Glossary(compiled(Listed([], []))), symptoms_of([]).meant)
    found = ranking.rank(parse_query("lstm mean"), 10)
    assert sorted(found, reverse=True) == found
    assert {61, 62, 63} == {number for _, number in found}
    assert found[:1] == ranking.rank(parse_query("lstm mean"), 1)


@pytest.mark.parametrize("query", ["", "?!", "   "])
def test_empty_query_finds_nothing(small: Path, query: str) -> None:
    """Nothing is asked for."""
    assert {} == scores(small, query)


def test_words_that_every_entry_is_about_count_for_little(small: Path) -> None:
    """Beside other words."""
    plain = Listed([], ["average"])
    before, after = scores(small, "transformer average"), scores(small, "transformer average", plain)
    assert pytest.approx(before[62]) == after[62]
    assert after[61] < 0.2 * before[61]


def test_words_that_every_entry_is_about_count_whole_alone(small: Path) -> None:
    """Alone they are what is asked for."""
    assert pytest.approx(scores(small, "average")) == scores(small, "average", Listed([], ["average"]))


def test_words_that_mean_the_same_count_less(small: Path) -> None:
    """They find what the word itself does not, below what it does."""
    same = Listed([["wombat", "transformer"]], [])
    assert {} == scores(small, "wombat")
    assert 0 < scores(small, "wombat", same)[62] < scores(small, "transformer")[62]


def test_words_that_mean_the_same_only_together_count_only_together(small: Path) -> None:
    """A word of a longer name says nothing where the others are not, however rare it is."""
    assert scores(small, "wombat", Listed([["wombat", "lstm mean"]], [])).keys() == {62}
    assert scores(small, "mean").keys() == {61, 62, 63}
    assert {} == scores(small, "wombat", Listed([["wombat", "transformer unheard"]], []))


@pytest.mark.parametrize(("query", "first"), [("adam", 41), ("sgd", 29)])
def test_a_name_is_not_found_by_a_word_of_what_it_stands_for(query: str, first: int) -> None:
    """Adaptive pooling is no adaptive moment estimation."""
    assert numbers(built_in().search(query))[0] == first


def test_whole_name_counts_most(small: Path) -> None:
    """However it is written: with signs, spaces or neither."""
    for query in ("long short-term memory", "Long Short Term Memory", "mean again"):
        found = scores(small, query)
        assert max(found.values()) > 40, query


def test_neighbours_count_more_than_both_words(small: Path) -> None:
    """``hidden state`` in this order."""
    assert scores(small, "hidden state")[62] > scores(small, "state hidden")[62]


def test_filters_add_next_to_nothing(small: Path) -> None:
    """They narrow; the order is that of the words."""
    assert pytest.approx(scores(small, "mean")[62], abs=0.01) == scores(small, "mean level:2")[62]


def test_what_people_say_is_searched_for_in_the_words_of_the_field(small: Path) -> None:
    """Below the word itself; only where all that must be said is said."""
    said = [(["goes + wild", "乱跳"], ["transformer"])]
    assert {} == scores(small, "goes wild")
    assert 0 < scores(small, "it goes wild", said=said)[62] < scores(small, "transformer")[62]
    assert scores(small, "曲线乱跳", said=said).keys() == {62}
    assert {} == scores(small, "goes", said=said)


def test_a_call_in_a_snippet_counts_less_than_one_in_a_hole(small: Path) -> None:
    """What an entry asks to be written is what it is about; a name that many snippets hold says next to nothing."""
    path = small / "062-lstm" / "snippet.py"
    source = path.read_text()
    path.write_text(source.replace("# end", "y = torch.wombat\n# end", 1))
    assert "# end" in source
    before = small / "063-mean-again" / "snippet.py"
    before.write_text(before.read_text() + "\ny = torch.wombat\n")
    found = scores(small, "torch.wombat")
    assert found[62] > 3 * found[63] > 0
