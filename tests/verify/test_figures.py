"""Figures: which numbers of an answer must stand somewhere, and where they may stand."""

from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS
from tests.conftest import DECK, EN, ZH, write_entry

OUTPUT = "step=50 loss=0.0303 share=0.912\nrate 55%, 20,000 rows, error 0.0592, 1e-04 left, 4 of 63\n"


def figures(deck: Path, said: str, said_in_chinese: str = "先求和") -> list[str]:
    """The figures that are complained about when the answer says this: language and figure."""
    (deck / "deck.toml").write_text(DECK.replace("[areas]", "[rules]\nfigures = true\n[areas]"), encoding="utf-8")
    en = EN.format(number=61).replace("Add the values", said)
    folder = write_entry(deck, en=en, zh=ZH.format(number=61).replace("先求和", said_in_chinese))
    (folder / "output.txt").write_text(OUTPUT, encoding="utf-8")
    found = [one for one in check_deck(read_deck(deck)[0], KINDS) if "stands in no output" in one.message]
    return [f"{Path(one.path).stem} {one.message.split(' stands')[0]}" for one in found]


@pytest.mark.parametrize(
    "said",
    [
        "It falls to 0.0303",
        "It falls to 0.03",  # rounded
        "A share of 0.91",
        "A share of 91%",
        "A share of 91.2 %",
        "The rate is 0.55",  # printed in percent
        "The rate is 55%",
        "An error of 0.059",
        "A rest of 0.0001",
        "A mean of 3.0",  # in the snippet
        "A mean of 1.50, as `1.5` tells",
        "A mean of 2.5, as $x = 2.5$ tells",
        "About 0.77 of them",
        "It gets about 0.2 to 0.4 of them",
        "It gets roughly 48% to 63%",
        "It is nearly -0.77",
        "Since 2.6 it is so, and since torch 2.13, before 2.4, for Python 3.11 or version 0.3",
        "With torch >= 2.6, v0.77, GPT-3.5 and 1.2.3",
        "See section 3.2, table 4.7",
        "It is 0.5 + 0.9 · 3 = 3.2",
        "In [0.77 of them](https://example.org/0.77)",
        "In 2017, 12 seeds, 300 steps and 48 of 63",  # counts are no figures of a run
        "There are 20,000 rows",
    ],
)
def test_what_stands_somewhere_or_is_no_figure(deck: Path, said: str) -> None:
    """Output, rounded; code and formulas, exactly; versions, sums, estimates and counts are free."""
    assert [] == figures(deck, said)


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        ("It falls to 0.04", "0.04"),
        ("It falls to 0.031", "0.031"),  # 0.0303 is 0.030
        ("A share of 0.9125", "0.9125"),
        ("A share of 92%", "92%"),
        ("A share of **92 %**", "92%"),
        ("It gets 48 to 91% of them", "48%"),
        ("There are 4, which is 0.04", "0.04"),  # what is printed as 4 is no share
        ("A mean of 2.9, as the 3.0 of the code", "2.9"),  # code holds exact values
        ("A mean of 2.96, as `3.0`", "2.96"),
        ("About half of them. It gets 0.77", "0.77"),  # another sentence's about
        ("It is about twice as much at 0.77", "0.77"),
        ("There are 20,001.5 rows", "20001.5"),
        ("- from 0.77 on", "0.77"),
        ("| a | b |\n| --- | --- |\n| 0.77 | 0.91 |", "0.77"),
    ],
)
def test_what_stands_nowhere(deck: Path, said: str, figure: str) -> None:
    """A decimal or a percentage of the answer."""
    assert [f"en {figure}"] == figures(deck, f"{said}\n\nAdd the values" if said[0] in "-|" else said)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("准确率从 0.77 降到 0.91，先求和", ["zh 0.77"]),
        ("准确率为 48%～91%，先求和", ["zh 48%"]),
        ("准确率为 48～91%，先求和", ["zh 48%"]),
        ("准确率约为 0.77，先求和", []),
        ("准确率约 48%～63%，先求和", []),
        ("准确率在 0.77 左右，先求和", []),
        ("从 2.6 起，第 3.2 节，2.7 之前，PyTorch 2.13 版，先求和", []),
    ],
)
def test_chinese(deck: Path, said: str, found: list[str]) -> None:
    """The same in the other language."""
    assert found == figures(deck, "Add the values", said)


def test_a_code_that_hurts(deck: Path) -> None:
    """Numbers that no decimal can hold are none."""
    assert ["en 0.77"] == figures(deck, f"It is 0.77, not `1e99999999`, `{'9' * 400}` or `1e-999`")


def test_sources_and_quiz_are_free(deck: Path) -> None:
    """A source's own figures, and the numbers of a quiz, which its key and proofs hold."""
    en = EN.replace("- Any book", "- Any book, edition 7.7").replace("Nine over three.", "Nine over three, not 7.7.")
    (deck / "deck.toml").write_text(DECK.replace("[areas]", "[rules]\nfigures = true\n[areas]"), encoding="utf-8")
    write_entry(deck, en=en.format(number=61))
    assert [] == check_deck(read_deck(deck)[0], KINDS)
