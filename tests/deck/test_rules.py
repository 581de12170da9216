"""Rules: what a deck says that it holds itself to."""

from pathlib import Path

import pytest

from kb.deck.rules import Rules, Words, read_rules


def written(tmp_path: Path, table: str) -> tuple[Rules, list[str]]:
    """The rules of a deck.toml, and every complaint about them."""
    (tmp_path / "deck.toml").write_text(table, encoding="utf-8")
    rules, complaints = read_rules(tmp_path)
    return rules, [str(one) for one in complaints]


@pytest.mark.parametrize("table", ["", "[rules]\n", "x = [", "\x00"])
def test_a_deck_that_asks_for_nothing_is_held_to_nothing(tmp_path: Path, table: str) -> None:
    """What is wrong with the file as a whole is told once, where the deck is read."""
    assert (Rules(), []) == written(tmp_path, table)


def test_every_rule_is_read(tmp_path: Path) -> None:
    """Switches, names by language, words by language."""
    table = """
[rules]
figures = true
forbid = true
hints = true
holes = true
percent = true
recipe = { en = "In short", zh = " 用法 " }
[rules.words.zh]
"损失" = ["loss", "Loss 值"]
"""
    rules, complaints = written(tmp_path, table)
    words: dict[str, Words] = {"zh": (("损失", ("loss", "Loss 值")),)}
    assert [] == complaints
    assert Rules(True, True, True, True, True, {"en": "In short", "zh": "用法"}, words) == rules


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("rules = 3", "rules is no table; write hints = true under [rules]"),
        (
            "rules.hint = true",
            "unknown key 'hint' in [rules]; known are figures, forbid, hints, holes, percent, recipe, words",
        ),
        ("rules.hints = 1", "hints in [rules] is neither true nor false; write one of them"),
        ('rules.recipe = "In short"', 'recipe in [rules] names no sections; write recipe = { en = "In short" }'),
        ('rules.recipe = { en = " " }', 'recipe in [rules] names no sections; write recipe = { en = "In short" }'),
        *(
            (
                f"rules.words = {value}",
                'words in [rules] is no table of terms; write token = ["词元"] under [rules.words.zh]',
            )
            for value in (
                "[]",
                "{ zh = [] }",
                '{ zh = { a = "b" } }',
                '{ zh = { a = [""] } }',
                '{ zh = { "" = ["b"] } }',
            )
        ),
    ],
)
def test_what_is_wrong_is_told_and_is_no_rule(tmp_path: Path, line: str, complaint: str) -> None:
    """In one line each."""
    assert (Rules(), [f"deck.toml:0: {complaint}"]) == written(tmp_path, f"{line}\n")
