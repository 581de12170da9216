"""What is written is read as it was meant, and a deck that goes out and comes in again is the same deck."""

import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.deck.text import Block, blocks_text, plain
from kb.exchange.deck_json import packed, read_packed, unpack
from quiz.kinds.table import all_kinds
from quiz.log.answers import Marks
from quiz.log.carried import lines, take_in
from quiz.log.event import Review
from quiz.log.log import Log
from quiz.plan import all_cards
from quiz.schedule import DAY, Rating
from quiz.stats import waiting_memories
from tests.conftest import DECK, SNIPPET

NOW = 1_700_000_000.0

MEANING = "\\`*_{}[]()<>#+-.!|~$&\"'^=:;,/@%?"
"""Signs that mean something to Markdown, to YAML, or to both."""
LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd"]) | st.sampled_from(MEANING) | st.sampled_from("梯度é𝛼…")
WORDS = st.text(LETTERS, min_size=1, max_size=8)
PHRASES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
CODE = st.text(
    st.characters(codec="ascii", exclude_characters="`", categories=["L", "N", "P", "S"]), min_size=1, max_size=9
)


class Piece(NamedTuple):
    """Something in a text: how it is written, and what a reader sees."""

    markdown: str
    shown: str


def escaped(text: str) -> str:
    """A text in which no sign means anything."""
    return "".join(f"\\{char}" if char in MEANING else char for char in text)


INLINE = st.one_of(
    PHRASES.map(lambda text: Piece(escaped(text), text)),
    CODE.map(lambda text: Piece(f"`{text}`", text)),
    WORDS.map(lambda text: Piece(f"**x{escaped(text)}x**", f"x{text}x")),
    WORDS.map(lambda text: Piece(f"[{escaped(text)}](https://example.org)", text)),
    st.just(Piece("$x^2$", "x²")),
)
LINES = st.lists(INLINE, min_size=1, max_size=4).map(
    lambda pieces: Piece(" ".join(one.markdown for one in pieces), " ".join(one.shown for one in pieces))
)

BLOCKS = st.one_of(
    LINES,
    LINES.map(lambda one: Piece(f"## {one.markdown} end", f"{one.shown} end")),
    st.lists(CODE, min_size=1, max_size=3).map("\n".join).map(lambda code: Piece(f"````python\n{code}\n````", code)),
    st.lists(LINES, min_size=1, max_size=3).map(
        lambda items: Piece("\n".join(f"- {one.markdown}" for one in items), "\n\n".join(one.shown for one in items))
    ),
    LINES.map(lambda one: Piece(f"> {one.markdown}", one.shown)),
)


class Question(NamedTuple):
    """An item with options."""

    asked: Piece
    options: list[tuple[bool, Piece]]
    why: Piece


class Written(NamedTuple):
    """All that an entry says."""

    number: int
    title: Piece
    front: dict[str, Any]
    gist: Piece
    body: list[Piece]
    questions: list[Question]


FRONTS = st.fixed_dictionaries(
    {
        "area": st.just("training"),
        "level": st.integers(1, 3),
        "tags": st.lists(PHRASES, max_size=3, unique=True),
        "related": st.lists(st.integers(0, 999), max_size=3, unique=True),
        "aliases": st.lists(PHRASES, max_size=3, unique=True),
        "errors": st.lists(st.lists(PHRASES, min_size=1, max_size=2).map("\n".join), max_size=2, unique=True),
    }
)
QUESTIONS = st.builds(
    Question,
    LINES,
    st.lists(st.tuples(st.booleans(), LINES), min_size=2, max_size=4),
    LINES,
)
ENTRIES = st.builds(
    Written,
    st.integers(1, 999),
    PHRASES.map(lambda text: Piece(f"{escaped(text)} end", f"{text} end")),
    FRONTS,
    LINES,
    # A paragraph before each: two lists in a row are one.
    st.lists(st.tuples(LINES, BLOCKS), max_size=2).map(lambda pairs: [piece for pair in pairs for piece in pair]),
    st.lists(QUESTIONS, max_size=3),
)


