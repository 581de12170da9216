"""Decks: whatever lies in a deck's folder, it is opened or refused in one line, and what is sound is found."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.deck.folder import UNFORESEEN
from kb.deck.library import Library
from kb.deck.manifest import read_deck
from kb.errors import Message, UsageError
from kb.search.searcher import Searcher
from kb.verify.form import check_deck
from kb.verify.record import read_records
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import DECK, EN, SNIPPET, ZH, write_entry
from tests.fuzz.hurting import json_values, markdown_documents, sound_texts, spoilt, texts, yaml_documents

VERIFIED = '{"schema": 1, "records": [{"entry": 61, "what": "snippet", "id": "", "sha256": "0"}]}'

LOOSE = {
    "deck.toml": DECK,
    "queries.toml": '[[query]]\ntext = "mean"\nkind = "api"\nentries = [61]\n',
    "glossary.toml": 'same = [["mean", "均值"]]\nplain = ["x"]\n',
    "verified.json": VERIFIED,
}
ENTRY = {"en.md": EN.format(number=62), "zh.md": ZH.format(number=62), "snippet.py": SNIPPET, "output.txt": "on cpu\n"}

TOML_VALUES = st.sampled_from(
    [
        *("1", "true", '"en"', '["en", "en"]', '[""]', '["../x"]', '["en", 1]', "[]", "{}", "[[1]]", "nan"),
        *("{ a = 1 }", "{ a = { en = 1 } }", "[{ number = 1, first = 9, last = 1 }]", "[" * 2_000, "1979-05-27"),
        *("{ figures = 1, recipe = { en = 1 }, words = { zh = 1 } }", "{ recipe = [], words = { zh = { a = [''] } } }"),
        *("{ figures = true, hints = true, holes = true, forbid = true, percent = true, recipe = { en = 'How' } }",),
        *("[{ number = true, first = 1, last = 2 }, 3]", '"\\u0000"', "'''\n'''", "-1", "9" * 400, "9" * 5_000),
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A deck.toml with other values, or other keys."""
    keys = st.sampled_from(
        ["name", "id", "complete", "languages", "titles", "areas", "chapters", "rules", "x", "query", "same"]
    )
    lines = draw(st.lists(st.tuples(keys, TOML_VALUES).map(" = ".join), max_size=4, unique_by=lambda line: line[:4]))
    return "\n".join([*lines, draw(st.sampled_from(["", DECK, 'languages = ["en"]\n', "\x00"]))])


def contents(name: str) -> st.SearchStrategy[bytes]:
    """What a file holds that should hold something else."""
    sound = {**LOOSE, **ENTRY}[name].encode()
    found: st.SearchStrategy[bytes] = spoilt(sound) | sound_texts().map(str.encode)
    found |= st.sampled_from(
        [b"", b"\xef\xbb\xbf" + sound, sound.decode().encode("utf-16"), b"\xff\xfe\x00", sound * 9]
    )
    if name.endswith(".md"):
        front = yaml_documents().map(lambda raw: f"---\n{raw}\n---\n{EN.format(number=62)[100:]}".encode())
        found |= markdown_documents().map(str.encode) | front
    if name.endswith(".toml"):
        found |= tables().map(str.encode)
    if name.endswith(".json"):
        found |= json_values().map(_records)
    return found


def _records(value: Any) -> bytes:
    try:
        return json.dumps({"records": value}).encode()
    except (RecursionError, ValueError):
        return b'{"records": ' + b"[" * 100_000


def in_its_place(path: Path) -> list[Callable[[], None]]:
    """What can stand in a file's place and is none."""
    return [
        path.mkdir,
        lambda: path.symlink_to("nowhere"),
        lambda: path.symlink_to(path.name),
        lambda: path.symlink_to(path.parent),
        lambda: os.mkfifo(path),
        lambda: None,
    ]


@settings(max_examples=40)
@given(st.data(), texts())
def test_decks(data: st.DataObject, query: str) -> None:
    """A deck with one sound entry, one that anything happened to, and anything in the files beside them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for name, text in LOOSE.items():
            (path / name).write_text(text)
        write_entry(path)
        broken = write_entry(path, 62, "broken")
        files = [path / name for name in LOOSE] + [broken / name for name in ENTRY]
        for file in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)):
            file.unlink()
            if data.draw(st.integers(0, 4)):
                file.write_bytes(data.draw(contents(file.name)))
            else:
                data.draw(st.sampled_from(in_its_place(file)))()
        look_at(path, query, any(file.name == "deck.toml" for file in path.iterdir()))


def look_at(path: Path, query: str, has_table: bool) -> None:
    """Do everything with a deck that needs no run."""
    try:
        deck, _ = read_deck(path)
    except UsageError:
        return
    complaints = check_deck(deck, KINDS)
    unforeseen = UNFORESEEN.partition("{")[0]
    assert [one for one in complaints if one.message.startswith(unforeseen)] == []
    assert all(isinstance(one.message, Message) and str(one).encode() for one in complaints)
    read_records(path)
    library = Library.open(path, None, all_kinds)
    for summary in library.summaries:
        number = summary.number
        assert library.entry(number).to_json("zh")["number"] == number
        assert library.text(number, "zh") == library.entry(number).text("zh")
        assert library.lines(number)
    numbers = [summary.number for summary in library.summaries]
    assert numbers == sorted(set(numbers))
    if has_table and deck.languages[0] == "en":
        assert 61 in numbers
    searcher = Searcher.open(library, None)
    searcher.search(query)
    found = [hit.summary.number for hit in searcher.search("mean batch", 99, every=True).hits]
    assert len(found) == len(set(found))
    assert (61 in found) == (61 in numbers)
    for number in (-1, 10**30):
        with pytest.raises(UsageError, match="no entry"):
            library.entry(number)
