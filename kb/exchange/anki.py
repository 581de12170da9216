"""Anki: an entry's questions as a package of notes, whose ids are ours, so that a second import updates them."""

import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from kb.deck.entry import Entry
from kb.deck.manifest import is_file
from kb.errors import UsageError
from kb.exchange.deck_cards import AskedCard
from kb.exchange.html_text import Form, html_of, python_html, spans_html
from kb.exchange.target import ADD_LOG, is_there, not_ours
from kb.files import put

MODEL = 1_726_001_001
"""Of the kind of note; it stays the same, so that a second import knows it."""

FIELDS = ("Question", "Code", "Options", "Answer", "Explanation", "Source")

FRONT = """<div class="question">{{Question}}</div>
{{#Code}}<pre>{{Code}}</pre>{{/Code}}
{{#Options}}{{Options}}{{/Options}}"""

BACK = """{{FrontSide}}
<hr id="answer">
<div class="key">{{Answer}}</div>
{{#Explanation}}<div class="explanation">{{Explanation}}</div>{{/Explanation}}
<div class="source">{{Source}}</div>"""

STYLE = """
.card { font: 18px/1.5 system-ui, sans-serif; text-align: left; max-width: 44em; margin: 1em auto; padding: 0 1em; }
pre, code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 0.9em; }
pre { background: #f4f4f1; padding: 0.7em 1em; border-radius: 4px; overflow-x: auto; white-space: pre; }
.k { color: #9b2393; } .s { color: #a3130f; } .c { color: #5d6c79; } .n { color: #326d74; } .l { color: #1c00cf; }
.key { font-weight: bold; } .source { color: #6b6b6b; font-size: 0.8em; margin-top: 1.5em; }
table { border-collapse: collapse; } th, td { border: 1px solid #ccc; padding: 0.2em 0.6em; }
.nightMode pre { background: #2b2b2b; } .nightMode .k { color: #ff7ab2; } .nightMode .s { color: #ff8170; }
.nightMode .c { color: #92a1b1; } .nightMode .n { color: #78c2b3; } .nightMode .l { color: #d9c97c; }
"""

COMMENT = b"kb export anki"
"""Of a package as a zip file: what was written here, and not by Anki, has it."""

WITH_LOG = b" --log"
"""What follows in the comment of one that holds what the learner remembers."""

SECONDS_A_DAY = 86_400


class Scheduled(NamedTuple):
    """What the learner remembers of one question."""

    stability: float
    """Days until the chance to remember it is 90%."""
    difficulty: float
    """From 1 to 10."""
    last: float
    """When it was answered last, seconds since 1970."""
    due: float
    """When it is due, seconds since 1970."""
    reviews: int
    lapses: int


def write_anki(
    path: Path,
    deck_id: str,
    title: str,
    entries: Iterable[tuple[Entry, Iterable[AskedCard]]],
    memories: Mapping[str, Scheduled],
    language: str,
) -> int:
    """Write a package.

    Args:
        path: of the ``.apkg`` file; one that is there is replaced, see ``see_package``.
        deck_id: of the deck, as the learner's log knows it.
        title: of the deck, for people.
        entries: with the cards of each.
        memories: by ``61/item-id``; those questions keep their schedule.
        language: of the texts.

    Returns:
        How many notes there are.
    """
    import genanki  # deferred: one command needs it

    model = genanki.Model(
        MODEL,
        "kb",
        fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "Card", "qfmt": FRONT, "afmt": BACK}],
        css=STYLE,
    )
    deck = genanki.Deck(_number(deck_id), title)
    names: dict[str, str] = {}
    for entry, cards in entries:
        tags = [f"kb::{entry.summary.area or 'notes'}", f"kb::{entry.number:03}"]
        for card in cards:
            guid = f"{deck_id}/{card.name}"
            names[guid] = card.name
            values = fields_of(card, f"{entry.number}. {entry.text(language).title}")
            deck.add_note(genanki.Note(model, values, guid=guid, tags=[*tags, f"kb::{card.kind}"]))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "deck.apkg")
        genanki.Package(deck).write_to_file(made)
        if memories:
            _schedule(made, {guid: memories[name] for guid, name in names.items() if name in memories})
        with zipfile.ZipFile(made, "a") as whole:
            whole.comment = COMMENT + (WITH_LOG if memories else b"")
        put(path, made.read_bytes())
    return len(names)


