"""Files that nobody means well with, or that nobody looked at: a clear error or a correct import, nothing outside."""

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from kb.deck.library import Library
from kb.deck.manifest import Deck
from kb.deck.markdown import read_markdown
from kb.deck.page import parse_page
from kb.deck.quiz_section import join_items
from kb.errors import KbError
from kb.exchange.note_parts import take_apart
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import Kb, only_json
from tests.exchange.test_import import brought
from tests.fuzz.hurting import sound_texts


def everything_in(folder: Path) -> set[Path]:
    """Whatever lies below a folder, links as such."""
    return set(folder.rglob("*"))


def test_a_file_of_200_mb(kb: Kb, tmp_path: Path) -> None:
    """It is refused in one line, at once, and no deck is begun."""
    path = tmp_path / "large.md"
    with path.open("wb") as file:
        file.write(b"## 1. A?\n\na\n")
        file.truncate(200_000_000)
    done = kb("import", str(path), "--into", str(tmp_path / "deck"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"kb: {path} is larger than 50 MB; split it into several files\n"
    assert not (tmp_path / "deck").exists()


def test_a_pipe_and_a_device(kb: Kb, tmp_path: Path) -> None:
    """Nothing is waited for, and nothing without an end is read."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        done = kb("import", str(path), "--into", str(tmp_path / "deck"), timeout=60)
        assert done.returncode == 1, path
        assert len(done.stderr.splitlines()) == 1, path


FORMS = {
    "numbered": ("## {at}. A?", "a"),
    "chapters": ("# Chapter {at}", "", "## {at}. A?", "a"),
    "plain": ("## A {at}", "a"),
    "asking": ("## A {at}?", "a"),
    "bold": ("**{at}. A?**", "a"),
    "asked": ("**Q:** A {at}?", "**A:** a"),
    "folded": ("<details><summary>{at}. A?</summary>", "a", "</details>"),
    "unclosed": ("## {at}. A", "```python", "a"),
    "anew": ("## {digit}. A", "a"),
    "shuffled": ("## {shuffled}. A", "a"),
    "comments": ("<!-- {at}", "# a -->"),
    "underlined": ("{at}. A?", "----", "", "a"),
    "listed": ("- {at}. A?", ""),
    "nothing": ("# a", ""),
}
"""Notes that consist of one thing."""


@pytest.mark.parametrize("form", FORMS)
def test_many_headings_take_time_in_proportion(form: str) -> None:
    """Four times as many take about four times as long, whatever they are: 100,000 are taken apart in seconds."""

    def seconds(count: int) -> float:
        lines = [
            line.format(at=at, digit=at % 10, shuffled=at * 7919 % 100_003)
            for at in range(count)
            for line in FORMS[form]
        ]
        start = time.process_time()
        take_apart(lines, "notes")
        return time.process_time() - start

    few, many = (min(seconds(count) for _ in range(3)) for count in (2_000, 16_000))
    assert many < 24 * few + 0.05


@pytest.mark.parametrize(
    "repeated",
    ["## Section {at}", "## Section", "## Quiz\n\n### item-{at}\n\nWhy?", "### item\n\nWhy?\n\n> Hint", "- [x] a"],
    ids=["sections", "same", "quizzes", "hints", "options"],
)
def test_long_pages_take_time_in_proportion(repeated: str) -> None:
    """An entry of a megabyte may consist of one thing, too."""
    deck = Deck(Path(), "", {}, ("en",), {}, ())

    def seconds(count: int) -> float:
        lines = "\n\n".join(repeated.format(at=at) for at in range(count))
        read_markdown.cache_clear()
        start = time.process_time()
        drafts = parse_page(f"# 1. T\n\n## Quiz\n\n### first\n\n{lines}\n", "", "en", deck, KINDS).drafts
        join_items(1, {"en": drafts, "zh": drafts}, {"en": "", "zh": ""}, KINDS)
        return time.process_time() - start

    few, many = (min(seconds(count) for _ in range(2)) for count in (500, 4_000))
    assert many < 24 * few + 0.05


def test_a_hundred_thousand_headings(tmp_path: Path) -> None:
    """As one entry, which they are without numbers: too large for one, and told so line by line."""
    importer = brought(tmp_path, "\n\n".join(f"## Heading {at}" for at in range(100_000)))
    report = importer.reports[0]
    assert len(report.entries) * 100_000 + len(report.loose) >= 100_000
    assert "larger than" in report.loose[0].why


@pytest.mark.parametrize(
    "deep",
    [
        ">" * 10_000 + " deep",
        "- " * 10_000 + "deep",
        "\n".join(" " * (2 * at) + "- deep" for at in range(900)),
        "*" * 10_000 + "deep" + "*" * 10_000,
        "[" * 10_000 + "deep",
        "$" + "{" * 10_000 + "$ deep",
        "<div>" * 10_000 + "deep",
        "`" * 10_000 + "deep",
        "```python\n" + "(" * 10_000 + "deep\n```",
    ],
    ids=["quotes", "items", "indented", "stars", "brackets", "braces", "html", "ticks", "code"],
)
def test_nesting_without_end(kb: Kb, tmp_path: Path, deep: str) -> None:
    """It is kept to the letter, can be shown, and takes no minutes."""
    path = tmp_path / "notes.md"
    path.write_text(f"## 61. Deep?\n\n{deep}\n\n## 62. Next?\n\nb\n", encoding="utf-8")
    deck = tmp_path / "deck"
    assert kb("import", str(path), "--into", str(deck), timeout=60).returncode == 0
    assert deep.split("\n")[0].strip() in next(deck.glob("061-*/en.md")).read_text(encoding="utf-8")
    assert kb("show", "61", "--deck", str(deck), timeout=60).returncode == 0
    assert len(only_json(kb("list", "--deck", str(deck), "--json").stdout)["entries"]) == 2
    assert kb("export", "html", "--deck", str(deck), "--out", str(tmp_path / "site"), timeout=60).returncode == 0


@settings(max_examples=60)
@given(title=sound_texts())
def test_no_title_leads_out(title: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever an entry is called, its folder has a plain name in the deck, and nothing else is written."""
    folder = tmp_path_factory.mktemp("notes")
    brought(folder, f"## 61. {title}\n\n[a](../../etc/passwd) ![](../../etc/shadow)\n".encode("utf-8", "replace"))
    assert {path.name for path in folder.iterdir()} == {"notes-0.md", "deck"}
    for path in everything_in(folder / "deck"):
        assert re.fullmatch(r"deck\.toml|\d{3}-[a-z0-9-]+(/(en|zh)\.md)?", path.relative_to(folder / "deck").as_posix())
    Library.open(folder / "deck", None, all_kinds)


def test_names_with_control_characters(kb: Kb, tmp_path: Path) -> None:
    """Names of files and folders are told without what a terminal would obey, and make a deck that can be read."""
    path = tmp_path / "no\x1b[31m\n tes\u202e.md"
    path.write_text("Text without a heading.\n", encoding="utf-8")
    deck = tmp_path / "de\x1b]0;ck\U000e0001"
    done = kb("import", str(path), "--into", str(deck))
    assert done.returncode == 0, done.stderr
    assert not set("\x1b\u202e") & set(done.stdout + done.stderr)
    assert len(only_json(kb("list", "--deck", str(deck), "--json").stdout)["entries"]) == 1
    assert kb("check", str(deck)).returncode == 0


def test_links_that_leave_the_deck(kb: Kb, tmp_path: Path) -> None:
    """Nothing is written through a link in a deck, and what it leads to is no part of an export."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "en.md").write_text("# 63. Outside\n\nsecret\n", encoding="utf-8")
    brought(tmp_path, "## 61. A\n\na\n")
    deck = tmp_path / "deck"
    (deck / "063-outside").symlink_to(outside)
    (deck / "062-loop").symlink_to(deck)
    before = {path: path.read_bytes() for path in everything_in(outside) if path.is_file()}
    brought(tmp_path, "## 62. B\n\nb\n\n## 63. C\n\nc\n")
    whole = tmp_path / "deck.json"
    assert kb("export", "json", "--deck", str(deck), "--out", str(whole)).returncode == 0
    assert kb("import", str(whole), "--into", str(deck)).returncode == 0
    assert before == {path: path.read_bytes() for path in everything_in(outside)}
    made = {path.name for path in deck.iterdir() if path.is_dir() and not path.is_symlink()}
    assert made == {"061-a", "064-b", "065-c"}


@pytest.mark.parametrize("target", ["deck.toml", "nowhere"])
def test_a_deck_whose_table_is_a_link(tmp_path: Path, target: str) -> None:
    """One that leads nowhere is no place to write a deck to."""
    deck = tmp_path / "deck"
    deck.mkdir()
    (deck / "deck.toml").symlink_to(tmp_path / target)
    with pytest.raises(KbError):
        brought(tmp_path, "## 61. A\n\na\n")
    assert not (tmp_path / target).exists()
    assert [path.name for path in deck.iterdir()] == ["deck.toml"]
