"""The cache: whatever happened to its files between two starts, the answers are what the deck's files say."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.search.searcher import Searcher
from quiz.kinds.table import all_kinds
from tests.conftest import DECK, EN, write_entry
from tests.fuzz.hurting import spoilt

QUERIES = ("mean", "平均值", "batch -other", "均值是什么", "deck", "other")


@once
def made() -> Path:
    """A deck of two entries, its cache, and another deck's cache, made once."""
    folder = Path(tempfile.mkdtemp(prefix="kb-fuzz-"))
    for name in ("deck", "other"):
        deck = folder / name
        deck.mkdir()
        (deck / "deck.toml").write_text(DECK)
        (deck / "glossary.toml").write_text('same = [["mean", "average"]]\n')
        write_entry(deck)
        write_entry(deck, 62, name, en=EN.format(number=62).replace("of a batch", f"of the {name} batch"))
        answers(deck, folder / f"{name}-cache")
    return folder


def answers(deck: Path, cache: Path | None) -> list[Any]:
    """What a deck says of itself and what is found in it."""
    library = Library.open(deck, cache, all_kinds)
    try:
        searcher = Searcher.open(library, cache)
        return [
            library.summaries,
            library.items,
            library.broken,
            *(library.entry(number) for number in (61, 62)),
            *(library.text(number, language) for number in (61, 62) for language in ("en", "zh")),
            *(library.lines(number) for number in (61, 62)),
            *([(hit.summary, hit.passages) for hit in searcher.search(query).hits] for query in QUERIES),
        ]
    finally:
        library.close()


@once
def expected() -> list[Any]:
    """What the files say."""
    return answers(made() / "deck", None)


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the deck's cache, to be spoilt."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copytree(made() / "deck-cache", Path(folder) / "cache"))


def files_of(cache: Path) -> list[Path]:
    """Every file of a cache, in an order that does not depend on the names, which are drawn by lot."""
    return sorted((path for path in cache.rglob("*") if path.is_file()), key=lambda path: (path.suffix, path.name))


@settings(max_examples=50)
@given(st.data())
def test_spoilt(data: st.DataObject) -> None:
    """Files that were taken away, emptied, exchanged: the answers are the same. Bits that fell over: there are answers,
    and a word may have become another, for which neither SQLite nor the engine looks."""
    with copied() as cache:
        is_told = True
        for _ in range(data.draw(st.integers(1, 3))):
            files = files_of(cache)
            file, other = (files[data.draw(st.integers(0, 20)) % len(files)] for _ in range(2))
            match data.draw(st.sampled_from(["spoilt", "gone", "empty", "folder", "swapped", "read-only"])):
                case "spoilt":
                    file.write_bytes(data.draw(spoilt(file.read_bytes())))
                    is_told = False
                case "gone" if len(files) > 1:
                    file.unlink()
                case "empty":
                    file.write_bytes(b"")
                case "folder" if len(files) > 1:
                    file.unlink()
                    file.mkdir()
                case "swapped":
                    ours, theirs = file.read_bytes(), other.read_bytes()
                    file.write_bytes(theirs)
                    other.write_bytes(ours)
                case "read-only":
                    file.chmod(0o400)
        for _ in range(2):
            found = answers(made() / "deck", cache)
            assert len(expected()) == len(found)
            assert expected() == found or not is_told


@settings(max_examples=10)
@given(st.sampled_from(["decks", "indexes", "both"]))
def test_of_another_deck(part: str) -> None:
    """A cache that was made for another deck and bears this one's name."""
    with copied() as cache:
        other = made() / "other-cache"
        if part != "indexes":
            (ours,), (theirs,) = (list((folder / "decks").glob("*.db")) for folder in (cache, other))
            shutil.copyfile(theirs, ours)
        if part != "decks":
            (ours,), (theirs,) = (list((folder / "indexes").iterdir()) for folder in (cache, other))
            shutil.rmtree(ours)
            shutil.copytree(theirs, ours)
        assert expected() == answers(made() / "deck", cache)
