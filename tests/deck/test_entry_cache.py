"""The cached entries: what comes out is what went in, in parts and whole; what is damaged is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.cache import Cache, DamagedCache
from kb.deck.entry import Entry
from kb.deck.entry_cache import EntryCache, FolderReading
from kb.deck.folder import load_entry
from kb.deck.manifest import read_deck
from kb.deck.script import read_snippet
from kb.deck.summary import Summary
from kb.deck.text import Block, Span, Text
from quiz.kinds.table import all_kinds
from tests.conftest import SNIPPET


def summary(number: int, slug: str = "mean", title: str = "What?") -> Summary:
    """A summary with little in it."""
    return Summary(
        number, slug, "training", 1, ("mean",), (), ("average", "均值"), (), {"en": title}, {"en": "It."}, ""
    )


def text(language: str = "en", title: str = "What?") -> Text:
    """An answer with a heading and a list in a list."""
    inner = Block("list", children=(Block("item", children=(Block("paragraph", (Span("x₁", "formula", "x_1"),)),)),))
    body = Block("heading", (Span("Part"),), "2", line=5, end=5), Block("list", info="1", children=(inner,))
    return Text(language, title, Block("paragraph", (Span("It is. 是。"),)), body, f"# {title}\n")


def reading(number: int, slug: str = "mean", complaints: int = 0, **texts: Text) -> FolderReading:
    """A folder with an entry."""
    entry = Entry(summary(number, slug), texts or {"en": text()}, None, ())
    return FolderReading(f"{number:03d}-{slug}", number, f"sign {slug}", complaints, entry)


@pytest.fixture
def cache() -> Cache:
    """A cache in memory."""
    return Cache(None, "1")


@pytest.fixture
def entries(cache: Cache) -> EntryCache:
    """Entries 61 (in two languages) and 62, and a folder 63 that could not be read."""
    entries = EntryCache(cache)
    unread = FolderReading("063-bad", 63, "sign bad", 2, None)
    entries.update([], [reading(62, "other", 1), reading(61, en=text(), zh=text("zh", "什么？")), unread])
    return entries


def test_whole_entry_comes_back(deck: Path) -> None:
    """An entry with all kinds of items, a snippet and two languages is equal to what was read."""
    entry, _ = load_entry(deck / "061-mean", read_deck(deck)[0], all_kinds())
    assert entry is not None
    entries = EntryCache(Cache(None, "1"))
    entries.update([], [FolderReading("061-mean", 61, "", 0, entry)])
    assert entries.entry(61) == entry
    assert entries.items() == [(61, item.id, item.kind) for item in entry.items]
    assert {language: entries.text(61, language) for language in ("en", "zh")} == entry.texts
    assert entries.lines(61) == {language: text.lines for language, text in entry.texts.items()}


SPANS = st.lists(st.builds(Span, st.text(), st.sampled_from(["", "code"]), st.text()), max_size=3).map(tuple)
BLOCKS: st.SearchStrategy[tuple[Block, ...]] = st.recursive(
    st.just(()),
    lambda inner: st.lists(
        st.builds(Block, st.sampled_from(["paragraph", "list"]), SPANS, st.text(), inner, st.integers(0, 2**53)),
        max_size=3,
    ).map(tuple),
    max_leaves=8,
)


@given(st.text(), BLOCKS, st.text())
def test_any_text_comes_back(title: str, body: tuple[Block, ...], markdown: str) -> None:
    """Whatever characters and however deep the blocks."""
    entries = EntryCache(Cache(None, "1"))
    made = Text("en", title, Block("paragraph"), body, markdown)
    entries.update([], [reading(61, en=made)])
    assert entries.text(61, "en") == made


SETTINGS = st.sampled_from(
    ["1", "0", "-1", "1.5", "inf", "nan", "true", '"x"', '"torchrun"', "[]", "{}", f"1{'0' * 400}"]
)


@given(SETTINGS, SETTINGS, SETTINGS)
def test_any_snippet_comes_back(timeout: str, launcher: str, processes: str) -> None:
    """Whatever its settings are, what was read of them is of the types that it should be."""
    lines = f"# [tool.kb]\n# timeout = {timeout}\n# launcher = {launcher}\n# processes = {processes}\n# ///\n"
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET.replace("# ///\n", lines, 1))
    entries = EntryCache(Cache(None, "1"))
    entry = Entry(summary(61), {"en": text()}, snippet, ())
    entries.update([], [FolderReading("061-mean", 61, "", 0, entry)])
    assert entries.entry(61) == entry


def test_entries_come_by_number(entries: EntryCache) -> None:
    """All of them or some; a folder that could not be read has none."""
    assert [one.number for one in entries.summaries()] == [61, 62]
    assert entries.summaries([62, 63, 70]) == [summary(62, "other")]
    assert entries.summaries([]) == []


def test_folders_are_counted(entries: EntryCache) -> None:
    """All folders, those with complaints, and whether any entry is there."""
    assert (entries.count(), entries.broken(), entries.is_empty()) == (3, 2, False)
    entries.update(["061-mean", "062-other"], [])
    assert (entries.count(), entries.broken(), entries.is_empty()) == (1, 1, True)


def test_what_is_not_there(entries: EntryCache) -> None:
    """Another number, another language, a folder that could not be read."""
    assert (entries.entry(70), entries.text(70, "en"), entries.lines(70), entries.folders(70)) == (None, None, {}, [])
    assert (entries.entry(63), entries.text(63, "en"), entries.lines(63)) == (None, None, {})
    assert entries.text(62, "zh") is None
    assert entries.folders(63) == [("063-bad", "sign bad")]


def test_folder_that_is_read_again_takes_its_own_place(entries: EntryCache) -> None:
    """Nothing of the former reading stays, nothing of the others goes."""
    entries.update([], [reading(61, en=text(title="Why?"))])
    again = entries.entry(61)
    assert again is not None
    assert again.texts == {"en": text(title="Why?")}
    assert entries.text(61, "zh") is None
    assert entries.signatures() == {"061-mean": "sign mean", "062-other": "sign other", "063-bad": "sign bad"}


def test_of_two_folders_with_one_number_the_first_counts(entries: EntryCache) -> None:
    """By name, for every question alike."""
    entries.update([], [reading(61, "a-mean", en=text(title="First?"))])
    first = entries.entry(61)
    assert first is not None
    assert first.summary.slug == "a-mean"
    assert entries.text(61, "en") == text(title="First?")
    assert entries.folders(61) == [("061-a-mean", "sign a-mean"), ("061-mean", "sign mean")]
    assert [one.slug for one in entries.summaries([61])] == ["a-mean"]
    assert [one.folder for one in entries.summaries()] == ["061-a-mean", "062-other"]
    assert {name for number, name, _ in entries.items() if number == 61} == {item.id for item in first.items}


def test_value_of_another_type_is_refused(cache: Cache, entries: EntryCache) -> None:
    """In a text, and in the items, where the place is told."""
    cache.change("UPDATE text SET body = replace(body, '\"list\"', '7')", [()])
    with pytest.raises(DamagedCache, match="7 is no text"):
        entries.text(61, "en")
    with pytest.raises(DamagedCache, match="7 is no text"):
        entries.entry(61)


def test_damaged_items_are_refused_by_their_path(deck: Path, cache: Cache, entries: EntryCache) -> None:
    """msgspec names the place."""
    entry, _ = load_entry(deck / "061-mean", read_deck(deck)[0], all_kinds())
    entries.update([], [FolderReading("061-mean", 61, "", 0, entry)])
    cache.change('UPDATE entry SET items = replace(items, \'"kind":"choice"\', \'"kind":7\')', [()])
    with pytest.raises(DamagedCache, match=r"Expected `str`, got `int` - at `\$\[0\]\.kind`"):
        entries.entry(61)


@pytest.mark.parametrize("damage", ["'{}'", "'[1'", "X'FF00'", "''", "7", "'null'", "'[' || body || ']'"])
def test_body_that_is_none_is_refused(cache: Cache, entries: EntryCache, damage: str) -> None:
    """Cut off, of another type, no text at all."""
    cache.change(f"UPDATE text SET body = {damage}", [()])
    with pytest.raises(DamagedCache):
        entries.text(61, "en")


@pytest.mark.parametrize("damage", ["'{}'", "'[1'", "X'FF00'", "''", "7", "'null'"])
def test_columns_that_are_none_are_refused(cache: Cache, entries: EntryCache, damage: str) -> None:
    """Summary, lines, snippet and items alike."""
    for column, asked in (
        ("snippet", entries.entry),
        ("items", entries.entry),
        ("lines", entries.lines),
        ("summary", lambda number: entries.summaries([number])),
    ):
        cache.change(f"UPDATE entry SET {column} = {damage}", [()])
        if (column, damage) not in {("lines", "'{}'"), ("snippet", "'null'")}:  # of these none is wrong by itself
            with pytest.raises(DamagedCache):
                asked(61)
        entries.update([], [reading(61)])
