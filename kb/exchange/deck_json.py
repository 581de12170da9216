"""Deck as JSON: one object that holds every file of a deck, its entries read, and the learner's log if it is asked for.

``files`` is what a deck is made again from, to the letter; ``entries`` is the same for programs that read no Markdown.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kb.deck.entry import Entry
from kb.deck.folder import OUTPUT, SNIPPET
from kb.deck.item import Item
from kb.deck.manifest import (
    FILE,
    LANGUAGE,
    LOOSE_FILES,
    Deck,
    entry_folders,
    is_file,
    is_folder,
    listed,
    number_of,
    read_deck,
)
from kb.deck.source import Unreadable, read_source
from kb.deck.text import blocks_text, plain
from kb.errors import KbError, Message, UsageError
from kb.exchange.deck_folder import see_place, telling_refusals, write_new
from kb.exchange.note_file import read_bytes
from kb.exchange.target import ADD_LOG, is_there, not_ours

KIND = "kb-deck"
"""What the object says of itself."""

MOST_BYTES = 200_000_000
"""Of an export: 10,000 entries have a sixth of it."""

MOST_RECORDS = 50_000_000
"""Bytes that a loose file may have: the records of a large deck are long."""


def packed(deck: Deck, entries: Iterable[Entry], events: Sequence[str] | None) -> dict[str, Any]:
    """A deck as one object.

    Args:
        deck: as it was read.
        entries: all of it.
        events: lines of the learner's log; None if they are to stay out.

    Raises:
        KbError: a file cannot be read.
    """
    whole: dict[str, Any] = {
        "kind": KIND,
        "name": deck.name,
        "id": deck.id,
        "languages": list(deck.languages),
        "entries": [_entry(entry) for entry in entries],
        "files": dict(_files(deck)),
    }
    if events is not None:
        whole["events"] = list(events)
    return whole


def _files(deck: Deck) -> Iterable[tuple[str, str]]:
    names = (*(f"{language}.md" for language in deck.languages), SNIPPET, OUTPUT)
    paths = [deck.path / name for name in sorted(LOOSE_FILES)]
    paths += [folder / name for folder in entry_folders(deck.path) for name in names]
    for path in paths:
        if not os.path.lexists(path):
            continue
        try:
            yield path.relative_to(deck.path).as_posix(), read_source(path, MOST_RECORDS)
        except (Unreadable, OSError) as error:
            raise KbError("{path} cannot be exported: {error}", "mend it", path=path, error=error) from None


def _entry(entry: Entry) -> dict[str, Any]:
    summary = entry.summary
    return {
        "number": entry.number,
        "slug": summary.slug,
        "area": summary.area,
        "level": summary.level,
        "tags": list(summary.tags),
        "related": list(summary.related),
        "aliases": list(summary.aliases),
        "errors": list(summary.errors),
        "texts": {
            language: {"title": text.title, "gist": text.short, "markdown": text.markdown}
            for language, text in entry.texts.items()
        },
        "snippet": entry.snippet.source if entry.snippet else "",
        "items": [_item(item) for item in entry.items],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "marks": list(item.marks),
        "code": item.code,
        "proof": item.proof,
        "right": list(item.right),
        "wrong": list(item.wrong),
        "forbid": list(item.forbid),
        "wordings": {
            language: {
                "question": blocks_text(wording.question),
                "options": [plain(option) for option in wording.options],
                "hints": [blocks_text(hint) for hint in wording.hints],
                "explanation": blocks_text(wording.explanation),
            }
            for language, wording in item.wordings.items()
        },
    }


def read_packed(path: Path) -> dict[str, Any] | None:
    """The object in a file; None if the file holds something else.

    Raises:
        KbError: the file cannot be read, or is such an object and broken.
    """
    start = read_bytes(path, MOST_BYTES, first=10_000)
    if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or KIND.encode() not in start:
        return None
    try:
        whole = json.loads(read_bytes(path, MOST_BYTES))
    except (ValueError, RecursionError):
        raise KbError("{path} is no whole export", "export the deck once more", path=path) from None
    if not isinstance(whole, dict) or whole.get("kind") != KIND:
        return None
    files = whole.get("files")
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise KbError("{path} has no files of a deck", "export the deck once more", path=path)
    for name in files:
        if not _is_name(name):
            raise KbError(
                "{path} names a file {name!r}, which no deck has", "nothing was written", path=path, name=name
            )
    events = whole.get("events", [])
    if not isinstance(events, list) or not all(isinstance(line, str) for line in events):
        raise KbError("{path} has events that are no lines of a log", "export it once more", path=path)
    return whole


def see_packed(path: Path, deck: Deck, events: Sequence[str] | None) -> None:
    """See that a deck may be written to a path: nothing that somebody else wrote is lost, no other deck, no answer.

    Args:
        path: of the file.
        deck: that is to be written.
        events: that are to be written with it; None for none.

    Raises:
        UsageError: something else lies there, or more than would be written.
    """
    if not is_there(path):
        return
    try:
        whole = read_packed(path) if is_file(path) else None
    except KbError:
        whole = None
    if whole is None:
        raise not_ours(path, "json")
    if whole.get("id") != deck.id:
        raise UsageError("{path} holds another deck", "name another file after --out", path=path)
    left = {*whole.get("events", ())}.difference(events or ())
    if left and events is None:
        raise UsageError("{path} holds answers, which this export leaves out", ADD_LOG, path=path)
    if left:
        raise UsageError(
            "{path} holds {count} {count:answer|answers} that your log has not",
            "take them in with kb import, or name another after --out",
            path=path,
            count=len(left),
        )


def _is_name(name: str) -> bool:
    """Whether a name is that of a file of a deck: no way leads out of the folder."""
    folder, bar, file = name.partition("/")
    if not bar:
        return name in LOOSE_FILES
    language, _, end = file.rpartition(".")
    is_text = end == "md" and LANGUAGE.fullmatch(language) is not None
    return number_of(folder) is not None and (file in (SNIPPET, OUTPUT) or is_text)


class Unpacked(NamedTuple):
    """What became of an export's files."""

    written: int
    """How many were written, or would be."""
    left: list[tuple[str, str]]
    """Each that was not, because another lies there: its name, and a ``Message``."""


