"""Search: what is found for what is typed."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.labelled import read_queries
from kb.search.searcher import Results, Searcher
from tests.conftest import CONTENT, EN, write_entry
from tests.search.conftest import built_in, numbers, opened


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("lstm", 62),
        ("LSTM?", 62),
        ("nn.LSTM", 62),
        ("torch.nn.LSTM", 62),
        ("长短期记忆", 62),
        ("長短期記憶", 62),
        ("梯度消失", 62),
        ("梯度消逝", 62),
        ("ＬＳＴＭ", 62),
        ("What is the mean of a batch?", 61),
        ("mean-again", 63),
        ("torch.mean", 61),
        ("平均值", 61),
        ("could not infer output dtype", 61),
        ("arithmetisches mittel", 61),
    ],
)
def test_first(searcher: Searcher, query: str, first: int) -> None:
    """Words, names, either language, traditional characters, question marks, errors, words that mean the same."""
    found = searcher.search(query)
    assert first in (numbers(found)[0], *found.hits[0].also)


@pytest.mark.parametrize(
    ("query", "shown_for", "first"),
    [
        ("transfromer", "transformer", 62),
        ("transfrmer state", "transformer state", 62),
        ("transfo", "transformer", 62),
        ("hiddenstate", "hidden state", 62),
        ("長短期記憶", "长短期记忆", 62),
    ],
)
def test_words_that_stand_nowhere(searcher: Searcher, query: str, shown_for: str, first: int) -> None:
    """A slip, a beginning, two words in one, traditional characters: it is said what was searched for."""
    found = searcher.search(query)
    assert (shown_for, first) == (found.shown_for, numbers(found)[0])


def test_what_is_like_nothing_finds_nothing(searcher: Searcher) -> None:
    """No hit, and nothing else was searched for."""
    assert Results(()) == searcher.search("qqqqqzzzz")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"hidden state"', [62]),
        ('"state hidden"', []),
        ('"平均 值"', []),
        ("mean -transformer", [61, 63]),
        ("mean tag:lstm", [62]),
        ("tag:average", [61, 63]),
        ("area:sequence", [62]),
        ("level:2", [62]),
        ("mean level:1 -again", [61]),
        ("api:os.environ", [61, 62, 63]),
        ("api:torch.nope", []),
    ],
)
def test_signs(searcher: Searcher, query: str, expected: list[int]) -> None:
    """Phrases, exclusions and filters."""
    assert expected == sorted(numbers(searcher.search(query, every=True)))


def test_entries_on_one_subject_are_one_hit(searcher: Searcher) -> None:
    """The better of them stands for both."""
    (hit,) = searcher.search("average").hits
    assert [61, 63] == sorted([hit.summary.number, *hit.also])


def test_entries_on_one_subject_each_by_itself(searcher: Searcher) -> None:
    """Where all are asked for."""
    found = searcher.search("average", every=True)
    assert [61, 63] == sorted(numbers(found))
    assert [(), ()] == [hit.also for hit in found.hits]


def test_limit_counts_subjects(searcher: Searcher) -> None:
    """One hit is one subject, with its siblings."""
    (hit,) = searcher.search("average", limit=1).hits
    assert len(hit.also) == 1


def test_matched_words_are_told(searcher: Searcher) -> None:
    """In the order of the query, those alone that the entry holds, in its text or its names."""
    (hit, *_) = searcher.search("transformer zebra memory hidden").hits
    assert (62, ("transformer", "memory", "hidden")) == (hit.summary.number, hit.matched)


def test_words_beside_a_phrase_that_stands_nowhere(searcher: Searcher) -> None:
    """They are searched for with its words, which is told."""
    found = searcher.search('hidden "state of wombats"')
    assert (62, "hidden state of wombats") == (numbers(found)[0], found.shown_for)


def test_phrase_alone_stays_strict(searcher: Searcher) -> None:
    """Nothing else was asked for."""
    assert Results(()) == searcher.search('"state hidden"')


def test_phrase_that_is_there_stays_one(searcher: Searcher) -> None:
    """Beside other words too; nothing is told."""
    assert "" == searcher.search('hidden "state"').shown_for


@pytest.mark.parametrize("query", ["statistics.fmean", '"nine over three"', '"9 除以 3"'])
def test_quiz_keys_are_not_searchable(searcher: Searcher, query: str) -> None:
    """No option, explanation or solution of a quiz is in the index."""
    assert () == searcher.search(query).hits


def test_code_is_found_below_text(small: Path) -> None:
    """A word of a snippet finds it; where the text holds it too it says more."""
    write_entry(small, 64, "device", en=EN.format(number=64).replace("of a batch", "of KB_DEVICE"))
    first, *rest = numbers(opened(small).search("KB_DEVICE", every=True))
    assert (64, [61, 62, 63]) == (first, sorted(rest))


@given(st.text(max_size=80) | st.text(alphabet='"-:()[]{}~^*?\\/ &|+!tagapi 梯', max_size=60))
def test_any_text_can_be_searched_for(text: str) -> None:
    """Unicode of all planes, control characters, quotes, operators: never an error."""
    built_in().search(text, is_typing=len(text) % 2 == 0)


@pytest.mark.parametrize("text", ["a" * 100_000, "梯度" * 50_000, '"' * 100_001, "lstm " * 20_000, "-x:" * 33_000])
def test_long_text_can_be_searched_for(text: str) -> None:
    """100 kB answer within seconds of the processor's time."""
    searcher = built_in()
    started = time.process_time()
    searcher.search(text)
    assert time.process_time() - started < 10