def page_of(one: Written) -> str:
    """An entry as its file."""
    parts = [
        f"---\n{yaml.safe_dump(one.front, allow_unicode=True, sort_keys=False)}---",
        f"# {one.number}. {one.title.markdown}",
        one.gist.markdown,
        *(piece.markdown for piece in one.body),
    ]
    if one.questions:
        parts.append("## Quiz")
    for at, (asked, options, why) in enumerate(one.questions):
        rows = "\n".join(f"- [{'x' if is_right else ' '}] {option.markdown}" for is_right, option in options)
        parts += [f"### item-{at}", asked.markdown, rows, why.markdown]
    return "\n\n".join(parts) + "\n"


def written_to(deck: Path, entries: list[Written]) -> Library:
    """A deck of entries, opened."""
    deck.mkdir()
    (deck / "deck.toml").write_text(DECK.replace('["en", "zh"]', '["en"]'), encoding="utf-8")
    for one in entries:
        folder = deck / f"{one.number:03}-entry"
        folder.mkdir()
        (folder / "en.md").write_text(page_of(one), encoding="utf-8")
        (folder / "snippet.py").write_text(SNIPPET, encoding="utf-8")
    return opened(deck)


def opened(deck: Path) -> Library:
    """A deck's library."""
    return Library.open(deck, None, all_kinds)


def words_of(blocks: tuple[Block, ...]) -> list[str]:
    """The words of each block."""
    return [blocks_text((block,)).rstrip("\n") for block in blocks]


@given(one=ENTRIES)
def test_what_is_written_is_read(one: Written) -> None:
    """Front matter, title, gist, every block and every question: parsed, they are what was written."""
    with tempfile.TemporaryDirectory() as folder:
        entry = written_to(Path(folder, "deck"), [one]).entry(one.number)
        summary, text = entry.summary, entry.text("en")
        front = {name: getattr(summary, name) for name in one.front}
        assert front == {name: tuple(value) if isinstance(value, list) else value for name, value in one.front.items()}
        assert text.title == one.title.shown
        assert plain(text.gist.spans) == one.gist.shown
        assert words_of(text.body) == [piece.shown for piece in one.body]
        assert entry.snippet
        assert entry.snippet.source == SNIPPET
        asked = [item for item in entry.items if item.kind == "choice"]
        assert [item.id for item in asked] == [f"item-{at}" for at in range(len(one.questions))]
        for item, question in zip(asked, one.questions, strict=True):
            wording = item.wording("en")
            assert item.marks == tuple(is_right for is_right, _ in question.options)
            assert blocks_text(wording.question) == question.asked.shown
            assert [plain(option) for option in wording.options] == [option.shown for _, option in question.options]
            assert blocks_text(wording.explanation) == question.why.shown


@settings(max_examples=40)
@given(
    entries=st.lists(ENTRIES, min_size=1, max_size=3, unique_by=lambda one: one.number),
    answers=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Rating), st.floats(0.0, 40.0)), max_size=8),
)
def test_a_deck_and_what_is_due(entries: list[Written], answers: list[tuple[int, Rating, float]]) -> None:
    """An export that is imported elsewhere gives the same entries, the same files, and asks for the same cards."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "here"), Path(folder, "there")
        library = written_to(here, entries)
        log, other = (
            Log(Path(f"{one}-logs"), "small", Path(f"{one}-data"), Path(f"{one}-cache")) for one in (here, there)
        )
        cards = all_cards(library)
        at = NOW
        for card, rating, days in answers:
            at += days * DAY
            name = cards[card % len(cards)].key
            log.add(Review(name, at, "choice", "1", rating > Rating.AGAIN, rating, rating, 2.0))
        whole = packed(library.deck, [library.entry(number) for number in library.by_number], lines(log))
        file = Path(folder, "deck.json")
        file.write_text(json.dumps(whole), encoding="utf-8")
        read = read_packed(file)
        assert read
        assert unpack(read, there).left == []
        if read["events"]:
            take_in(other, read["events"])
        again = opened(there)
        assert [entry_of(again, number) for number in again.by_number] == [
            entry_of(library, number) for number in library.by_number
        ]
        assert due(again, other, at + 20 * DAY) == due(library, log, at + 20 * DAY)


def entry_of(library: Library, number: int) -> tuple[Any, ...]:
    """An entry, but for where it lies."""
    entry = library.entry(number)
    return entry.summary, entry.texts, entry.items, entry.snippet and entry.snippet.source


def due(library: Library, log: Log, now: float) -> list[Any]:
    """What is waiting to be asked, and since when."""
    return waiting_memories(all_cards(library), log.memories(), Marks(), now)
