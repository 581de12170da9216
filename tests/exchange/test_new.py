"""A new entry: it passes the check and its own verification, in every language, and takes nobody's place."""

from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.errors import KbError
from kb.exchange.new_entry import PAGES, new_entry
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS
from tests.conftest import Kb


@pytest.mark.parametrize("language", sorted(PAGES))
def test_it_passes_the_check(language: str, tmp_path: Path) -> None:
    """In a deck that is made for it."""
    new_entry(tmp_path / "deck", 101, "scaled-rows", language)
    deck, complaints = read_deck(tmp_path / "deck")
    assert complaints == []
    assert deck.languages == (language,)
    assert check_deck(deck, KINDS) == []


def test_everything_in_it_runs(tmp_path: Path, kb: Kb) -> None:
    """Its snippet, its solutions, its key: as expected, none left out."""
    new_entry(tmp_path / "deck", 101, "scaled-rows", "en")
    done = kb("verify", "--deck", str(tmp_path / "deck"))
    assert done.returncode == 0, done.stdout
    assert "✓ 5 of 5 as expected" in done.stdout + done.stderr


def test_a_number_that_is_taken(deck: Path) -> None:
    """Nothing is written over; a number outside of the chapters is refused."""
    for number in (61, 5):
        with pytest.raises(KbError):
            new_entry(deck, number, "other", "en")
    assert [path.name for path in deck.iterdir() if path.is_dir()] == ["061-mean"]


@pytest.mark.parametrize("language", sorted(PAGES))
def test_the_steps_of_the_readme(language: str, tmp_path: Path, kb: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "I want to add an entry", to the letter: whoever changes nothing yet sees every step succeed."""
    monkeypatch.delenv("KB_TRUST")
    monkeypatch.setenv("KB_LANG", language)
    for command in (
        "new 101 layer-norm --deck mydeck",
        "trust mydeck --always --yes",
        "run 101 --deck mydeck",
        "check mydeck",
        "verify --deck mydeck --mutants --record",
        "verify --deck mydeck --mutants --changed",
    ):
        done = kb(*command.split(), cwd=tmp_path)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert (tmp_path / "mydeck" / "verified.json").is_file()
    assert " ✓ " in kb("list", "--deck", "mydeck", cwd=tmp_path).stdout