def test_queries_of_the_deck_find_their_entries() -> None:
    """Mean reciprocal rank and recall at 1, by kind: a drop fails. Nothing that is asked finds nothing."""
    queries, complaints = read_queries(CONTENT)
    assert complaints == []
    there = set(built_in().library.by_number)
    ranks: dict[str, list[float]] = {}
    missed = []
    for query in queries:
        if not there & set(query.entries):
            continue
        found = built_in().search(query.text, 10).hits
        places = [at for at, hit in enumerate(found, 1) if {hit.summary.number, *hit.also} & set(query.entries)]
        ranks.setdefault(query.kind, []).append(1 / places[0] if places else 0.0)
        if places[:1] != [1]:
            missed.append((query.text, query.entries, [hit.summary.number for hit in found[:3]]))
        assert found, query.text
    print()
    for kind, found_ranks in ranks.items():
        mean, first = sum(found_ranks) / len(found_ranks), sum(rank == 1 for rank in found_ranks) / len(found_ranks)
        print(f"{kind:17} {len(found_ranks):4} queries  MRR@10 {mean:.3f}  first {first:.3f}")
        assert mean >= 0.90, missed
    every = [rank for found_ranks in ranks.values() for rank in found_ranks]
    assert len(every) >= 50
    assert sum(every) / len(every) >= 0.95, missed


@pytest.mark.parametrize(
    "query",
    [
        "\ud800",
        "mean \udfff",
        "\ud83d\ude42 mean",
        "mean\x00",
        "tag:\ud800 mean",
        '"\ud800"',
        "\udcff" * 9_000,
        "9" * 5_000,
    ],
)
def test_query_that_is_no_text(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    """It finds what its sound words find, and the index is none the worse."""
    cache = tmp_path / "cache"
    searcher = opened(small, cache)
    monkeypatch.setattr("kb.search.searcher.forget_index", lambda *_: pytest.fail("the index was thrown away"))
    found = searcher.search(query)
    assert bool(found.hits) == ("mean" in query and "tag" not in query)


def test_mistake_of_a_caller_throws_nothing_away(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the engine says of its files has the index made anew."""
    searcher = opened(small, tmp_path / "cache")
    monkeypatch.setattr("kb.search.searcher.forget_index", lambda *_: pytest.fail("the index was thrown away"))
    for error in (TypeError("of ours"), KeyError("of ours"), KeyboardInterrupt()):

        def fail(*_: object, error: BaseException = error, **__: object) -> object:
            raise error

        monkeypatch.setattr("kb.search.searcher.find_passages", fail)
        with pytest.raises(type(error)):
            searcher.search("mean")


@pytest.mark.parametrize(("limit", "count"), [(-1, 0), (0, 0), (1, 1), (3, 2), (10**15, 2)])
def test_any_limit(searcher: Searcher, limit: int, count: int) -> None:
    """None, or more than there is memory for: the engine makes room for as many as it is asked for."""
    assert count == len(searcher.search("mean", limit).hits)