def see_package(path: Path, log: bool) -> None:
    """See that a package may be written to a path.

    Args:
        path: of the ``.apkg`` file.
        log: whether it is to hold what the learner remembers.

    Raises:
        UsageError: something else lies there, or a package that holds more.
    """
    if not is_there(path):
        return
    try:
        if not is_file(path):
            raise not_ours(path, "anki")
        with zipfile.ZipFile(path) as whole:
            comment = whole.comment
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        comment = b""
    if comment not in (COMMENT, COMMENT + WITH_LOG):
        raise not_ours(path, "anki")
    if comment != COMMENT and not log:
        raise UsageError("{path} holds answers, which this export leaves out", ADD_LOG, path=path)


def fields_of(card: AskedCard, source: str) -> list[str]:
    """The fields of a note, as HTML."""
    form = Form(_mathjax, _outside, _code)
    options = "".join(f"<li>{spans_html(option, form)}</li>" for option in card.options)
    right = [spans_html(option, form) for option, mark in zip(card.options, card.marks, strict=False) if mark]
    if card.kind == "choice":
        answer = "<br>".join(right)
    elif card.kind in ("predict", "answer"):
        answer = f"<pre>{escape(card.key, quote=False)}</pre>"
    else:
        answer = html_of(card.explanation, form)
    explanation = html_of(card.explanation, form) if card.kind in ("choice", "predict", "answer") else ""
    return [
        html_of(card.question, form),
        python_html(card.code) if card.code else "",
        f"<ol type='A'>{options}</ol>" if options else "",
        answer,
        explanation,
        escape(source, quote=False),
    ]


def _mathjax(latex: str, is_block: bool) -> str:
    left, right = (r"\[", r"\]") if is_block else (r"\(", r"\)")
    return f"{left}{escape(latex, quote=False)}{right}"


def _outside(address: str) -> str:
    return address if address.startswith(("https://", "http://")) else ""


def _code(code: str, info: str) -> str:
    words = python_html(code) if info.startswith("python") else escape(code, quote=False)
    return f"<pre>{words}</pre>"


def _number(name: str) -> int:
    """A deck's number, the same for the same id: 13 digits, as Anki's own."""
    from kb.places import short_hash

    return 1_000_000_000_000 + int(short_hash(name), 16) % 9_000_000_000_000


def _schedule(package: Path, memories: Mapping[str, Scheduled]) -> None:
    """Write what the learner remembers into a package's cards, in the form of Anki's own scheduler (FSRS)."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(package) as whole:
            whole.extractall(folder)
            names = whole.namelist()
        database = sqlite3.connect(Path(folder, "collection.anki2"))
        with database:
            (start,) = database.execute("select crt from col").fetchone()
            for guid, one in memories.items():
                database.execute(
                    "update cards set type = 2, queue = 2, due = ?, ivl = ?, factor = ?, reps = ?, lapses = ?, data = ?"
                    " where nid = (select id from notes where guid = ?)",
                    (*_card(one, start), guid),
                )
        database.close()
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as whole:
            for name in names:
                whole.write(Path(folder, name), name)


def _card(one: Scheduled, start: float) -> tuple[Any, ...]:
    day = round((one.due - start) / SECONDS_A_DAY)
    interval = max(1, round((one.due - one.last) / SECONDS_A_DAY))
    data = json.dumps({"s": round(one.stability, 4), "d": round(one.difficulty, 3), "dr": 0.9, "lrt": int(one.last)})
    return day, interval, 2500, one.reviews, one.lapses, data
