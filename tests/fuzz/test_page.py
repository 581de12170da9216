"""Pages: whatever stands in an entry's file is read, with complaints, survives the cache, and is shown."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given

from kb.deck.address import Address
from kb.deck.cache import Cache
from kb.deck.chapters import split_chapter
from kb.deck.entry import Entry
from kb.deck.entry_cache import EntryCache, FolderReading
from kb.deck.front_matter import Front, read_front
from kb.deck.manifest import Deck
from kb.deck.page import parse_page
from kb.deck.quiz_section import join_items
from kb.deck.script import Snippet, read_snippet
from kb.deck.summary import Summary
from kb.errors import Message
from kb.screen.entry_lines import entry_page, short_page
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from quiz.kinds.table import KINDS
from tests.fuzz.hurting import markdown_documents, sound_texts, yaml_documents

STRICT = Deck(Path("deck"), "strict", {}, ("en", "zh"), {"training": {"en": "training"}}, (), complete=True)
LOOSE = Deck(Path("deck"), "loose", {}, ("en",), {}, ())


def is_cached(entry: Entry) -> bool:
    """Whether the cache gives an entry back as it was."""
    entries = EntryCache(Cache(None, "1"))
    folder = entry.summary.folder
    entries.update([], [FolderReading(folder, entry.number, "mark", 0, entry)])
    lines = {language: text.lines for language, text in entry.texts.items()}
    return (entries.entry(entry.number), entries.summaries(), entries.lines(entry.number)) == (
        entry,
        [entry.summary],
        lines,
    )


def is_shown(entry: Entry, deck: Deck, language: str) -> bool:
    """Whether the entry's pages, long and short, come out as lines of text."""
    library: Any = SimpleNamespace(
        deck=deck,
        text=lambda _, language: entry.text(language),
        by_number={entry.number: entry.summary},
        neighbours=lambda _: [],
        items=[],
    )
    terminal, say = Terminal(io.StringIO()), Speech(language)
    short = short_page(entry.number, library, terminal, say, Address())
    whole = entry_page(entry.number, library, (), "2.13.0", terminal, say, Address())
    return all(isinstance(text, str) for line in (*short, *whole) for text, _ in line)


@given(markdown_documents())
def test_pages(source: str) -> None:
    """Each complaint is a text on a line of the file, and what was read is what the cache gives back."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")  # as every file is read
    for deck, language in ((STRICT, "en"), (STRICT, "zh"), (LOOSE, "en")):
        page = parse_page(source, "x.md", language, deck, KINDS)
        assert all(0 <= one.line <= source.count("\n") + 1 and "; " in str(one) for one in page.complaints)
        if page.text is None:
            continue
        items, _ = join_items(61, {language: page.drafts}, {language: "x.md"}, KINDS)
        front = page.front or Front()
        facts = (front.area, front.level, front.tags, front.related, front.aliases, front.errors)
        summary = Summary(61, "mean", *facts, {language: page.text.title}, {language: page.text.gist.text}, "")
        entry = Entry(summary, {language: page.text}, None, items)
        assert entry.to_json(language)["title"] == page.text.title
        assert is_cached(entry)
        assert is_shown(entry, deck, language)


@given(markdown_documents())
def test_chapters(source: str) -> None:
    """The parts of a file of notes are the file to the letter."""
    assert source == "".join(part.source for part in split_chapter(source)[0])


@given(yaml_documents())
def test_front_matters(raw: str) -> None:
    """Whatever the YAML is, each value is of its type and can be kept and shown."""
    found: list[str] = []

    def complain(line: int, message: str, /, **values: object) -> None:
        assert line >= 1
        found.append(Message(message, **values))

    front = read_front(raw, STRICT, complain)
    assert (type(front.area), front.level in (1, 2, 3)) == (str, True)
    for values, kind in ((front.tags, str), (front.related, int), (front.aliases, str), (front.errors, str)):
        assert all(type(value) is kind for value in values)
        assert str(values).isprintable()
    assert front != Front() or found
    "".join(found).encode()


@given(sound_texts())
def test_snippets(source: str) -> None:
    """A script's holes are lines of it, and filling a hole with its own lines changes nothing."""
    hole = f"def f():\n    # hole: x\n    a = 1\n    # end\n{source}\n"
    for text in (source, hole, f"# /// script\n# {source}\n# ///\n"):
        snippet, trouble = read_snippet("/x/snippet.py", text)
        assert isinstance(snippet, Snippet)
        assert all("; " in message for _, message in trouble)
    snippet, _ = read_snippet("/x/snippet.py", hole)
    assert snippet.solution("x") == "a = 1"
    normal = hole.replace("\r\n", "\n").replace("\r", "\n")
    assert snippet.filled("x", snippet.solution("x")).rstrip("\n") == normal.rstrip("\n")
