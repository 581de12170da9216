"""Words: how texts and queries are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.words import compact, query_words, stem, words


def tokens(text: str) -> set[str]:
    """The tokens of a text."""
    return {word.token for word in words(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("梯度裁剪", {"梯度", "度裁", "裁剪", "梯", "度", "裁", "剪"}),
        ("用LSTM做分类", {"lstm", "做分", "分类", "用"}),
        ("nn.CrossEntropyLoss", {"nn.crossentropyloss", "crossentropyloss", "cross", "entropy", "loss"}),
        ("optimizer.zero_grad()", {"optimizer.zero_grad", "zero_grad", "zero", "grad"}),
        ("clip_grad_norm_", {"clip_grad_norm_", "clip", "grad", "norm"}),
        ("ＬＳＴＭ", {"lstm"}),
        ("l\u200bstm", {"lstm"}),
        ("ResNet50", {"resnet50", "res", "net", "50"}),
    ],
)
def test_tokens_are_there(text: str, expected: set[str]) -> None:
    """Han runs, identifiers, wide letters, zero-width characters."""
    assert expected <= tokens(text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what is an lstm?", ["lstm"]),
        ("what is it", ["what", "is", "it"]),
        ("怎么用 lstm", ["怎么", "么用", "lstm"]),
        ("为", ["为"]),
        ("梯度裁剪", ["梯度", "度裁", "裁剪"]),
    ],
)
def test_query_words(query: str, expected: list[str]) -> None:
    """Question words go unless nothing else is there; single characters count alone only."""
    found = query_words(query)
    assert [word for word in expected if word not in ("怎么", "么用")] == [word for word in found if word in expected]
    assert not {"梯", "度"} & set(found)


@pytest.mark.parametrize(
    ("word", "same"),
    [("losses", "loss"), ("training", "train"), ("trained", "train"), ("batches", "batch"), ("gradients", "gradient")],
)
def test_forms_of_a_word_meet(word: str, same: str) -> None:
    """Plural, -ing and -ed fall away."""
    assert stem(word) == stem(same)


def test_names_are_compared_without_their_signs() -> None:
    """An exact name is found however it is written."""
    assert compact("Cross-Entropy") == compact("cross entropy") == compact("cross_entropy")


@given(st.text(max_size=200))
def test_places_point_into_the_text(text: str) -> None:
    """Whatever the text, every token has a place in it."""
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.token == word.token.lower()
