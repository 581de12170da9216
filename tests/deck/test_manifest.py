"""Manifest: what a deck says of itself."""

import os
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.deck.manifest import ID, Chapter, Deck, new_id, read_deck, read_table
from kb.errors import UsageError
from quiz.kinds.table import all_kinds
from tests.conftest import CONTENT


def with_id(deck: Path, value: str) -> Path:
    """The deck with another line ``id = ...`` in its deck.toml; without one if the value is empty."""
    path = deck / "deck.toml"
    line = f"id = {value}" if value else ""
    path.write_text(path.read_text().replace('id = "small"', line))
    return deck


def test_a_deck_has_an_id(deck: Path, tmp_path: Path) -> None:
    """It is read, and kept with what was read of the deck."""
    with_id(deck, '"small-0123"')
    for _ in range(2):
        assert "small-0123" == Library.open(deck, tmp_path / "cache", all_kinds).deck.id
    assert [] == read_deck(deck)[1]


def test_a_deck_without_an_id_is_no_error(deck: Path) -> None:
    """Older decks have none."""
    with_id(deck, "")
    assert ("", []) == (read_deck(deck)[0].id, read_deck(deck)[1])


@pytest.mark.parametrize("value", ["3", '""', '"../a"', '"A"', '"a b"', '"-a"', f'"{"a" * 81}"'])
def test_what_can_name_no_folder_is_no_id(deck: Path, value: str) -> None:
    """The complaint gives one."""
    found, (complaint,) = read_deck(with_id(deck, value))
    assert "" == found.id
    assert 'write id = "small-' in complaint.message


def test_a_new_id_is_an_id_and_no_two_are_the_same() -> None:
    """Whatever the deck's name."""
    ids = {new_id(name) for name in ("Mine", "我的", "", "a" * 200, "a  b", "a  b")}
    assert 6 == len(ids)
    assert all(ID.fullmatch(one) and len(one) <= 80 for one in ids)
    assert ID.fullmatch(read_deck(CONTENT)[0].id)


def written(tmp_path: Path, table: str) -> tuple[Deck, list[str]]:
    """A deck with this deck.toml, and every complaint about it."""
    (tmp_path / "deck.toml").write_text(table)
    deck, complaints = read_deck(tmp_path)
    return deck, [str(one) for one in complaints]


MISSING = 'deck.toml:0: languages is missing; write languages = ["en", "zh"], the primary one first'


@pytest.mark.parametrize(
    ("value", "languages", "complaints"),
    [
        ('["en", "zh"]', ("en", "zh"), []),
        ('["zh-CN", "pt_BR"]', ("zh-CN", "pt_BR"), []),
        ('"zh"', ("zh",), [MISSING]),
        ("[]", ("en",), [MISSING]),
        ("3", ("en",), [MISSING]),
        ('["en", "en"]', ("en",), ["deck.toml:0: languages names something twice; once is enough"]),
    ],
)
def test_languages(tmp_path: Path, value: str, languages: tuple[str, ...], complaints: list[str]) -> None:
    """Names of languages, each once, the primary one first."""
    deck, found = written(tmp_path, f"languages = {value}\n")
    assert (languages, complaints) == (deck.languages, found)


@pytest.mark.parametrize(
    "name", ['""', '"../zh"', '"a/b"', '".."', '"zh\\n"', '"zh\\u0000"', "1", "[1]", '"a b"', "9" * 99]
)
def test_no_name_of_a_language(tmp_path: Path, name: str) -> None:
    """It names a file: nothing else may be in it. The others are read."""
    deck, (complaint,) = written(tmp_path, f'languages = [{name}, "zh"]\n')
    assert ("zh",) == deck.languages
    assert " in languages is no language's name; write en, zh or the like" in complaint
    assert len(complaint) < 200


CHAPTER = "{{ number = {0}, first = {1}, last = {2} }}"


