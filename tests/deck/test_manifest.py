"""Manifest: what a deck says of itself."""

from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.deck.manifest import ID, new_id, read_deck
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
