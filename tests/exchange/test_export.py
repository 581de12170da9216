"""What goes out comes in again: JSON to the letter, Anki with our ids and its schedule, notebooks that run."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.errors import KbError
from kb.exchange.anki import Scheduled, fields_of, write_anki
from kb.exchange.deck_cards import cards_of
from kb.exchange.deck_json import packed, read_packed, unpack
from kb.exchange.notebook import notebook
from kb.exchange.site.pages import Site
from kb.verify.record import keys_of, read_records
from quiz.kinds.table import all_kinds
from quiz.log.carried import lines, take_in
from quiz.log.event import Review
from quiz.log.log import Log
from quiz.schedule import Rating
from tests.conftest import CONTENT, EN, Kb, write_entry


def opened(path: Path) -> Library:
    """A deck's library."""
    return Library.open(path, None, all_kinds)


@pytest.fixture(name="deck")
def two_entries(deck: Path) -> Path:
    """A deck of two entries."""
    write_entry(deck, 62, "other")
    return deck


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def whole_of(deck: Path, tmp_path: Path, events: list[str] | None = None) -> Path:
    """A deck exported as JSON."""
    library = opened(deck)
    whole = packed(library.deck, [library.entry(number) for number in library.by_number], events)
    path = tmp_path / "deck.json"
    path.write_text(json.dumps({"schema": 1, **whole}), encoding="utf-8")
    return path


def test_json_and_back(deck: Path, tmp_path: Path) -> None:
    """The deck that comes of it is the same to the letter, and a second import changes nothing."""
    whole = read_packed(whole_of(deck, tmp_path))
    assert whole
    assert [one["number"] for one in whole["entries"]] == [61, 62]
    assert {item["kind"] for item in whole["entries"][0]["items"]} >= {"choice", "code"}
    target = tmp_path / "again"
    assert unpack(whole, target, is_trial=True) == (len(whole["files"]), [])
    assert not target.exists()
    assert unpack(whole, target) == (len(whole["files"]), [])
    assert files(target) == files(deck)
    assert unpack(whole, target) == (0, [])
    name = next(name for name in files(target) if name.endswith("en.md"))
    (target / name).write_text("mine", encoding="utf-8")
    assert [left for left, _ in unpack(whole, target).left] == [name]
    assert (target / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "/etc/evil",
        "061-a/../../evil",
        "061-a/evil.sh",
        "evil/en.md",
        "061-a/b/en.md",
        ".bashrc",
        "061-a/",
    ],
)
def test_no_name_leads_out(deck: Path, tmp_path: Path, name: str) -> None:
    """A file that no deck has is refused as a whole, and nothing is written."""
    path = whole_of(deck, tmp_path)
    whole = json.loads(path.read_text(encoding="utf-8"))
    whole["files"][name] = "evil"
    path.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(KbError, match="which no deck has"):
        read_packed(path)


def test_a_folder_that_is_a_link(deck: Path, tmp_path: Path) -> None:
    """Nothing is written through it."""
    whole = read_packed(whole_of(deck, tmp_path))
    assert whole
    target, outside = tmp_path / "again", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    shutil.copy(deck / "deck.toml", target)
    folder = next(path.name for path in deck.iterdir() if path.name.startswith("061"))
    (target / folder).symlink_to(outside)
    assert {why for name, why in unpack(whole, target).left if name.startswith("061")} == {
        "its folder is a link to somewhere else"
    }
    assert list(outside.iterdir()) == []


ANSWERS = st.lists(
    st.tuples(st.sampled_from(["61/recall", "62/recall", "61/order"]), st.integers(1, 4), st.integers(1, 90)),
    max_size=8,
)


