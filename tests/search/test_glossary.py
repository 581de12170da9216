"""Glossary: words that mean the same, words that mean little."""

import os
from pathlib import Path

import pytest

from kb.deck.cache import Cache
from kb.search.glossary import Glossary, Listed, compiled, open_glossary, read_glossary


@pytest.fixture
def glossary() -> Glossary:
    """Two groups, and one plain term."""
    return Glossary(compiled(Listed([["RNN", "循环神经网络"], ["vanishing gradient", "梯度消失"]], ["neural network"])))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("an RNN", ["循环神经网络"]),
        ("CRNN", []),
        ("什么是循环神经网络", ["RNN"]),
        ("vanishing gradients", ["梯度消失"]),
        ("rnn 循环神经网络", []),
    ],
)
def test_finds_whole_words_alone(glossary: Glossary, text: str, same: list[str]) -> None:
    """Chinese anywhere, English as words; what is there already is not given again."""
    assert same == glossary.same(text)


@pytest.mark.parametrize(
    ("text", "plain"), [("Neural networks that count", ["neural network"]), ("the network's neural code", [])]
)
def test_plain_terms(glossary: Glossary, text: str, plain: list[str]) -> None:
    """In any form of their words, in their order."""
    assert plain == glossary.plain(text)


@pytest.mark.parametrize(
    "text", ["same = 3", 'same = [["one"]]', "same = [", 'other = "x"', 'plain = "torch"', "plain = [1]"]
)
def test_mistake_is_told(tmp_path: Path, text: str) -> None:
    """One complaint, no error."""
    (tmp_path / "glossary.toml").write_text(text)
    listed, complaints = read_glossary(tmp_path)
    assert Listed([], []) == listed
    assert 1 == len(complaints)


def test_deck_without_one(tmp_path: Path) -> None:
    """Nothing means the same."""
    assert [] == open_glossary(tmp_path, Cache(None, "")).same("rnn")


def test_file_is_cut_again_when_it_has_changed(tmp_path: Path) -> None:
    """And not before: what was kept serves."""
    cache, path = Cache(None, ""), tmp_path / "glossary.toml"
    path.write_text('same = [["rnn", "a"]]')
    assert ["a"] == open_glossary(tmp_path, cache).same("rnn")
    facts = path.stat()
    path.write_text('same = [["rnn", "b"]]')
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert ["a"] == open_glossary(tmp_path, cache).same("rnn")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1_000_000_000))
    assert ["b"] == open_glossary(tmp_path, cache).same("rnn")
