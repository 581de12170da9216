"""Queries: any text is searched for, while it is typed and after, and what is found can be given to anybody."""

import json

from hypothesis import example, given

from kb.search.query import MAX_PHRASES, MAX_TERMS, MAX_TEXT, parse_query
from kb.search.tokens import places_of, words
from tests.fuzz.typing_strategies import QUERIES
from tests.search.conftest import built_in


@given(QUERIES)
def test_any_text_is_a_query(text: str) -> None:
    """Of bounded size, read the same again, and its parts can be printed."""
    query = parse_query(text)
    assert query == parse_query(query.text)
    assert len(query.text) <= MAX_TEXT
    assert max(len(query.terms), len(query.without)) <= MAX_TERMS
    assert max(len(query.phrases), len(query.filters)) <= MAX_PHRASES
    repr(query).encode()
    assert query.number is None or query.number >= 0


@given(QUERIES)
@example("lstm \ud800")
@example("ls\0tm")
def test_any_query_is_searched(text: str) -> None:
    """Marks lie in their passages, in order."""
    for is_typing in (False, True):
        found = built_in().search(text, 3, is_typing=is_typing)
        json.dumps(found.to_json("zh"), ensure_ascii=False).encode()
        for hit in found.hits:
            for passage in hit.passages:
                ends = [0, *(end for mark in passage.marks for end in mark), len(passage.text)]
                assert ends == sorted(ends)


@given(QUERIES)
def test_every_token_stands_where_it_is_said_to(text: str) -> None:
    """Within the text, and a token that is looked for is found there."""
    found = list(words(text))
    assert all(0 <= word.start < word.end <= len(text) for word in found)
    for start, end in places_of(text, {word.token for word in found[:3]}):
        assert 0 <= start < end <= len(text)