def unpack(whole: dict[str, Any], target: Path, is_trial: bool = False) -> Unpacked:
    """Write a deck's files into a folder. What lies there already is never changed.

    Args:
        whole: from ``read_packed``.
        target: the deck's folder, which is made if there is none.
        is_trial: whether nothing is written, and only told what would be.

    Raises:
        UsageError: the folder is no place for it.
        KbError: a file cannot be written; what was written before stays.
    """
    see_place(target, (target / FILE).exists())
    found = Unpacked(0, [])
    files: dict[str, str] = whole["files"]
    taken = {number_of(path.name): path.name for path in listed(target)} if is_folder(target) else {}
    with telling_refusals(target, Message("mend it")):
        for name in sorted(files, key=lambda one: (one != FILE, one)):
            folder, bar, _ = name.partition("/")
            if bar and taken.get(number_of(folder), folder) != folder:
                other = taken[number_of(folder)]
                found.left.append((name, Message("the deck has {other} under that number", other=other)))
                continue
            is_new, note = _compared(target / name, files[name])
            if note:
                found.left.append((name, note))
            if is_new:
                found = found._replace(written=found.written + 1)
                if not is_trial:
                    (target / name).parent.mkdir(parents=True, exist_ok=True)
                    write_new(target / name, files[name])
    return found


def _compared(path: Path, text: str) -> tuple[bool, str]:
    """Whether a file is new, and why it cannot be written if another lies there."""
    if path.parent.is_symlink() and number_of(path.parent.name) is not None:
        return False, Message("its folder is a link to somewhere else")
    if not os.path.lexists(path):
        return True, ""
    try:
        same = read_source(path, MOST_RECORDS) == text
    except (Unreadable, OSError):
        same = False
    return False, "" if same else Message("there already, with another text")


def is_of_another(whole: dict[str, Any], target: Path) -> bool:
    """Whether a folder holds another deck than the exported one, whose answers it cannot take."""
    return (target / FILE).is_file() and read_deck(target)[0].id != whole.get("id")