@pytest.mark.parametrize(
    ("chapters", "kept", "complaint"),
    [
        ("3", [], "chapters is no list of tables; write [[chapters]] above each"),
        ("{ a = 1 }", [], "chapters is no list of tables; write [[chapters]] above each"),
        (f"[3, {CHAPTER.format(2, 1, 5)}]", [2], "chapter 1 lacks number, first or last; give whole numbers"),
        (f"[{CHAPTER.format('true', 1, 5)}]", [], "chapter 1 lacks number, first or last; give whole numbers"),
        (f"[{CHAPTER.format(1, 1.0, 5)}]", [], "chapter 1 lacks number, first or last; give whole numbers"),
        (f"[{CHAPTER.format(1, -1, 5)}]", [], "chapter 1 lacks number, first or last; give whole numbers"),
        (f"[{CHAPTER.format(1, 1, '9' * 400)}]", [], "chapter 1 lacks number, first or last; give whole numbers"),
        (f"[{CHAPTER.format(1, 9, 5)}]", [], "chapter 1 ends before it begins; make first the smaller one"),
        (
            f"[{CHAPTER.format(8, 5, 9)}, {CHAPTER.format(7, 1, 5)}]",
            [7, 8],
            "chapters 7 and 8 share topics; end one before the other begins",
        ),
    ],
)
def test_chapters(tmp_path: Path, chapters: str, kept: list[int], complaint: str) -> None:
    """What is wrong with one costs the one."""
    deck, found = written(tmp_path, f'languages = ["en"]\nchapters = {chapters}\n')
    assert (kept, [f"deck.toml:0: {complaint}"]) == ([chapter.number for chapter in deck.chapters], found)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("name = 3", 'name is no text; write name = "NAME"'),
        ("complete = 1", "complete is neither true nor false; write one of them"),
        ("titles = { en = 1 }", "titles is not a table of texts; write en = ... under [titles]"),
        ("areas = [1]", 'areas is not a table of names; write vision = { en = "Vision" } under [areas]'),
        ("x = 1", "unknown key 'x'; known are areas, chapters, complete, id, languages, name, rules, titles"),
    ],
)
def test_values_of_another_type(tmp_path: Path, line: str, complaint: str) -> None:
    """Each is told, and has its default."""
    deck, found = written(tmp_path, f'languages = ["en"]\n{line}\n')
    assert [f"deck.toml:0: {complaint.replace('NAME', tmp_path.name)}"] == found
    assert (tmp_path.name, {}, {}, False) == (deck.name, deck.titles, deck.areas, deck.complete)


def test_areas_that_can_be_read_are_read(tmp_path: Path) -> None:
    """Beside one that cannot."""
    deck, found = written(tmp_path, 'languages = ["en"]\n[areas]\na = { en = "A" }\nb = 3\n')
    assert ({"a": {"en": "A"}}, 1) == (deck.areas, len(found))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = [", "cannot be read: Invalid value"),
        (b"x = " + b"[" * 5_000, "cannot be read: nested too deep; mend it"),
        (b"x = " + b"9" * 5_000, "cannot be read: Exceeds the limit"),
        ("x = 1".encode("utf-16"), "cannot be read: saved as UTF-16; save it as UTF-8"),
        (b"x = '\xff'", "cannot be read: not UTF-8 at byte 5; save it as UTF-8"),
        (b"#" * 2_000_000, "cannot be read: larger than 1 MB; make it smaller"),
    ],
)
def test_table_that_cannot_be_read(tmp_path: Path, data: bytes, message: str) -> None:
    """Of the deck's own there is one line; of another file a complaint."""
    for name in ("deck.toml", "queries.toml"):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError) as caught:
        read_deck(tmp_path)
    assert message in str(caught.value)
    table, (complaint,) = read_table(tmp_path / "queries.toml")
    assert {} == table
    assert message.removeprefix("cannot be read: ").partition(";")[0] in complaint.message


def test_deck_is_kept_as_it_was_read(deck: Path, tmp_path: Path) -> None:
    """To the last value; what a damaged cache holds of it is read again."""
    for _ in range(2):
        library = Library.open(deck, tmp_path / "cache", all_kinds)
        assert read_deck(deck)[0] == library.deck
    names: list[object] = [["a", [], ["en"], {}, [[1, 2]], True, ""], ["a", {}, 3, {}, [], True, ""]]
    for damaged in ([], {}, 3, [1] * 7, *names):
        library.cache.keep("deck", damaged)
        library.close()
        library = Library.open(deck, tmp_path / "cache", all_kinds)
        assert read_deck(deck)[0] == library.deck
    assert [Chapter(7, 61, 70, {"en": "Chapter 7", "zh": "第 7 章"})] == list(library.deck.chapters)


def test_folder_whose_name_is_no_text(deck: Path) -> None:
    """A deck's path is kept and printed: it must be text."""
    odd = deck.rename(os.fsdecode(bytes(deck) + b"\xff"))
    with pytest.raises(UsageError, match="is no UTF-8; give the deck's folder another name"):
        Library.open(odd, None, all_kinds)
