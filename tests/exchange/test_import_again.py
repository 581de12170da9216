"""Notes that are imported again: what the deck has is known, whatever its number, and what is new is added."""

from pathlib import Path

import pytest
from hypothesis import given

from kb.deck.library import Library
from kb.exchange.importing import Importer
from quiz.kinds.table import KINDS, all_kinds
from tests.exchange.test_import import LINES, brought

NOTES = {
    "numbered": "## 61. A?\n\na\n\n## 62. B?\n\nb\n",
    "not numbered": "## What is X?\n\nthis\n\n## Why?\n\nthat\n",
    "pairs": "Q: why?\nA: so\n\nQ: how?\nA: thus\n",
    "an article": "# How it works\n\nShort.\n\n## Parts\n\nmany\n",
    "begun again": "# One\n\n## 1. a\nx\n\n## 2. b\ny\n\n# Two\n\n## 1. c\nz\n\n## 2. d\nw\n",
    "the same number twice": "## 1. A?\n\na\n\n## 1. B?\n\nb\n\n## 2. C?\n\nc\n",
    "a title that is none": "## 1. ![](a.png)\n\na\n\n## 2. ![](b.png)\n\nb\n",
    "Chinese": "## 第61题：什么是张量？\n\n数组。\n\n## 第62题：为什么？\n\n因为。\n",
}


