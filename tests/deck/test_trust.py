"""Trust: code that nobody has trusted is not covered, whatever was changed in it, and a damaged file trusts nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.entry import Entry
from kb.deck.library import Library
from kb.deck.trust import Trust, Untrusted, code_digest, imported_names, kept_decks
from kb.places import builtin_deck
from quiz.kinds.table import all_kinds
from tests.conftest import DECK, write_entry


def entry_of(deck: Path, number: int = 61) -> Entry:
    """An entry as it lies on the disk now."""
    return Library.open(deck, None, all_kinds).entry(number)


def trust_of(deck: Path, home: Path, **environ: str) -> Trust:
    """Trust as another start of the program finds it."""
    return Trust(home / "trust", deck, environ)


def test_what_is_given_is_covered_until_it_changes(deck: Path, home: Path) -> None:
    """A change of the snippet, or of a solution, is a change of the code; one of the words is none."""
    entry = entry_of(deck)
    assert not trust_of(deck, home).covers(entry)
    trust_of(deck, home).give([entry])
    trust = trust_of(deck, home)
    trust.demand(entry)
    assert trust.is_begun
    assert not trust.is_whole
    text = deck / "061-mean" / "en.md"
    text.write_text(text.read_text(encoding="utf-8").replace("Any book", "Another book"), encoding="utf-8")
    assert trust.covers(entry_of(deck))
    text.write_text(text.read_text(encoding="utf-8").replace("print(12 // 4)", "print(12 / 4)"), encoding="utf-8")
    assert trust.knows(entry_of(deck))
    with pytest.raises(Untrusted, match=f"kb trust {deck}"):
        trust.demand(entry_of(deck))


def changed(entry: Entry, which: str, more: str) -> Entry:
    """An entry with something more in one part of its code."""
    if which == "snippet":
        assert entry.snippet
        return replace(entry, snippet=replace(entry.snippet, source=entry.snippet.source + more))
    *others, last = entry.items
    value: Any = getattr(last, which)
    more_of: dict[str, Any] = {which: (*value, more) if isinstance(value, tuple) else value + more}
    last = replace(last, **more_of)
    return replace(entry, items=(*others, last))


@given(which=st.sampled_from(("snippet", "code", "proof", "id", "kind", "right", "wrong")), more=st.text(min_size=1))
def test_any_change_of_code_is_noticed(which: str, more: str, shared_entry: Entry) -> None:
    """Of whatever can be run, and of what it is run for."""
    assert code_digest(changed(shared_entry, which, more)) != code_digest(shared_entry)


@pytest.fixture(scope="module")
def shared_entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """The small deck's entry, for what only looks at it."""
    deck = tmp_path_factory.mktemp("deck")
    (deck / "deck.toml").write_text(DECK, encoding="utf-8")
    write_entry(deck)
    return entry_of(deck)


@given(
    kept=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_damaged_file_trusts_nothing(
    kept: object, shared_entry: Entry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is in it."""
    folder = tmp_path_factory.mktemp("trust")
    trust = Trust(folder, folder / "deck", {})
    trust.file.write_bytes(kept if isinstance(kept, bytes) else json.dumps(kept).encode())
    assert not trust.covers(shared_entry)
    assert not trust.is_whole


@pytest.mark.parametrize("always", ["true", "1", '"yes"', "null"])
def test_only_true_means_always(deck: Path, home: Path, always: str) -> None:
    """A word in its place means nothing."""
    trust = trust_of(deck, home)
    trust.file.parent.mkdir(parents=True)
    trust.file.write_text(f'{{"deck": "{deck.resolve()}", "always": {always}, "code": {{}}}}')
    assert trust.is_whole == (always == "true")


def test_a_file_of_another_deck_trusts_nothing(deck: Path, home: Path) -> None:
    """Short hashes can agree by chance, or be made to."""
    trust = trust_of(deck, home)
    trust.file.parent.mkdir(parents=True)
    trust.file.write_text('{"deck": "/somewhere/else", "always": true, "code": {}}')
    assert not trust.is_whole
    assert not trust.covers(entry_of(deck))


def test_folders_of_the_environment(deck: Path, home: Path, tmp_path: Path) -> None:
    """Whole names of folders, links followed."""
    (tmp_path / "link").symlink_to(deck, target_is_directory=True)
    assert trust_of(deck, home, KB_TRUST=f"/nowhere:{deck.parent}").is_whole
    assert trust_of(tmp_path / "link", home, KB_TRUST=str(deck)).is_whole
    assert not trust_of(deck, home, KB_TRUST=str(deck)[:-1]).is_whole
    assert not trust_of(deck, home, KB_TRUST="").is_whole
    assert trust_of(builtin_deck(), home).is_whole
    assert not trust_of(builtin_deck() / "061-lstm", home).is_whole


def test_a_deck_behind_a_link_is_the_same_deck(deck: Path, home: Path, tmp_path: Path) -> None:
    """And one that is put in its place under the same name is another only in its code."""
    (tmp_path / "link").symlink_to(deck, target_is_directory=True)
    trust_of(tmp_path / "link", home).give([entry_of(deck)])
    assert trust_of(deck, home).covers(entry_of(deck))


def test_always_and_never_again(deck: Path, home: Path) -> None:
    """What is withdrawn is gone, whatever it was."""
    trust = trust_of(deck, home)
    assert not trust.withdraw()
    trust.give([], always=True)
    assert trust.is_whole
    assert [one["always"] for one in kept_decks(home / "trust")] == [True]
    trust.give([entry_of(deck)])
    assert trust_of(deck, home).is_whole, "more trust takes none away"
    assert trust.withdraw()
    assert not trust.is_begun
    assert not trust_of(deck, home).is_whole
    assert kept_decks(home / "trust") == []


def test_an_entry_without_code_needs_no_trust(deck: Path, home: Path) -> None:
    """Notes can be read and asked about at once."""
    folder = write_entry(deck, 62, "words")
    (folder / "snippet.py").unlink()
    for language in ("en", "zh"):
        text = (folder / f"{language}.md").read_text(encoding="utf-8").partition("## Quiz")[0]
        (folder / f"{language}.md").write_text(text.replace("[`snippet.py`](snippet.py)", "it"), encoding="utf-8")
    entry = entry_of(deck, 62)
    assert code_digest(entry) == ""
    assert trust_of(deck, home).covers(entry)


def test_imports_are_named(deck: Path, home: Path) -> None:
    """Of the snippet, and of solutions; a text that is no Python is passed over."""
    assert imported_names([entry_of(deck)]) == ["os", "statistics"]
    write_entry(deck, snippet="from a.b import c\nimport d.e as f, g\n")
    assert {"a", "d", "g"} <= set(imported_names([entry_of(deck)]))
    write_entry(deck, snippet="import (\n")
    assert imported_names([entry_of(deck)]) == ["statistics"]