@given(answers=ANSWERS)
def test_the_log_and_back(answers: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The events that were exported give the same state on another machine."""
    here, there = (_log(tmp_path_factory.mktemp("home")) for _ in range(2))
    at = 1_700_000_000.0
    for item, rating, days in answers:
        at += days * 86_400
        here.add(Review(item, at, "choice", "1", rating > 1, Rating(rating), Rating(rating), 2.0))
    events = lines(here)
    assert len(events) >= len(answers)
    if events:
        take_in(there, json.loads(json.dumps(events)))
    assert there.memories() == here.memories()
    assert lines(there) == events


def _log(home: Path) -> Log:
    return Log(home / "logs", "small", home / "data", home / "cache")


def test_anki(tmp_path: Path) -> None:
    """Anki's own package takes it in: our ids are its notes', a second import adds none, the schedule is ours."""
    from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

    library = opened(CONTENT)
    keys = keys_of(read_records(library.deck.path))
    entries = [library.entry(number) for number in list(library.by_number)[:3]]
    now = time.time()
    one = Scheduled(12.5, 5.1, now - 3 * 86_400, now + 9 * 86_400, 4, 1)
    known = f"{entries[0].number}/recall"

    def write(language: str) -> int:
        cards = [(entry, list(cards_of(entry, language, keys))) for entry in entries]
        return write_anki(tmp_path / "deck.apkg", library.deck.id, "PyTorch", cards, {known: one}, language)

    collection = Collection(str(tmp_path / "collection.anki2"))
    options = ImportAnkiPackageOptions(with_scheduling=True)
    request = ImportAnkiPackageRequest(package_path=str(tmp_path / "deck.apkg"), options=options)
    try:
        count = write("en")
        assert len(collection.import_anki_package(request).log.new) == count
        notes = {collection.get_note(note).guid: collection.get_note(note) for note in collection.find_notes("")}
        wanted = {f"{library.deck.id}/{card.name}" for entry in entries for card in cards_of(entry, "en", keys)}
        assert set(notes) == wanted
        assert {tag for note in notes.values() for tag in note.tags} >= {"kb::choice", "kb::predict", "kb::recall"}
        (card,) = [collection.get_card(one) for one in collection.find_cards("is:review")]
        assert card.note().guid == f"{library.deck.id}/{known}"
        assert card.memory_state
        assert (card.memory_state.stability, round(card.memory_state.difficulty, 1)) == (12.5, 5.1)
        assert (card.ivl, card.due - collection.sched.today) in ((12, 9), (12, 8), (12, 10))
        write("zh")
        again = collection.import_anki_package(request).log
        assert not again.new
        assert collection.note_count() == count
    finally:
        collection.close()


def test_fields_of_a_card() -> None:
    """Formulas as MathJax, code coloured, nothing of ours taken for marks of HTML."""
    library = opened(CONTENT)
    keys = keys_of(read_records(library.deck.path))
    every = [card for number in library.by_number for card in cards_of(library.entry(number), "en", keys)]
    texts = ["\n".join(fields_of(card, "Source")) for card in every]
    assert any(r"\(" in text for text in texts)
    assert any('<span class="k">import</span>' in text for text in texts)
    assert {card.kind for card in every} == {"choice", "predict", "answer", "recall"}
    assert all(card.key for card in every if card.kind in ("predict", "answer"))


@pytest.mark.parametrize("number", [61, 36])
def test_a_notebook_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of it, in order; the entry's text stands around them."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    entry = opened(CONTENT).entry(number)
    made = nbformat.reads(notebook(entry, "en"), as_version=4)
    nbformat.validate(made)
    words = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    assert entry.text("en").title in words
    assert "# hole:" not in code
    assert entry.snippet
    asserts = sum("assert" in line for line in entry.snippet.source.splitlines())
    assert sum("assert" in line for line in code.splitlines()) == asserts
    NotebookClient(made, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()


def test_formulas_in_brackets(deck: Path) -> None:
    """Each form has them as it knows formulas; code stays code."""
    text = EN.format(number=61).replace("Add the values,", r"`\( c \)` and \( w_1 \):" + "\n\n\\[ z = 1 \\]\n\nAdd,")
    write_entry(deck, 61, en=text)
    entry = opened(deck).entry(61)
    cells = json.loads(notebook(entry, "en"))["cells"]
    words = "".join("".join(cell["source"]) for cell in cells)
    assert all(one in words for one in ("$w_1$", "$$ z = 1 $$", r"`\( c \)`"))
    body = Site(opened(deck).deck, [], {}, "0").entry_body(entry, "")
    assert body.count("<math") == 4, "two, and the one that the entry has in each language"
    assert r"<code>\( c \)</code>" in body
    (recall, *_) = cards_of(entry, "en", {})
    (*_, answer, _, _) = fields_of(recall._replace(explanation=entry.text("en").body), "Source")
    assert all(one in answer for one in (r"\(w_1\)", r"\[z = 1\]", r"<code>\( c \)</code>"))


def test_a_list_that_comes_first(deck: Path, kb: Kb) -> None:
    """On the screen, short or whole, on its page and on its card it is shown once, and is a list."""
    (deck / "deck.toml").write_text((deck / "deck.toml").read_text(encoding="utf-8").replace("complete = true", ""))
    text = EN.format(number=61).replace("The mean is the sum", "- [ ] read docs\n  - [x] nested\n\nThe mean is the sum")
    write_entry(deck, 61, en=text)
    for words in (("show", "61"), ("show", "61", "--short")):
        shown = kb(*words, "--deck", str(deck)).stdout
        assert (shown.count("read docs"), shown.count("[x] nested")) == (1, 1), shown
    entry = opened(deck).entry(61)
    body = Site(opened(deck).deck, [], {}, "0").entry_body(entry, "")
    assert (body.count("read docs"), body.count("☐ "), body.count("☑ ")) == (1, 1, 1)
    (recall, *_) = cards_of(entry, "en", {})
    assert fields_of(recall, "Source")[3].count("<li>") == 2


def test_every_entry_makes_a_notebook() -> None:
    """In both languages: all of its code is there, once."""
    library = opened(CONTENT)
    for number in library.by_number:
        entry = library.entry(number)
        for language in library.deck.languages:
            cells = json.loads(notebook(entry, language))["cells"]
            code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
            assert entry.snippet
            assert code.count("torch.manual_seed(") == entry.snippet.source.count("torch.manual_seed("), number


def test_what_cannot_be_written(deck: Path, tmp_path: Path, kb: Kb) -> None:
    """One line, and nothing is half written."""
    for words in (
        ("export", "site", "--out", "x"),
        ("export", "anki"),
        ("export", "json", "61", "--out", "x"),
        ("export", "notebook", "--out", "x.ipynb"),
        ("export", "json", "--out", str(tmp_path)),
        ("export", "anki", "--out", "/dev/null/x.apkg"),
    ):
        done = kb(*words)
        assert done.returncode != 0, words
        assert done.stderr.count("\n") == 1, (words, done.stderr)
    assert not os.path.lexists("x")