def files_of(deck: Path) -> dict[str, bytes]:
    """Every file of a deck."""
    return {str(path.relative_to(deck)): path.read_bytes() for path in deck.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", NOTES.values(), ids=NOTES)
def test_the_same_notes_add_nothing(text: str, tmp_path: Path) -> None:
    """However they are numbered, alone, twice at once, or among others."""
    once = brought(tmp_path, text)
    before = files_of(tmp_path / "deck")
    assert all(not entry.is_kept for entry in once.entries)
    other = "## 还有什么？\n\n没有了。\n" if text == NOTES["Chinese"] else "## Another?\n\nof its own\n"
    for texts in ((text,), (text, text), (other, text)):
        again = brought(tmp_path, *texts)
        assert [entry.is_kept for entry in again.entries].count(False) == (other in texts)
        assert before.items() <= files_of(tmp_path / "deck").items()
    brought(tmp_path, text, text, into="at once")
    assert files_of(tmp_path / "at once").keys() == before.keys()


@given(lines=LINES)
def test_whatever_the_notes_are(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second import of any text adds nothing."""
    folder = tmp_path_factory.mktemp("again")
    brought(folder, "\n".join(lines))
    before = files_of(folder / "deck")
    assert all(entry.is_kept for entry in brought(folder, "\n".join(lines)).entries)
    assert files_of(folder / "deck") == before


def test_files_that_share_numbers(tmp_path: Path) -> None:
    """What gave way to another number is known under that."""
    first, second = NOTES["numbered"], "## 61. C?\n\nc\n\n## 62. D?\n\nd\n"
    brought(tmp_path, first, second)
    before = files_of(tmp_path / "deck")
    again = brought(tmp_path, first, second)
    assert [(entry.number, entry.is_kept) for entry in again.entries] == [(n, True) for n in (61, 62, 63, 64)]
    assert files_of(tmp_path / "deck") == before


def test_changed_notes_are_added_once(tmp_path: Path) -> None:
    """A text that differs from what lies there gets a number of its own, which is told with the one it resembles."""
    brought(tmp_path, NOTES["numbered"])
    for is_kept in (False, True, True):
        importer = brought(tmp_path, NOTES["numbered"].replace("\nb\n", "\nbetter\n"))
        assert [(entry.number, entry.is_kept) for entry in importer.entries] == [(61, True), (63, is_kept)]
        if not is_kept:
            assert importer.entries[1].note == "62 has the same title and another text; this got 63"


def test_a_question_of_an_appendix_is_not_lost(tmp_path: Path) -> None:
    """An article that is there already, but for a question."""
    article = "# How it works\n\nShort.\n\n## Parts\n\nmany\n\n## Costs\n\nmore\n\n## Questions\n\n### 1. Why?\n\nso\n"
    brought(tmp_path, article)
    assert [entry.is_kept for entry in brought(tmp_path, article).entries] == [True]
    (added,) = brought(tmp_path, article + "\n### 2. How?\n\nthus\n").entries
    assert not added.is_kept
    assert "thus" in (tmp_path / "deck" / added.folder / "en.md").read_text()


ENGLISH = "## 1. What is a tensor?\n\nAn array.\n\n```python\nx = 1  # one\n```\n\n## 2. Why?\n\nSo.\n"
CHINESE = "## 1. 什么是张量？\n\n数组。\n\n```python\nx = 1  # 一\n```\n\n## 2. 为什么？\n\n因为。\n"


def test_a_translation_that_comes_later(tmp_path: Path) -> None:
    """It joins what it translates, and is known the next time."""
    brought(tmp_path, ENGLISH)
    manifest = tmp_path / "deck" / "deck.toml"
    text = manifest.read_text().replace('["en"]', '["en", "zh"]')
    manifest.write_text(text.replace("[areas]", 'zh = "笔记"\n[areas]'))
    joined = brought(tmp_path, CHINESE)
    assert [entry.note for entry in joined.entries] == [
        "the translation of 1: What is a tensor?",
        "the translation of 2: Why?",
    ]
    library = Library.open(tmp_path / "deck", None, all_kinds)
    assert [library.entry(n).summary.titles["zh"] for n in (1, 2)] == ["什么是张量？", "为什么？"]
    before = files_of(tmp_path / "deck")
    for texts in ((CHINESE,), (ENGLISH, CHINESE), (CHINESE, ENGLISH)):
        assert all(entry.is_kept for entry in brought(tmp_path, *texts).entries)
        assert files_of(tmp_path / "deck") == before


def test_the_order_of_the_files(tmp_path: Path) -> None:
    """A translation that is named first, of entries that are new to a deck."""
    brought(tmp_path, "## 9. Before?\n\nthis\n", "## 9. 之前？\n\n这个。\n")
    brought(tmp_path, CHINESE, ENGLISH)
    library = Library.open(tmp_path / "deck", None, all_kinds)
    assert [library.entry(n).summary.titles for n in (1, 2)] == [
        {"en": "What is a tensor?", "zh": "什么是张量？"},
        {"en": "Why?", "zh": "为什么？"},
    ]


def test_languages_of_the_same_letters(tmp_path: Path) -> None:
    """French and English cannot be told apart by them, and are named."""
    brought(tmp_path, "## 1. Quoi ?\n\nceci\n", language="fr")
    manifest = tmp_path / "deck" / "deck.toml"
    manifest.write_text(manifest.read_text().replace('["fr"]', '["fr", "en"]'))
    (joined,) = brought(tmp_path, "## 1. What?\n\nthis\n", language="en").entries
    assert joined.note == "the translation of 1: Quoi ?"
    assert (tmp_path / "deck" / joined.folder / "en.md").read_text().startswith("# 1. What?")


def test_both_languages_at_once_and_again(tmp_path: Path) -> None:
    """No Chinese text becomes the English one of another entry."""
    brought(tmp_path, ENGLISH, CHINESE)
    before = files_of(tmp_path / "deck")
    names = ["deck.toml", "en.md", "en.md", "snippet.py", "zh.md", "zh.md"]
    assert sorted(path.rpartition("/")[2] for path in before) == names
    assert all(entry.is_kept for entry in brought(tmp_path, ENGLISH, CHINESE).entries)
    assert files_of(tmp_path / "deck") == before


def test_code_of_a_translation(tmp_path: Path) -> None:
    """The script comes from the first language; what only the translation has is told."""
    importer = brought(tmp_path, ENGLISH, CHINESE.replace("x = 1", "y = 2"))
    translated = importer.reports[1].entries[0]
    assert [why for _, why in translated.code.left_out] == ["only the translation has it"]
    assert [entry.code.left_out for entry in brought(tmp_path, ENGLISH, CHINESE, into="same").entries] == [()] * 4


def test_a_text_in_another_language_that_translates_nothing(tmp_path: Path) -> None:
    """It stands where every entry has its text, and that is told once."""
    importer = brought(tmp_path, ENGLISH, "## 7. 只有中文？\n\n是。\n\n## 8. 还有呢？\n\n也是。\n")
    told = [remark for remark in importer.reports[1].remarks if "translation of none" in remark.message]
    assert [remark.line for remark in told] == [1]
    again = brought(tmp_path, "## 7. 别的？\n\n不。\n", language="zh")
    assert [entry.note for entry in again.entries] == ["7 is taken; it got 9"]


def test_a_translation_leads_nowhere_else(tmp_path: Path) -> None:
    """The folder of an entry that is a link gets nothing."""
    brought(tmp_path, ENGLISH, CHINESE)
    deck, outside = tmp_path / "deck", tmp_path / "outside"
    folder = next(path for path in deck.iterdir() if path.name.startswith("002-"))
    folder.rename(outside)
    (outside / "zh.md").unlink()
    folder.symlink_to(outside)
    importer = Importer(deck, [tmp_path / "notes-1.md"], "", KINDS)
    importer.write()
    assert [path.name for path in outside.iterdir()] == ["en.md"]
