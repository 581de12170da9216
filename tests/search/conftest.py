"""Shared parts: a deck of three entries, its search, the built-in deck's."""

from functools import cache
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.search.index import open_index
from kb.search.searcher import Results, Searcher
from kb.search.symptoms import Listed, Symptoms, compiled
from kb.search.vocabulary import Vocabulary
from quiz.kinds.table import all_kinds
from tests.conftest import CONTENT, EN, ZH, write_entry


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three entries, on the mean (61), on the LSTM (62, of another area, level 2) and a sibling of 61 (63)."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    english = EN.format(number=62).replace("area: training", "area: sequence").replace("level: 1", "level: 2")
    english = english.replace("[mean, average]", "[LSTM]").replace("related: [62]", "related: []")
    english = english.replace(
        "aliases: [average, torch.mean, 平均值]", "aliases: [nn.LSTM, long short-term memory, 长短期记忆]"
    )
    english = english.replace("What is the mean of a batch?", "How does an LSTM keep a gradient?")
    english = english.replace("The mean is the sum", "The hidden state of a Transformer is none: the mean is the sum")
    english = english.replace("mean(): could not infer output dtype", "mixed device index 3 is out of range")
    chinese = (
        ZH.format(number=62)
        .replace("一个 batch 的均值是什么？", "LSTM 如何保住梯度？")
        .replace("先求和", "梯度消失时，先求和")
    )
    write_entry(deck, 62, "lstm", en=english, zh=chinese)
    write_entry(
        deck,
        63,
        "mean-again",
        en=EN.format(number=63).replace("related: [62]", "related: [61]").replace("of a batch", "of everything"),
    )
    (deck / "glossary.toml").write_text(
        'same = [["LSTM", "长短期记忆"], ["attention", "注意力"], ["average", "arithmetisches mittel"]]\n'
    )
    return deck


def opened(deck: Path, cache: Path | None = None) -> Searcher:
    """The deck's search, its index in a cache folder or in memory."""
    return Searcher.open(Library.open(deck, cache, all_kinds), cache)


@pytest.fixture
def searcher(small: Path) -> Searcher:
    """Its search, in memory."""
    return opened(small)


@pytest.fixture
def vocabulary(small: Path) -> Vocabulary:
    """Its words."""
    return Vocabulary(open_index(Library.open(small, None, all_kinds).ledger, None).searcher())


@cache
def built_in() -> Searcher:
    """The built-in deck's search, made once."""
    return opened(CONTENT)


def numbers(found: Results) -> list[int]:
    """The entries that were found, best first."""
    return [hit.summary.number for hit in found.hits]


def symptoms_of(listed: Listed) -> Symptoms:
    """What is listed, looked up in memory."""
    table = compiled(listed)
    return Symptoms(lambda pieces: [row for key in pieces if key in table for row in table[key]])
