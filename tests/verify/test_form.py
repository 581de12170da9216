"""kb check: what does not fit between the files of a deck."""

from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS
from tests.conftest import EN, SNIPPET, ZH, write_entry


def check(deck: Path) -> list[str]:
    """Every complaint as a line."""
    return [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]


def test_complete_deck_is_clean(deck: Path) -> None:
    """Nothing is said of a deck that keeps the rules."""
    assert check(deck) == []


def replaced(text: str, old: str, new: str) -> str:
    """A text with a piece replaced that must be there."""
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    total = sum(values)\n", "    total = sum(list)\n", "en.md:18: the code is no run of lines of snippet.py"),
        ("(snippet.py).\n\n## How", "(snippet.py). See [70](../070-x/zh.md).\n\n## How", "a link to zh.md in a text"),
        ("Add the values", "Add [the](../999-x/en.md) values", "a link to 999-x, which is not in the deck"),
        ("Add the values", "Add [the](notes.txt) values", "a link to 'notes.txt'; link to snippet.py"),
        ("related: [62]", "related: [99]", "related names 99, which is in none of the deck's chapters"),
        ("### mean-by-hand", "### mean-by-head", "item 'mean-by-head' has no hole"),
        ("return statistics.fmean(values)", "return (", "right solution 1 of 'mean-by-hand' is not Python"),
        ("return sum(values)\n", "total = sum(values)\nreturn total / len(values)\n", "is the snippet's own"),
        ("return sum(values)\n", "return sorted(values)[len(values)//2]\n", "stands there twice"),
        ("print(12 // 4)", "print(12 // )", "the answer block of 'counted' is not Python"),
        ("```python wrong\nreturn sum(values)\n```\n\n", "", "item 'mean-by-hand' has 2 wrong solutions; 3 are needed"),
        ("```python proof\nassert sum([1, 2, 6]) / 3 == 3\n```\n", "", "no choice item has a proof"),
    ],
)
def test_breach_in_english(deck: Path, old: str, new: str, expected: str) -> None:
    """Each breach of the primary file is told."""
    write_entry(deck, en=replaced(EN.format(number=61), old, new))
    found = check(deck)
    assert any(expected in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("先求和，再", "先求和, 再", "half-width punctuation in Chinese"),
        ("一个 batch 的均值是", "一个batch的均值是", "zh.md:1:"),
        ("- [x] 介于最小值与最大值之间。", "- [x] 介于最小值(min)与最大值之间。", "half-width parentheses"),
    ],
)
def test_breach_in_chinese(deck: Path, old: str, new: str, expected: str) -> None:
    """Typography is checked in titles, texts and options."""
    write_entry(deck, zh=replaced(ZH.format(number=61), old, new))
    assert any(expected in one for one in check(deck)), check(deck)


def test_files_that_belong_to_nothing(deck: Path) -> None:
    """Stray files and folders, a missing output, a number given twice."""
    (deck / "notes.txt").write_text("x")
    (deck / "drafts").mkdir()
    (deck / "061-mean" / "old.md").write_text("x")
    (deck / "061-mean" / "output.txt").unlink()
    write_entry(deck, 61, "second")
    text = "\n".join(check(deck))
    for expected in (
        "notes.txt:0: an unexpected file",
        "drafts:0: no entry's folder",
        "061-mean/old.md:0: an unexpected file",
        "061-mean/output.txt:0: missing; kb verify --record writes it",
        "061-second:0: 061-mean has the number 61 too",
    ):
        assert expected in text


def test_hole_without_an_item(deck: Path) -> None:
    """A hole that no code item fills is told."""
    snippet = replaced(SNIPPET, 'print("step=1', '# hole: lonely\nx = 1\n# end\nprint("step=1')
    write_entry(deck, snippet=snippet)
    assert any("hole 'lonely' has no code item" in one for one in check(deck))


def test_title_with_another_number(deck: Path) -> None:
    """Folder and title must agree."""
    write_entry(deck, en=replaced(EN.format(number=61), "# 61.", "# 62."))
    assert any("the title says 62, the folder 61" in one for one in check(deck))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "small"', 'name = "small"\ncolour = 1', "unknown key 'colour'"),
        ("first = 61\n", "", "chapter 1 lacks number, first or last"),
        ('languages = ["en", "zh"]', "", "languages is missing"),
    ],
)
def test_breach_in_the_deck_file(deck: Path, old: str, new: str, expected: str) -> None:
    """deck.toml is checked too."""
    path = deck / "deck.toml"
    path.write_text(replaced(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")
    assert any(expected in one for one in check(deck)), check(deck)


@pytest.mark.parametrize("name", ["glossary.toml", "symptoms.toml", "messages.toml", "queries.toml"])
def test_breach_in_a_loose_file(deck: Path, name: str) -> None:
    """Each is read, and what is wrong with it is told under its name."""
    (deck / name).write_text("odd = 1\n", encoding="utf-8")
    assert any(one.startswith(f"{name}") and "unknown key 'odd'" in one for one in check(deck)), check(deck)


def test_loose_deck_needs_less(tmp_path: Path) -> None:
    """A deck of one's own may do with a title, a gist and an area."""
    (tmp_path / "deck.toml").write_text('name = "mine"\nlanguages = ["en"]\n')
    folder = tmp_path / "001-note"
    folder.mkdir()
    (folder / "en.md").write_text("---\narea: any\nlevel: 1\n---\n\n# 1. What?\n\nThis.\n")
    assert check(tmp_path) == []
