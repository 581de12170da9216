"""Folders: whatever lies in one takes itself down, and every other entry is listed, shown and searched."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.deck.folder import load_entry
from kb.deck.kind import Kinds
from kb.deck.library import Library
from kb.deck.manifest import Deck, entry_folders, number_of, read_deck
from kb.deck.page import Page, parse_page
from kb.errors import UsageError
from kb.search.searcher import Searcher
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import EN, SNIPPET, write_entry


def in_place(name: str, put: Callable[[Path], object]) -> Callable[[Path], None]:
    """Puts something in the place of a file of an entry."""

    def do(folder: Path) -> None:
        (folder / name).unlink()
        put(folder / name)

    return do


def loop(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path.name)


def dead_link(path: Path) -> None:
    """A link to nothing."""
    path.symlink_to("nowhere")


def file_for_folder(folder: Path) -> None:
    """A file of an entry's name."""
    shutil.rmtree(folder)
    folder.write_text("x")


def loop_for_folder(folder: Path) -> None:
    """A link of an entry's name to itself."""
    shutil.rmtree(folder)
    loop(folder)


def bytes_for_name(folder: Path) -> None:
    """A file whose name is no UTF-8."""
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe")).write_text("x")


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "dead link": (in_place("en.md", dead_link), "062-broken/en.md:0: a link that leads nowhere"),
    "dead link for a file that may be missing": (
        in_place("output.txt", dead_link),
        "062-broken/output.txt:0: a link that leads",
    ),
    "loop": (in_place("zh.md", loop), "062-broken/zh.md:0: cannot be read: Too many levels of symbolic links"),
    "pipe": (in_place("en.md", os.mkfifo), "062-broken/en.md:0: not an ordinary file"),
    "pipe for a snippet": (in_place("snippet.py", os.mkfifo), "062-broken/snippet.py:0: not an ordinary file"),
    "folder": (in_place("snippet.py", Path.mkdir), "062-broken/snippet.py:0: cannot be read: Is a directory"),
    "folder for a text": (in_place("en.md", Path.mkdir), "062-broken/en.md:0: cannot be read: Is a directory"),
    "large": (
        in_place("snippet.py", lambda path: path.write_bytes(b"#" * 10_000_000)),
        "062-broken/snippet.py:0: larger than 1 MB; make it smaller",
    ),
    "UTF-16": (
        in_place("zh.md", lambda path: path.write_text("# 62.", encoding="utf-16")),
        "062-broken/zh.md:0: saved as UTF-16; save it as UTF-8",
    ),
    "file for a folder": (file_for_folder, "062-broken:0: an unexpected file; move it out of the deck"),
    "loop for a folder": (loop_for_folder, "062-broken:0: an unexpected file; move it out of the deck"),
    "name of bytes": (bytes_for_name, "062-broken/\\xff\\xfe:0: an unexpected file"),
    "wrong value": (
        in_place("en.md", lambda path: path.write_text(EN.format(number=62).replace("training", "[training]"))),
        "062-broken/en.md:2: unknown area '[training]'",
    ),
    "deep value": (
        in_place("en.md", lambda path: path.write_text(EN.format(number=62).replace("training", "[" * 100_000))),
        "062-broken/en.md:1: the front matter is nested too deep",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_broken_folder(deck: Path, tmp_path: Path, damage: str) -> None:
    """It is told, and the sound entry beside it is listed, shown and found; a cache makes no difference."""
    spoil, expected = DAMAGE[damage]
    spoil(write_entry(deck, 62, "broken"))
    found = [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]
    assert [one for one in found if expected in one], found
    assert [one for one in found if "061" in one] == []
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        library = Library.open(deck, cache, all_kinds)
        assert 61 in library.by_number
        assert library.entry(61).text("zh").title == "一个 batch 的均值是什么？"
        assert 61 in [hit.summary.number for hit in Searcher.open(library, cache).search("batch", every=True).hits]


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path, within: str = "") -> None:
    """What the system answers to everybody but root of a folder that may not be looked into."""

    def refused(genuine: Callable[..., object]) -> Callable[..., object]:
        def ask(path: object, *rest: object, **named: object) -> object:
            if str(path) == str(folder) or (within and str(path).startswith(f"{folder}{within}")):
                raise PermissionError(13, "Permission denied", str(path))
            return genuine(path, *rest, **named)

        return ask

    for name in ("scandir", "listdir", "open"):
        monkeypatch.setattr(os, name, refused(getattr(os, name)))


