"""Exchange: logs merged with copies of them, and what a folder of logs holds."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kb.errors import KbError
from kb.files import locked
from quiz.log.event import decode
from quiz.log.journal import BOM, Damage, journals, make_folder, merge, read

_DECK = re.compile(r"[a-z0-9][a-z0-9-]*")


class Synced(NamedTuple):
    """What a merge moved."""

    received: int
    """Events that were new here."""
    sent: int
    """Events that were new there."""


class Place(NamedTuple):
    """One device's part of one deck's log."""

    deck: str
    device: str
    events: int
    missing: int
    """Numbers between the first and the last that no file has."""
    last: float
    """When it last wrote, seconds since 1970."""


class Line(NamedTuple):
    """A line of a file that holds an event."""

    file: str
    """The file's name."""
    device: str
    """The event's, which need not be the file's."""
    text: bytes
    """The line without its end."""


class Checked(NamedTuple):
    """One file of a log."""

    path: Path
    events: int
    damages: list[Damage]


def decks(root: Path) -> list[str]:
    """The ids of the decks that have a log in a folder."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if _DECK.fullmatch(path.name) and journals(path))


def lines_of(paths: Iterable[Path]) -> list[Line]:
    """The lines of files that hold an event.

    Raises:
        OSError: a file cannot be read.
    """
    found = []
    for path in paths:
        for line in path.read_bytes().removeprefix(BOM).split(b"\n"):
            try:
                device = decode(line).device
            except ValueError:
                continue
            found.append(Line(path.name, device, line.rstrip(b"\r")))
    return found


def by_file(lines: Iterable[Line]) -> dict[str, set[bytes]]:
    """What each device's file shall hold: every line of its events, and those that it holds already."""
    by_name: dict[str, set[bytes]] = {}
    by_device: dict[str, set[bytes]] = {}
    for one in lines:
        by_name.setdefault(one.file, set()).add(one.text)
        by_device.setdefault(f"{one.device}.jsonl", set()).add(one.text)
    return {name: texts | by_name.get(name, set()) for name, texts in by_device.items()}


def sync(root: Path, other: Path) -> Synced:
    """Merge the logs of all decks in two folders: both hold the same afterwards. Ended at any moment, it has lost
    nothing and doubled nothing, and may be done again.

    Raises:
        KbError: a file cannot be read or written.
    """
    received = sent = 0
    try:
        for deck in sorted({*decks(root), *decks(other)}):
            mine, theirs = root / deck, other / deck
            for folder in (root, mine, other, theirs):
                make_folder(folder)
            with locked(mine, theirs):
                here, there = lines_of(journals(mine)), lines_of(journals(theirs))
                received += len(_texts(there) - _texts(here))
                sent += len(_texts(here) - _texts(there))
                merged = by_file([*here, *there])
                for folder in (mine, theirs):
                    merge(folder, merged)
    except OSError as error:
        raise KbError(
            "{root} and {other} cannot be merged: {error}",
            "nothing is lost; mend that and try again",
            root=root,
            other=other,
            error=error,
        ) from None
    return Synced(received, sent)


def owner_of(root: Path, paths: Iterable[Path]) -> str:
    """The deck whose log files are copies of: the one that has most of their events; empty if none has any.

    Raises:
        KbError: a file cannot be read.
    """
    try:
        texts = _texts(lines_of(paths))
        shared = {deck: len(texts & _texts(lines_of(journals(root / deck)))) for deck in decks(root)}
    except OSError as error:
        raise KbError(
            "it cannot be told whose log that is: {error}", "nothing is lost; name a file of a log", error=error
        ) from None
    best = max(shared, key=shared.__getitem__, default="")
    return best if best and shared[best] else ""


def restore(folder: Path, paths: list[Path]) -> int:
    """Take the events of files that are copies of a deck's log into its folder.

    Returns:
        How many were new.

    Raises:
        KbError: a file cannot be read or written, or there is none.
    """
    if not paths:
        raise KbError("there is no log", "name a .jsonl file, or a folder that holds some")
    try:
        with locked(folder):
            here, there = lines_of(journals(folder)), lines_of(paths)
            merge(folder, by_file([*here, *there]))
    except OSError as error:
        raise KbError(
            "{path} cannot be taken in: {error}", "nothing is lost; mend that and try again", path=paths[0], error=error
        ) from None
    return len(_texts(there) - _texts(here))


def _texts(lines: list[Line]) -> set[bytes]:
    return {one.text for one in lines}


def where(root: Path) -> list[Place]:
    """What a folder of logs holds, by deck and device."""
    found = []
    for deck in decks(root):
        by_device: dict[str, dict[int, float]] = {}
        for path in journals(root / deck):
            for one in read(path, path.read_bytes()).events:
                by_device.setdefault(one.device, {})[one.number] = one.at
        for device, times in sorted(by_device.items()):
            missing = max(times) - len(times)
            found.append(Place(deck, device, len(times), missing, max(times.values())))
    return found


def check(root: Path) -> list[Checked]:
    """Every file of a folder of logs."""
    return examine(path for deck in decks(root) for path in journals(root / deck))


def examine(paths: Iterable[Path]) -> list[Checked]:
    """How many events each file has, and what cannot be read of it."""
    found = []
    for path in paths:
        reading = read(path, path.read_bytes())
        found.append(Checked(path, len(reading.events), reading.damages))
    return found
