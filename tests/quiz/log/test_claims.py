"""Claims: every deck has a log of its own, wherever its folder lies."""

import shutil
from pathlib import Path

from kb.deck.manifest import read_deck
from quiz.log.claims import FILE, log_id
from tests.conftest import CONTENT


def make_deck(folder: Path, name: str = "mine", id: str = "", entries: tuple[str, ...] = ("001-a", "002-b")) -> Path:
    """A deck that is only a form."""
    folder.mkdir(parents=True)
    mark = f'id = "{id}"\n' if id else ""
    (folder / "deck.toml").write_text(f'name = "{name}"\n{mark}languages = ["en"]\n')
    for entry in entries:
        (folder / entry).mkdir()
    return folder


def test_the_written_id_is_the_logs(tmp_path: Path) -> None:
    """The built-in deck's on every machine."""
    deck = read_deck(CONTENT)[0]
    assert deck.id == log_id(deck, tmp_path)


def test_without_one_the_name_makes_it(tmp_path: Path) -> None:
    """The same on another machine, in another folder; nothing is written into the deck."""
    first, second = make_deck(tmp_path / "a", "Mine, 我的"), make_deck(tmp_path / "b", "Mine, 我的")
    before = (first / "deck.toml").read_bytes()
    found = log_id(read_deck(first)[0], tmp_path / "one")
    assert found == log_id(read_deck(second)[0], tmp_path / "two")
    assert found.startswith("mine-")
    assert before == (first / "deck.toml").read_bytes()


def test_two_decks_that_claim_one_id_are_told_apart(tmp_path: Path, notices: list[str]) -> None:
    """Two without an id and of one name: told once, and each keeps its own for good."""
    first, second = (read_deck(make_deck(tmp_path / name))[0] for name in "ab")
    data = tmp_path / "data"
    ids = [log_id(deck, data, notices.append) for deck in (first, second, first, second)]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    assert 1 == len(notices)
    assert str(first.path) in notices[0]
    assert str(second.path) in notices[0]


def test_a_deck_that_was_made_from_another_is_told_apart(tmp_path: Path, notices: list[str]) -> None:
    """Its deck.toml was copied with the id; its entries are others, or its name is."""
    data = tmp_path / "data"
    decks = [
        make_deck(tmp_path / "a", id="mine-1234"),
        make_deck(tmp_path / "b", id="mine-1234", entries=("003-c", "004-d")),
        make_deck(tmp_path / "c", id="mine-1234", name="other"),
    ]
    assert 3 == len({log_id(read_deck(deck)[0], data, notices.append) for deck in decks})
    assert 2 == len(notices)


def test_a_second_installation_shares_the_log(tmp_path: Path, notices: list[str]) -> None:
    """The same deck in two places: the same id was written, and the entries are mostly the same."""
    data = tmp_path / "data"
    first = make_deck(tmp_path / "a", id="mine-1234")
    second = make_deck(tmp_path / "b", id="mine-1234", entries=("001-a", "002-b", "003-new"))
    assert {"mine-1234"} == {log_id(read_deck(deck)[0], data, notices.append) for deck in (first, second)}
    assert [] == notices


def test_a_deck_that_moved_keeps_its_log(tmp_path: Path, notices: list[str]) -> None:
    """And one that comes in its old place is another one."""
    data = tmp_path / "data"
    first = make_deck(tmp_path / "a")
    found = log_id(read_deck(first)[0], data, notices.append)
    shutil.move(first, tmp_path / "b")
    assert found == log_id(read_deck(tmp_path / "b")[0], data, notices.append)
    assert found != log_id(read_deck(make_deck(tmp_path / "a"))[0], data, notices.append)


def test_an_id_that_was_given_later_counts(tmp_path: Path, notices: list[str]) -> None:
    """As the notice advises; where the answers lie that were given before is told once."""
    data = tmp_path / "data"
    deck = make_deck(tmp_path / "a")
    before = log_id(read_deck(deck)[0], data, notices.append)
    (deck / "deck.toml").write_text('name = "mine"\nid = "mine-5678"\nlanguages = ["en"]\n')
    for _ in range(2):
        assert "mine-5678" == log_id(read_deck(deck)[0], data, notices.append)
    assert 1 == len(notices)
    assert f"kb log restore takes in what lies under {before}" in notices[0]


def test_where_no_claim_can_be_kept_the_id_is_the_same(tmp_path: Path) -> None:
    """Whoever only looks need not write."""
    deck = read_deck(make_deck(tmp_path / "a"))[0]
    (tmp_path / "data").write_text("in the way")
    assert log_id(deck, tmp_path / "data") == log_id(deck, tmp_path / "other")


def test_damaged_claims_are_made_anew(tmp_path: Path) -> None:
    """Whatever lies there."""
    deck = read_deck(make_deck(tmp_path / "a"))[0]
    found = log_id(deck, tmp_path)
    for junk in ("", "[1]", '{"a": 1}', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        (tmp_path / FILE).write_text(junk)
        assert found == log_id(deck, tmp_path)
