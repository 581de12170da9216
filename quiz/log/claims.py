"""Claims: which log belongs to which deck. A deck is known by an id, so that its folder may be moved and copied."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kb.deck.manifest import Deck, entry_folders, read_deck
from kb.errors import KbError, Message
from kb.files import locked, put
from kb.places import short_hash
from quiz.log.journal import PRIVATE, make_folder

FILE = "decks.json"
"""In the data folder: by the path of each deck that was opened, the id of its log."""


def log_id(deck: Deck, data: Path, on_notice: Callable[[str], None] = lambda _: None) -> str:
    """The id of a deck's log.

    It is the one in its ``deck.toml``; without one, it is made from the deck's name. Nothing is ever written into the
    deck: it may lie where nobody can write, or under version control, and on another device the same deck must come to
    the same id. Two decks on one machine that claim one id are told apart, and that is told, unless the second is the
    first one in another place: it has the same written id, the same name, and at least half of the entries.

    Args:
        deck: as it was read.
        data: the folder that this machine's claims are kept in.
        on_notice: is told in words when two decks are told apart, and when a deck's id is another than before.
    """
    claimed = _claimed(deck)
    path = str(deck.path.resolve())
    apart = f"{claimed}-{short_hash(path)[:6]}"
    before = _read(data).get(path)
    if before in (claimed, apart):
        return before
    rival = None
    mine = claimed
    with suppress(OSError):  # where nothing can be kept no answer can: that is told then
        make_folder(data)
        with locked(data):
            known = _read(data)
            rivals = [Path(other) for other, owned in known.items() if owned == claimed and other != path]
            rival = next((one for one in rivals if _is_rival(deck, claimed, one)), None)
            mine = apart if rival else claimed
            # A deck that is not where it was any more gives its claim up.
            kept = {other: owned for other, owned in known.items() if Path(other).is_dir()}
            # In escapes: a path need not be UTF-8.
            put(data / FILE, json.dumps({**kept, path: mine}, indent=1).encode(), PRIVATE)
    if rival:
        on_notice(
            Message(
                "the deck in {path} has the id of the one in {rival}; answers to it are kept apart, as {mine};"
                " give it an id of its own in its deck.toml",
                path=path,
                rival=rival,
                mine=mine,
            )
        )
    if before:
        on_notice(
            Message(
                "the deck in {path} was {before} and is {mine} now; kb log restore takes in what lies under {before}",
                path=path,
                before=before,
                mine=mine,
            )
        )
    return mine


def _claimed(deck: Deck) -> str:
    return deck.id or f"{_slug(deck.name)}-{short_hash(deck.name)[:8]}"


def _slug(name: str) -> str:
    return (
        "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())[:40].strip("-")
        or "deck"
    )


def _read(data: Path) -> dict[str, str]:
    try:
        found = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {path: owned for path, owned in found.items() if isinstance(owned, str)} if isinstance(found, dict) else {}


def _is_rival(deck: Deck, claimed: str, other: Path) -> bool:
    """Whether in another place there is another deck that claims the same."""
    try:
        rival, _ = read_deck(other)
    except KbError:
        return False
    if _claimed(rival) != claimed:
        return False
    mine, theirs = _entries(deck.path), _entries(other)
    is_same = deck.id and deck.name == rival.name and 2 * len(mine & theirs) >= min(len(mine), len(theirs))
    return not is_same


def _entries(folder: Path) -> set[str]:
    return {path.name for path in entry_folders(folder)}
