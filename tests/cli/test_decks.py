"""Decks of one's own: listed by a name, searched with the built-in one, their entries named by it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.address import Address
from kb.deck.listed import NAME, TAKEN, addressed, read_listed, write_listed
from kb.errors import KbError, UsageError
from tests.conftest import Kb, only_json, write_entry


@pytest.fixture
def mine(deck: Path, kb: Kb) -> Path:
    """The small deck, listed as ``mine``, with an entry of its own."""
    write_entry(deck, 62, "zymurgy", en=_about("Zymurgy is the science of yeast"), zh="# 62. 酿造学\n\n讲酵母。\n")
    assert kb("decks", str(deck), "--name", "mine").returncode == 0
    return deck


def _about(sentence: str) -> str:
    return f"---\narea: training\nlevel: 1\ntags: []\n---\n\n# 62. Zymurgy\n\n{sentence}.\n"


def test_search_looks_there_too(mine: Path, kb: Kb) -> None:
    """Hits of the built-in deck come first, then those of each listed one under its name; where the built-in one has
    none, that is no failure."""
    told = kb("search", "mean").stdout
    assert "\nmine:\n" in told
    assert "61 " in told.partition("\nmine:\n")[2]
    only_there = kb("search", "zymurgy")
    assert only_there.returncode == 0
    assert only_there.stdout.startswith("mine:\n")
    found = only_json(kb("search", "zymurgy", "--json").stdout)
    assert [hit["number"] for hit in found["decks"]["mine"]["hits"]] == [62]
    assert "Zymurgy is the science" in kb("search", "zymurgy", "--open").stdout


def test_entries_are_named(mine: Path, kb: Kb) -> None:
    """By number or words behind the deck's name; plain numbers stay those of the built-in deck."""
    assert "Zymurgy" in kb("show", "mine:62").stdout
    assert "Zymurgy" in kb("show", "mine:zymurgy").stdout
    assert "Zymurgy" not in kb("show", "62").stdout
    assert "LSTM" in kb("show", "62").stdout
    assert kb("search", "mine:yeast").stdout.splitlines()[0].split()[0] == "62"
    assert kb("run", "mine:61").returncode == 0
    assert kb("verify", "mine:61").returncode == 0
    assert only_json(kb("list", "--deck", "mine", "--json").stdout)["entries"][0]["number"] == 61
    asked = kb("quiz", "--json", "mine:61", "--kind", "choice").stdout
    assert "61/which-value" in asked
    assert kb("suspend", "mine:61/which-value").returncode == 0
    assert "61/which-value" in kb("list", "--suspended", "--deck", "mine").stdout
    assert "61/which-value" not in kb("quiz", "--json", "mine:61", "--kind", "choice").stdout
    assert "nothing to forget" in kb("reset", "mine:61", "--yes").stderr
    for command in ("suspend", "flag"):
        assert "no question is named" in kb(command, "mine:").stderr


def test_what_is_named_wrongly_is_told(mine: Path, kb: Kb, tmp_path: Path) -> None:
    """One line, and what to do."""
    for arguments, line in (
        (("show", "mine:62", "--deck", str(mine)), "mine: and --deck name two decks"),
        (("decks", str(tmp_path)), "kb: "),
        (("decks", str(mine), "--name", "6"), "'6' is no name for a deck"),
        (("decks", str(mine), "--name", "tag"), "'tag' is no name for a deck"),
        (("decks", "other", "--drop"), "other is not listed"),
        (("decks", "--drop"), "no deck is named"),
    ):
        done = kb(*arguments)
        assert done.returncode == 2, done.stderr
        assert line in " ".join(done.stderr.split())


def test_a_listed_deck_that_is_gone_hinders_nothing(mine: Path, kb: Kb) -> None:
    """The built-in deck is searched, and what is wrong is told."""
    mine.rename(mine.with_name("elsewhere"))
    done = kb("search", "lstm")
    assert done.returncode == 0
    assert "kb: mine: " in done.stderr
    assert kb("decks", "mine", "--drop").returncode == 0
    assert "kb: " not in kb("search", "lstm").stderr


def test_check_holds_them_all(mine: Path, kb: Kb) -> None:
    """Without a folder: the built-in deck, and each that is listed, its files by its name."""
    (mine / "062-zymurgy" / "en.md").write_text("no title\n")
    done = kb("check")
    assert done.returncode == 1
    assert "mine:\n" in done.stdout
    complaints = only_json(kb("check", "--json").stdout)["complaints"]
    assert {one["path"].partition(":")[0] for one in complaints} == {"mine"}
    assert kb("check", str(Path("content").absolute())).returncode == 0


