"""Tokens: how texts and queries are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.tokens import compact, may_hold, normalised, places_of, simplified, stem, tokens_among, words
from kb.search.tokens import tokens as fast_tokens


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


@given(st.text(max_size=200))
def test_fast_tokens_are_the_same(text: str) -> None:
    """What an index takes is what words gives, without the places."""
    assert fast_tokens(text) == [word.token for word in words(normalised(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("梯度消失與損失函數", "梯度消失与损失函数"), ("訓練 LSTM 資料", "训练 LSTM 资料"), ("lstm", "lstm"), ("", "")],
)
def test_traditional_characters_become_simplified(text: str, expected: str) -> None:
    """One for one, so that places stay."""
    assert simplified(text) == expected


@given(st.text(alphabet=st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=50))
def test_simplifying_keeps_every_place(text: str) -> None:
    """Whatever the characters, the length is the same, and a second time changes nothing more."""
    assert len(simplified(text)) == len(text)


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


def test_places_of_tokens() -> None:
    """Where a word stands, also in another form, inside a name, or between Chinese characters."""
    text = "Gradients vanish: clip_grad_norm_ 用LSTM，梯度消失"
    found = [text[start:end] for start, end in places_of(text, {"gradient", "grad", "lstm", "梯度"})]
    assert found == ["Gradients", "clip_grad_norm_", "LSTM", "梯度"]


@given(st.text(max_size=200))
def test_places_point_into_the_text(text: str) -> None:
    """Whatever the text, every token has a place in it."""
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.token == word.token.lower()


@given(st.text(max_size=200), st.text(max_size=20))
def test_tokens_among_others(text: str, more: str) -> None:
    """What is found by cutting next to nothing is what is found by cutting all, but for letters of other widths."""
    text = normalised(text)
    wanted = frozenset([*fast_tokens(text)[::3], *fast_tokens(more)])
    assert tokens_among(text, wanted) == wanted & set(fast_tokens(text))


@pytest.mark.parametrize("text", ["entries", "losses", "running", "used", "sizes", "nn.Entries", "梯度裁剪"])
def test_every_form_may_hold_its_token(text: str) -> None:
    """The cheap look never denies what cutting would find."""
    assert all(may_hold(text, frozenset({token})) for token in fast_tokens(text))
