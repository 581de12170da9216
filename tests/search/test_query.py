"""Query: what was typed, read as words, phrases, exclusions and filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.query import MAX_TERMS, parse_query, wrong_level


def words_of(text: str) -> list[str]:
    """The words that a query searches for."""
    return [term.text for term in parse_query(text).terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what is an lstm?", ["lstm"]),
        ("what is it", ["what", "is", "it"]),
        ("怎么用 lstm", ["lstm"]),
        ("为", ["为"]),
        ("梯度裁剪", ["梯度", "度裁", "裁剪"]),
        ("用LSTM做分类", ["lstm", "做分", "分类", "用"]),
        ("nn.CrossEntropyLoss", ["nn.crossentropyloss"]),
        ("ＬＳＴＭ", ["lstm"]),
        ("l\u200bstm", ["lstm"]),
        ("?!", []),
        ("lstm lstm LSTM", ["lstm"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Question words go unless nothing else is there; Chinese comes in pairs; names stay whole."""
    assert sorted(expected) == sorted(words_of(text))


def test_parts_count_less_than_the_whole() -> None:
    """A name's parts are looked for too, its stem before its form."""
    (name,) = parse_query("torch.nn.CrossEntropyLoss").terms
    weights = dict(name.tokens)
    assert weights["torch.nn.crossentropyloss"] > weights["crossentropyloss"] > weights["entropy"]
    (word,) = parse_query("gradients").terms
    assert dict(word.tokens)["gradient"] > dict(word.tokens)["gradients"]


def test_phrases_exclusions_filters() -> None:
    """Each has its sign; full-width and curly ones count too."""
    query = parse_query('dropout "Hidden  State" -rnn tag:Text area:vision api:nn.LSTM level:2')
    assert query.phrases == ("hidden state",)
    assert [term.text for term in query.without] == ["rnn"]
    assert query.filters == (("tag", "text"), ("area", "vision"), ("api", "nn.lstm"), ("level", "2"))
    assert {"dropout", "hidden", "state"} == {term.text for term in query.terms}
    assert parse_query("“隐藏状态” tag：文本").phrases == ("隐藏状态",)
    assert parse_query('tag:"loss weighting"').filters == (("tag", "loss weighting"),)


@pytest.mark.parametrize(
    "text",
    ["expected -1 to be", "level:9", "tag:", 'a "b', "--device cuda", "C++ [N, C] a:b {}", "AND OR NOT ( ) ^ ~ * : /"],
)
def test_everything_else_is_text(text: str) -> None:
    """No sign of a query language but these few, and no error."""
    query = parse_query(text)
    assert (query.filters, query.without) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        'RuntimeError: Error(s) in loading state_dict for Net: Missing key(s) in state_dict: "conv1.weight".',
        'UserWarning: api:"x" is -deprecated',
        'torch.cuda.OutOfMemoryError: tag:gpu "GPU 0"',
    ],
)
def test_pasted_message_is_text(text: str) -> None:
    """The quotes, dashes and colons of an error message are its own."""
    query = parse_query(text)
    assert (query.phrases, query.filters, query.without) == ((), (), ())
    assert words_of(text)


@pytest.mark.parametrize(
    ("text", "is_quoted"),
    [('"hidden state"', True), ('tag:"loss weighting" "hidden state" -rnn', True), ('lstm "hidden state"', False)],
)
def test_nothing_but_phrases(text: str, is_quoted: bool) -> None:
    """Filters and exclusions beside a phrase ask for no words."""
    assert parse_query(text).is_quoted == is_quoted


@pytest.mark.parametrize("text", ["-lstm", '-"hidden state" -cell', "lstm -lstm"])
def test_what_is_left_out_is_not_looked_for(text: str) -> None:
    """Also where nothing else is said."""
    query = parse_query(text)
    assert (query.terms, query.only_leaves_out) == ((), True)


@pytest.mark.parametrize(
    ("text", "level"), [("level:9", "9"), ("lstm Level：0", "0"), ("level:2", ""), ("level:x", "")]
)
def test_a_level_that_does_not_exist_is_told_apart(text: str, level: str) -> None:
    """A number that no entry has; any other text is text."""
    assert wrong_level(text) == level


@pytest.mark.parametrize("text", ['"lstm', 'lstm"', "“lstm", 'ls"tm'])
def test_a_quote_without_a_partner_means_nothing(text: str) -> None:
    """It is left out."""
    query = parse_query(text)
    assert ([term.text for term in query.terms], query.phrases) == (["lstm"], ())


@pytest.mark.parametrize(("text", "number"), [("61", 61), (" 61 ", 61), ("６１", 61), ("61 a", None), ("-61", None)])
def test_bare_number(text: str, number: int | None) -> None:
    """A number alone names an entry."""
    assert parse_query(text).number == number


@given(st.text(max_size=300))
def test_any_text_is_a_query(text: str) -> None:
    """Nothing fails, and a pasted log stays bounded."""
    assert len(parse_query(text).terms) <= MAX_TERMS