def test_lists(mine: Path, kb: Kb, deck: Path) -> None:
    """By name; one deck has one name."""
    assert only_json(kb("decks", "--json").stdout)["decks"] == [{"name": "mine", "path": str(mine)}]
    assert kb("decks", str(mine), "--name", "other").returncode == 0
    assert kb("decks").stdout == f"other: {mine}\n"
    assert kb("decks", "other:", "--drop").returncode == 0
    assert "no deck is listed" in kb("decks").stderr


@pytest.mark.parametrize(
    "text", ["[decks", "decks = 1", "[decks]\n61 = 'a'", "[decks]\na = 1", "[decks]\na = ''", "\xff"]
)
def test_a_list_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    """It says how it is written."""
    file = tmp_path / "decks.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(KbError, match=r"write \[decks\], and below it"):
        read_listed(file)


NAMES = st.from_regex(NAME, fullmatch=True).filter(lambda name: name not in TAKEN)
FOLDERS = st.text(st.characters(exclude_characters="\0~", exclude_categories=["Cs"]), min_size=1).map(
    lambda text: f"/{text}"
)


@given(decks=st.dictionaries(NAMES, FOLDERS.map(Path), max_size=5))
def test_what_is_written_is_read(decks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the folders are called."""
    file = tmp_path_factory.mktemp("list") / "decks.toml"
    write_listed(file, decks)
    assert read_listed(file) == decks


@given(words=st.lists(st.text()))
def test_words_without_a_listed_name_stay(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """To the letter."""
    assert addressed(words, tmp_path_factory.mktemp("none") / "decks.toml") == (words, "")


def test_names_before_words(tmp_path: Path) -> None:
    """Of one deck at a time."""
    file = tmp_path / "decks.toml"
    write_listed(file, {"a": tmp_path, "b": tmp_path / "b"})
    assert addressed(["a:12", "13", "a:layer norm"], file) == (["12", "13", "layer norm"], "a")
    assert addressed(["a:"], file) == ([], "a")
    assert addressed(["tag:a", "c:12"], file) == (["tag:a", "c:12"], "")
    with pytest.raises(UsageError, match="a and b are two decks"):
        addressed(["a:12", "b:13"], file)


def test_how_a_deck_is_named_in_a_command() -> None:
    """Behind the command, with the entry, which may have the number 0, or without."""
    for address, told in (
        (Address(), (" 12", " 0", "")),
        (Address(name="mine"), (" mine:12", " mine:0", " mine:")),
        (Address(folder="a b"), (" 12 --deck 'a b'", " 0 --deck 'a b'", " --deck 'a b'")),
    ):
        assert (address.of(12), address.of(0), address.of()) == told


def test_a_slip_in_a_name_is_no_other_entry(tmp_path: Path) -> None:
    """A number behind a name that is not listed is refused where entries are named; in a search it is words."""
    file = tmp_path / "decks.toml"
    write_listed(file, {"notes": tmp_path})
    with pytest.raises(UsageError, match="no deck nots is listed; write notes:12"):
        addressed(["nots:12"], file)
    with pytest.raises(UsageError, match="no deck cuda is listed; kb decks shows those that are"):
        addressed(["notes:12", "cuda:0"], file)
    for words in (["nots:lstm"], ["cuda:0", "is", "full"], ["level:1"], ["1:2"]):
        assert addressed(words, file) == (words, "")
    assert addressed(["nots:12"], file, only_entries=False) == (["nots:12"], "")


def test_a_name_without_words(kb: Kb, deck: Path) -> None:
    """Nothing is looked for, and that is said."""
    kb("decks", str(deck), "--name", "own")
    done = kb("search", "own:")
    assert (done.returncode, done.stderr) == (
        2,
        "kb: the query is empty; give words to look for: kb search lstm\n",
    )


@pytest.mark.parametrize("is_listed", [True, False])
def test_what_is_to_be_typed_names_the_deck(
    kb: Kb, deck: Path, monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    """A command that is told goes on in the same deck: as it is listed, as its folder was named, or by itself."""
    place = deck.parent / "my notes"
    deck.rename(place)
    if is_listed:
        kb("decks", str(place), "--name", "mine")
    entry, whole = (" mine:61", " mine:") if is_listed else (f" 61 --deck '{place}'", f" --deck '{place}'")
    shown = kb("show", "61", "--deck", str(place)).stdout
    assert f"kb quiz{entry}\n" in shown
    assert f"kb verify{entry} runs it" in " ".join(shown.split())
    assert f"kb show{entry} · kb run{entry}\n" in kb("show", "61", "--short", "--deck", str(place)).stdout
    assert f"kb run{entry} --edit makes one" in kb("run", "61", "--mine", "--deck", str(place)).stderr
    (place / "062-broken").mkdir()
    assert f"kb check{whole} names them" in kb("list", "--deck", str(place)).stderr
    assert "062-broken" in kb("check", "mine:" if is_listed else str(place)).stdout
    monkeypatch.setenv("KB_DECK", str(place))
    assert "kb quiz 61\n" in kb("show", "61").stdout
