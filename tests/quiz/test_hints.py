"""Hints: a ladder whose rungs all differ, and that does not begin with the answer."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given

from kb.deck.library import Library
from kb.screen.messages import Speech
from quiz.examiner import Examiner
from quiz.hints import code_hints, shape_of
from quiz.kinds.table import KINDS, all_kinds
from quiz.options import shown_order
from quiz.plan import Card
from quiz.session import Question, recall_item
from tests.conftest import EN, ZH, write_entry
from tests.fuzz.typing_strategies import LINES, VALUES


def ladder(deck: Path, name: str, language: str = "en") -> tuple[Question, list[str]]:
    """A question and its hints as text; the ladder ends, and goes on as ended."""
    entry = Library.open(deck, None, all_kinds).entry(61)
    item = recall_item(entry) if name == "recall" else entry.item(name)
    assert item is not None
    question = Question(Card(61, name, item.kind), entry, item, shown_order(item, Random(0)), True, False)
    kind, say = KINDS[item.kind], Speech(language)
    texts: list[str] = []
    with Examiner([]) as examiner:
        while hint := kind.hint(examiner, question, len(texts) + 1, say):
            texts.append(" / ".join(block.text for block in hint.blocks))
        assert kind.hint(examiner, question, len(texts) + 9, say) is None
    return question, texts


GIST = "The mean is the sum of the values over their count. Run it: snippet.py."


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("printed", ["the answer is a decimal with 1 place"]),
        ("counted", ["the answer is a whole number of 1 digit"]),
        (
            "mean-by-hand",
            ["a solution begins: /     total = sum(values)\n", "a solution: 2 lines, with sum, values, len"],
        ),
        ("which-hold", []),
    ],
)
def test_without_a_hint_of_its_own(deck: Path, name: str, last: list[str]) -> None:
    """Where the entry treats it, if it does in so many words; the gist once; and what the kind tells of the key."""
    _, texts = ladder(deck, name)
    at = texts.index(GIST)
    assert [text.startswith("the entry's section “") for text in texts[:at]] == [True] * (name != "printed")
    assert [text.strip() for text in texts[at + 1 :]] == [text.replace("    ", "").strip() for text in last]
    assert len(set(texts)) == len(texts)


def test_wrong_options_are_struck_out_one_by_one(deck: Path) -> None:
    """Until the right one and one other are left."""
    question, texts = ladder(deck, "which-value")
    assert [text[:5] for text in texts[2:]] == ["not d", "not c"]
    assert texts[2:] == ["not d · 9", "not c · 6"]
    assert not any(question.item.marks[question.order["abcd".index(text[4])]] for text in texts[2:])


def test_own_hints_come_first_and_the_gist_does_not(deck: Path) -> None:
    """In their order, in the reader's language."""
    en = EN.format(number=61).replace("\n- [ ] 2", "\n> Add first.\n\n> Then divide.\n\n- [ ] 2")
    zh = ZH.format(number=61).replace("\n- [ ] 2", "\n> 先加。\n\n> 再除。\n\n- [ ] 2")
    write_entry(deck, en=en, zh=zh)
    assert ladder(deck, "which-value")[1] == ["Add first.", "Then divide.", "not d · 9", "not c · 6"]
    assert ladder(deck, "which-value", "zh")[1] == ["先加。", "再除。", "不是 d · 9", "不是 c · 6"]


def test_a_pitfall_is_named_by_its_myth(deck: Path) -> None:
    """And not by what refutes it."""
    en = EN.format(number=61).replace("Nine over three.", "The middle value is called the median.")
    write_entry(deck, en=en)
    assert ladder(deck, "which-value")[1][0] == (
        'the entry\'s section “Pitfalls” is about this / "The mean is the middle value."'
    )


def test_a_card_tells_what_the_entry_is_made_of_and_how_its_answer_begins(deck: Path) -> None:
    """Its answer is the gist, which is no hint to it."""
    _, texts = ladder(deck, "recall")
    assert texts == ["the entry's sections: How it works, Pitfalls", "it begins: The mean is …"]


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("3", "a whole number of 1 digit"),
        ("-120", "a whole number of 3 digits"),
        ("0.25", "a decimal with 2 places"),
        ("1e-05", "a decimal number"),
        ("True", "True or False"),
        ("None", "a word of 4 letters"),
        ("(2, 5)", "2 whole numbers in brackets"),
        ("torch.Size([64])", "1 whole number in brackets"),
        ("tensor([0.5, 1.0])", "2 numbers in brackets"),
        ("[('a', 1)]", "1 value in brackets"),
        ("torch.float32", "a word of 7 characters"),
        ("RuntimeError", "a word of 12 letters"),
        ("'yes'", "a word of 3 letters"),
        ("not the same", "3 words, with spaces between"),
    ],
)
def test_shape_of_a_key(key: str, shape: str) -> None:
    """What it looks like."""
    assert shape_of(key) == shape


@given(VALUES)
def test_every_key_has_a_shape(key: str) -> None:
    """Whatever a script prints."""
    assert Speech("zh").of(shape_of(key))


@given(LINES)
def test_every_solution_has_hints_of_its_own(lines: str) -> None:
    """None is all of it, none comes twice, and none fails, Python or not."""
    hints = [" ".join(block.text for block in hint.blocks) for hint in code_hints(lines, Speech("en"))]
    assert len(set(hints)) == len(hints)


def test_a_solution_of_one_line_is_not_shown_whole() -> None:
    """Its names come first, then its first half."""
    hints = [hint.blocks for hint in code_hints("# why\nreturn F.mse_loss(guess, target)\n", Speech("en"))]
    assert hints[0][0].text == "a solution: 1 line, with F.mse_loss, guess, target"
    assert hints[1][1].text == "return F.mse_los…"
