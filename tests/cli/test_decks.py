"""Decks of one's own: listed by a name, searched with the built-in one, their entries named by it."""

import os
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from kb.cli.opening import open_desk
from kb.cli.verify import command as verify
from kb.deck.address import Address
from kb.deck.listed import NAME, TAKEN, addressed, read_listed, write_listed
from kb.errors import KbError, UsageError
from quiz.home import show_others
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
    assert only_json(kb("decks", "--json").stdout)["decks"] == [{"name": "mine", "path": str(mine), "is_there": True}]
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
    for words in (["my nots:12"], ["笔记:12/which"]):
        with pytest.raises(UsageError, match=r"no deck .* is listed; "):
            addressed(words, file)
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


NOTES = "# 7. What is a leaf?\n\nA tensor that nobody computed.\n"


def test_a_listed_name_is_where_new_entries_go(mine: Path, kb: Kb, tmp_path: Path) -> None:
    """For ``kb import --into`` and ``kb new --deck`` as for every other command: a path that is there comes first, then
    the listed deck; with a colon it is always that."""
    (mine / "deck.toml").write_text((mine / "deck.toml").read_text().replace("first = 61", "first = 1"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.md").write_text(NOTES)
    assert kb("new", "63", "third", "--deck", "mine", cwd=other).returncode == 0
    assert kb("new", "64", "fourth", "--deck", "mine:", cwd=other).returncode == 0
    assert kb("new", "65", "fifth", cwd=other, environ={"KB_DECK": "mine"}).returncode == 0
    assert kb("import", "notes.md", "--into", "mine", "--written-in", "en", cwd=other).returncode == 0
    assert [path.name for path in other.iterdir()] == ["notes.md"]
    assert {63, 64, 65, 7} <= {int(path.name[:3]) for path in mine.iterdir() if path.is_dir()}
    (other / "mine").mkdir()
    for word, place in (("mine", other / "mine"), ("mine:", mine)):
        assert kb("new", "66", "sixth", "--deck", word, cwd=other).returncode == 0
        assert (place / "066-sixth").is_dir()
    for command in (("new", "1", "a", "--deck", "mien:"), ("import", "notes.md", "--into", "mien:")):
        done = kb(*command, cwd=other)
        assert (done.returncode, done.stderr) == (2, "kb: no deck mien is listed; kb decks shows those that are\n")
    assert kb("list", cwd=other, environ={"KB_DECK": "mine:"}).returncode == 0


def test_a_listed_deck_that_is_gone_stops_no_other(mine: Path, kb: Kb, tmp_path: Path) -> None:
    """Each command goes on with those behind it, tells the cure, and does not end well."""
    lost, last = tmp_path / "lost", tmp_path / "last"
    for place in (lost, last):
        kb("new", "7", "seven", "--deck", str(place))
        assert kb("decks", str(place)).returncode == 0
    moved = lost.rename(tmp_path / "moved")
    cure = "list it at its new place (kb decks DIR --name lost), or no more (kb decks lost --drop)"
    told = f"kb: lost: the deck lost is not at {lost} any more; {cure}\n"
    done = kb("check")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.endswith(":")] == ["mine:", "last:"]
    assert told in done.stderr
    assert done.stderr.count("no complaints") == 2
    facts = only_json(kb("check", "--json").stdout)
    assert (facts["ok"], facts["unread"]) == (False, ["lost"])
    found = kb("search", "row", "norm")
    assert found.returncode == 0
    assert told in found.stderr
    assert "\nlast:\n" in found.stdout
    for command in (("show", "lost:7"), ("list", "--deck", "lost"), ("new", "8", "a", "--deck", "lost")):
        refused = kb(*command)
        assert refused.returncode == 2
        assert cure in refused.stderr
    listed = kb("decks")
    assert f"lost: {lost}  not there any more\n" in listed.stdout
    assert f"lost: {cure}\n" in listed.stderr
    marks = {one["name"]: one["is_there"] for one in only_json(kb("decks", "--json").stdout)["decks"]}
    assert marks == {"mine": True, "lost": False, "last": True}
    assert kb("decks", str(moved), "--name", "lost").returncode == 0
    assert "Which question" in kb("show", "lost:7").stdout


def test_home_tells_of_a_listed_deck_that_is_gone(mine: Path, kb: Kb, capsys: pytest.CaptureFixture[str]) -> None:
    """And how to put it right."""
    mine.rename(mine.with_name("elsewhere"))
    show_others(open_desk(None, None), {"mine": open_desk(mine, None)}, 4e9)
    assert "or no more (kb decks mine --drop)" in capsys.readouterr().err


def test_the_built_in_deck_is_not_listed(kb: Kb, tmp_path: Path) -> None:
    """It is always there, and would be found twice; a link to it is the same deck."""
    content = Path("content").absolute()
    (tmp_path / "link").symlink_to(content)
    for place in (content, tmp_path / "link"):
        done = kb("decks", str(place), "--name", "builtin")
        assert done.returncode == 2
        assert f"{place} is the built-in deck, which is always there; list one of your own" in done.stderr
    assert "no deck is listed" in kb("decks").stderr


def test_one_deck_has_one_name(mine: Path, kb: Kb, tmp_path: Path) -> None:
    """However its path is written; that it is called otherwise now is told."""
    (tmp_path / "link").symlink_to(mine)
    for place, name, old in (
        (tmp_path / "link", "second", "mine"),
        (mine.parent / "x" / ".." / mine.name, "third", "second"),
    ):
        (mine.parent / "x").mkdir(exist_ok=True)
        done = kb("decks", str(place), "--name", name)
        assert f"{place} is {name}: now, and {old}: no more" in " ".join(done.stderr.split())
        assert kb("decks").stdout == f"{name}: {place}\n"
    assert "third is another deck" in kb("decks", str(_made(kb, tmp_path / "y")), "--name", "third").stderr
    assert kb("decks", str(tmp_path / "link"), "--drop").returncode == 0
    assert "no deck is listed" in kb("decks").stderr


def _made(kb: Kb, place: Path) -> Path:
    assert kb("new", "7", "seven", "--deck", str(place)).returncode == 0
    return place


def test_what_lists_all_names_the_deck(mine: Path, kb: Kb, tmp_path: Path) -> None:
    """As it is listed, or by its folder."""
    place = _made(kb, tmp_path / "my notes")
    for arguments, advice in (
        (("show", "mine:999"), "kb list --deck mine shows all"),
        (("show", "6", "--deck", str(place)), f"kb list --deck '{place}' shows all"),
        (("show", "0123456789012", "--deck", str(place)), f"kb list --deck '{place}' shows all"),
        (("show", "qqqqqqzzzz", "--deck", str(place)), f"kb list --deck '{place}' shows all"),
        (("list", "--level", "3", "--deck", str(place)), f"kb list --deck '{place}' shows all"),
        (("search", "mine:qqqqqqzzzz"), "try another word, or kb list --deck mine"),
        (("show", "999"), "kb list shows all"),
    ):
        done = kb(*arguments)
        assert done.returncode != 0
        assert done.stderr.rstrip().endswith(advice), done.stderr


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_a_deck_in_one_language_leaves_the_program_its_own(language: str, kb: Kb, tmp_path: Path) -> None:
    """The program speaks what the reader asks for, and the deck's texts are shown as they are."""
    place = tmp_path / "notes"
    assert kb("new", "7", "seven", "--deck", str(place), "--lang", "zh" if language == "zh" else "en").returncode == 0
    if language == "fr":
        toml = place / "deck.toml"
        toml.write_text(toml.read_text().replace('"en"', '"fr"').replace("en =", "fr ="))
        (place / "007-seven" / "en.md").rename(place / "007-seven" / "fr.md")
    title = "读者会问什么问题？" if language == "zh" else "Which question would somebody ask?"
    for wish, verified in (("en", "not yet verified"), ("zh", "尚未验证")):
        for options, environ in (((), {"KB_LANG": wish}), (("--lang", wish), {}), ((), {"LANG": f"{wish}_XX.UTF-8"})):
            shown = kb("list", "--deck", str(place), *options, environ=environ).stdout
            assert title in shown
            assert verified in shown
        assert title in kb("learn", "--deck", str(place), "--lang", wish).stdout
        for command in (("check", str(place)), ("trust", str(place), "--code"), ("stats", "--deck", str(place))):
            assert kb("--lang", wish, *command).returncode == 0
    refused = kb("--lang", "de", "list", "--deck", str(place))
    assert refused.returncode == 2
    assert "no language 'de'; choose " in refused.stderr


def test_verify_goes_on_with_the_other_decks(
    mine: Path,
    kb: Kb,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that is gone, or may not run, is told of, and the exit code says so."""
    names = ("lost", "strange", "last")
    for name in names:
        kb("decks", str(_made(kb, tmp_path / name)))
    kb("decks", "mine", "--drop")
    (tmp_path / "lost").rename(tmp_path / "moved")
    # The built-in deck would take minutes.
    monkeypatch.setattr("kb.context.builtin_deck", lambda: tmp_path / "moved")
    monkeypatch.setenv("KB_TRUST", os.pathsep.join((str(tmp_path / "moved"), str(tmp_path / "last"))))
    with pytest.raises(typer.Exit) as ended:
        verify(deck=None, lang=None)
    told = capsys.readouterr()
    assert ended.value.exit_code == 1
    assert told.err.count("5 of 5 as expected") == 2
    assert "kb: lost: the deck lost is not at" in told.err
    assert "kb: strange: the code of" in told.err
    assert [line for line in told.out.splitlines() if line.endswith(":")] == [f"{name}:" for name in names]


def test_verify_tells_what_the_form_leaves_out(kb: Kb, tmp_path: Path) -> None:
    """A question without a right option, and an entry that cannot be read: neither runs, and that is no success."""
    place = _made(kb, tmp_path / "notes")
    page = place / "007-seven" / "en.md"
    page.write_text(page.read_text().replace("[x]", "[ ]"))
    done = kb("verify", "--deck", str(place))
    line = f"1 complaint about the form, for which something may be left out; kb check --deck {place} lists it"
    assert (done.returncode, line in done.stderr) == (1, True)
    assert kb("new", "8", "eight", "--deck", str(place)).returncode == 0
    (place / "008-eight" / "en.md").write_text("nothing\n")
    assert kb("verify", "7", "--json", "--deck", str(place)).returncode == 1
    facts = only_json(kb("verify", "--json", "--deck", str(place)).stdout)
    assert not facts["ok"]
    assert facts["complaints"] > 1
    page.write_text(page.read_text().replace("- [ ] 1,", "- [x] 1,"))
    assert kb("verify", "7", "--deck", str(place)).returncode == 0