def test_folder_that_may_not_be_looked_into(deck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once for the folder, and hides nothing else."""
    write_entry(deck, 62, "broken")
    refuse(monkeypatch, deck / "062-broken", within="/")
    found = [str(one) for one in check_deck(read_deck(deck)[0], KINDS) if "output" not in str(one)]
    assert found == ["062-broken:0: cannot be read: Permission denied; mend it"]
    assert list(Library.open(deck, None, all_kinds).by_number) == [61]


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (RecursionError(), "061-mean/en.md:0: nested too deep; write it flatter"),
        (
            ValueError("of a parser"),
            "061-mean/en.md:0: cannot be read (ValueError: of a parser); write it more plainly",
        ),
    ],
)
def test_what_nobody_foresaw(deck: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, message: str) -> None:
    """Whatever a parser raises costs the file that it read."""
    write_entry(deck, 62, "other")

    def parse(source: str, path: str, language: str, deck: Deck, kinds: Kinds) -> Page:
        if path == "061-mean/en.md":
            raise raised
        return parse_page(source, path, language, deck, kinds)

    monkeypatch.setattr("kb.deck.folder.parse_page", parse)
    assert [message] == [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]
    assert list(Library.open(deck, None, all_kinds).by_number) == [62]


def test_an_interruption_is_not_caught(deck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a reading."""

    def parse(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("kb.deck.folder.parse_page", parse)
    with pytest.raises(KeyboardInterrupt):
        load_entry(deck / "061-mean", read_deck(deck)[0], KINDS)


def test_two_folders_of_one_number(deck: Path, tmp_path: Path) -> None:
    """Lists and searches show the first, whole; the check names both."""
    write_entry(deck, 61, "again", en=EN.format(number=61).replace("of a batch", "of a wombat"))
    shutil.copy(deck / "061-mean" / "zh.md", deck / "061-again" / "zh.md")
    (deck / "061-again" / "zh.md").unlink()
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        library = Library.open(deck, cache, all_kinds)
        assert [summary.folder for summary in library.summaries] == ["061-again"]
        assert library.text(61, "zh").title == "What is the mean of a wombat?"
        assert len(library.items) == len(library.entry(61).items)
        hits = Searcher.open(library, cache).search("mean", every=True).hits
        assert [hit.summary.folder for hit in hits] == ["061-again"]
    assert "061-mean:0: 061-again has the number 61 too; give each its own" in map(
        str, check_deck(read_deck(deck)[0], KINDS)
    )
    shutil.rmtree(deck / "061-again")
    library = Library.open(deck, tmp_path / "cache", all_kinds)
    assert [summary.folder for summary in library.summaries] == ["061-mean"]
    hits = Searcher.open(library, tmp_path / "cache").search("mean", every=True).hits
    assert [hit.summary.folder for hit in hits] == ["061-mean"]


def test_of_two_folders_the_first_that_can_be_read(deck: Path) -> None:
    """A broken one hides nothing."""
    (write_entry(deck, 61, "again") / "en.md").unlink()
    assert [summary.folder for summary in Library.open(deck, None, all_kinds).summaries] == ["061-mean"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("061-mean", 61),
        ("1061-mean", 1061),
        ("000-x", 0),
        ("0061-mean", None),
        ("61-mean", None),
        ("٠٦١-mean", None),
        ("061-mean\n", None),
        (f"{'9' * 9}-x", 999_999_999),
        (f"{'9' * 10}-x", None),
        (f"{'9' * 200}-x", None),
    ],
)
def test_name_of_a_folder(name: str, number: int | None) -> None:
    """Each number is written in one way, and is no larger than what can be kept."""
    assert number == number_of(name)


def test_deck_that_may_not_be_looked_into(deck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line."""

    refuse(monkeypatch, deck)
    for ask in (lambda: Library.open(deck, None, all_kinds), lambda: check_deck(read_deck(deck)[0], KINDS)):
        with pytest.raises(UsageError, match="deck cannot be read: Permission denied; mend it"):
            ask()


def test_folders_of_entries(deck: Path) -> None:
    """By name; what is no folder is none."""
    write_entry(deck, 7, "early")
    (deck / "008-file").write_text("x")
    dead_link(deck / "009-link")
    assert ["007-early", "061-mean"] == [path.name for path in entry_folders(deck)]


def test_mark_of_an_editor_is_no_mistake(deck: Path) -> None:
    """In any file of a deck."""
    (deck / "queries.toml").write_text('query = [{ text = "mean", kind = "api", entries = [61] }]\n' * 1)
    (deck / "glossary.toml").write_text('same = [["a", "b"]]\n')
    (deck / "verified.json").write_text('{"schema": 1, "records": []}\n')
    before = [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]
    for path in deck.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert before == [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]
    snippet = Library.open(deck, None, all_kinds).entry(61).snippet
    assert snippet is not None
    assert SNIPPET == snippet.source
