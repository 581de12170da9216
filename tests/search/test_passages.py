"""Passages: what is shown of an entry."""

import pytest

from kb.deck.rank import CODE, HEADING, PROSE, SOURCE
from kb.deck.summary import Summary
from kb.search.passages import Lines, find_passages, has_phrases, names_of

LINES: Lines = {
    "en": [
        ("The gist of it.", PROSE),
        ("Hidden states", HEADING),
        ("A hidden state is kept.", PROSE),
        ("The state of a Transformer is hidden in its keys.", PROSE),
        ("hidden = state(hidden, transformer)", CODE),
        ("Hidden state and transformer, a paper", SOURCE),
        ("clip_grad_norm_ is a name.", PROSE),
    ],
    "zh": [("要点。", PROSE), ("隐藏状态由 LSTM 保住，梯度消失时也是。", PROSE)],
}
SUMMARY = Summary(62, "lstm", "nlp", 1, ("RNN",), (), ("nn.LSTM",), ("out of range",), {"en": "A title?"}, {}, "")


def shown(*tokens: str, language: str = "en", limit: int = 2) -> list[str]:
    """The passages' texts, marks in brackets."""
    found = []
    for text, marks in find_passages(LINES, frozenset(tokens), language, limit)[0]:
        for start, end in reversed(marks):
            text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
        found.append(text)
    return found


def test_most_words_first() -> None:
    """A line with both comes before a line with one; marks stand where the words do, in any form."""
    assert ["The [state] of a [Transformer] is hidden in its keys."] == shown("state", "transformer", limit=1)


def test_prose_before_headings_sources_and_code() -> None:
    """Of lines that hold as much; the first of the text comes first."""
    assert ["A [hidden] [state] is kept.", "The [state] of a Transformer is [hidden] in its keys."] == shown(
        "hidden", "state"
    )
    assert [
        "A [hidden] state is kept.",
        "The state of a Transformer is [hidden] in its keys.",
        "[Hidden] states",
        "[Hidden] state and transformer, a paper",
        "[hidden] = state([hidden], transformer)",
    ] == shown("hidden", limit=9)


def test_other_language_where_only_that_has_it() -> None:
    """An English reader who asks in Chinese sees the Chinese line that was found."""
    assert ["隐藏状态由 LSTM 保住，[梯度消失]时也是。"] == shown("梯度", "度消", "消失")


def test_readers_language_first() -> None:
    """A line of the other language, however good, only where this one has none."""
    assert ["The gist of it."] == shown("wombat")
    assert ["要点。"] == shown("wombat", language="zh")
    assert ["隐藏状态由 [LSTM] 保住，梯度消失时也是。"] == shown("lstm", "hidden", language="zh")


def test_language_that_the_entry_lacks() -> None:
    """Its first one serves."""
    assert ["A [hidden] [state] is kept."] == shown("hidden", "state", language="de", limit=1)


def test_marks_that_touch_are_one() -> None:
    """A name and its parts, Chinese pairs that overlap."""
    assert ["[clip_grad_norm_] is a name."] == shown("clip_grad_norm_", "grad", "norm")


def test_tokens_that_were_seen_are_told() -> None:
    """Also those of lines that are not shown."""
    assert {"hidden", "grad"} == find_passages(LINES, frozenset({"hidden", "grad", "wombat"}), "en", 1)[1]


def test_names_are_titles_aliases_tags_and_errors() -> None:
    """What an entry is called."""
    assert ("A title?", "nn.LSTM", "RNN", "out of range") == names_of(SUMMARY)


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (["hidden state"], True),
        (["state hidden"], False),
        (["kept. the state"], True),
        (["a name. 要点"], False),
        (["nn.lstm"], True),
        (["rnn", "a title?"], True),
        (["rnn", "wombat"], False),
        (["隐藏状态"], True),
    ],
)
def test_phrases_stand_word_for_word(phrases: list[str], expected: bool) -> None:
    """In a text, across the ends of sentences, in a name; never across languages; all of them must."""
    assert expected == has_phrases(SUMMARY, LINES, phrases)
