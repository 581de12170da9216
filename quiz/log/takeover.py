"""Takeover: answers from before there was a log, out of the SQLite file ``progress.db`` that held those of all decks.

Every deck takes what fits it and no other deck took, once. What is written follows from the old file alone: done twice,
by two processes or on two machines that have the same file, it comes to the same lines.
"""

import json
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kb.errors import KbError, Message
from kb.files import locked, put
from kb.places import short_hash
from quiz.log.event import change_values, decode, encode
from quiz.log.journal import PRIVATE, make_folder
from quiz.schedule import is_allowed

VERSIONS = (1, 2)
"""Formats of the old file that are known."""

_COLUMNS = "id, item, at, kind, given, correct, proposed, rating, seconds"


def take_over(
    database: Path, root: Path, deck: str, items: Collection[str], on_notice: Callable[[str], None] = lambda _: None
) -> int:
    """Write the old answers to a deck's items into its log. The old file stays as it is.

    Args:
        database: the old file.
        root: the folder of all logs.
        deck: the deck's id.
        items: of the deck, as ``entry/id``.
        on_notice: is told in words what was taken.

    Returns:
        How many answers were taken; 0 if that was done before.

    Raises:
        KbError: they cannot be written.
    """
    note = database.with_name(f"{database.name}.taken")
    if not database.is_file() or deck in _noted(note):
        return 0
    try:
        make_folder(root)
        with locked(root):
            if deck in _noted(note):
                return 0
            rows, parameters = _read(database)
            if not rows and not _is_read(database):
                on_notice(
                    Message(
                        "{database} cannot be read now; the answers in it are taken over once it can", database=database
                    )
                )
                return 0
            count = 0
            if rows:
                name = f"before-{short_hash(repr(rows[min(rows)]))}.jsonl"
                others = [path for path in root.glob(f"*/{name}") if path.parent.name != deck]
                count = _write(root / deck / name, _fitting(rows, items, _taken(others)), parameters)
            put(note, "".join(f"{one}\n" for one in (*_noted(note), deck)).encode(), PRIVATE)
    except OSError as error:
        raise KbError(
            "answers cannot be taken over from {database}: {error}",
            "free space or mend permissions; they are safe there",
            database=database,
            error=error,
        ) from None
    if count:
        on_notice(
            Message(
                "{count} {count:answer was|answers were} taken over from {database}, which stays as it is",
                count=count,
                database=database,
            )
        )
    return count


def _noted(note: Path) -> list[str]:
    """The decks that took what fits them."""
    return note.read_text(encoding="utf-8", errors="replace").split() if note.is_file() else []


def _is_read(database: Path) -> bool:
    """Whether the old file can be read as what it is."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as old:
            old.execute("SELECT COUNT(*) FROM event").fetchone()
    except sqlite3.Error:
        return False
    return True


def _read(database: Path) -> tuple[dict[int, dict[str, Any]], list[float]]:
    """All events by their old numbers, and the fitted parameters: from the file and, where that is damaged, from the
    backups that the old program made."""
    rows: dict[int, dict[str, Any]] = {}
    parameters: list[float] = []
    backups = sorted(database.parent.joinpath("backups").glob(f"{database.stem}-*{database.suffix}"), reverse=True)
    for path in (database, *backups):
        # Read only: neither is the file changed, nor what lies beside it merged into it.
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as old:
            version = old.execute("PRAGMA user_version").fetchone()[0]
            if version not in VERSIONS:
                continue
            target = "undoes" if version == 1 else "target"
            for values in old.execute(f"SELECT {_COLUMNS}, {target} FROM event ORDER BY id"):
                # Row by row: what lies before a damage is read.
                rows.setdefault(values[0], dict(zip((*_COLUMNS.split(", "), "target"), values, strict=True)))
            if version > 1 and not parameters:
                for (text,) in old.execute("SELECT value FROM setting WHERE name = 'parameters'"):
                    with suppress(ValueError):
                        found = json.loads(text)
                        parameters = found if is_allowed(found) else []
    return rows, parameters


def _fitting(rows: dict[int, dict[str, Any]], items: Collection[str], taken: set[int]) -> list[dict[str, Any]]:
    """Answers to some items that no other deck took, and what changed them, in their order."""
    answers = {
        number for number, row in rows.items() if row["target"] is None and row["item"] in items and number not in taken
    }
    return [row for number, row in sorted(rows.items()) if number in answers or row["target"] in answers]


def _taken(paths: Collection[Path]) -> set[int]:
    """The old numbers of events that other decks took."""
    found: set[int] = set()
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            with suppress(ValueError):
                decode(line)
                found.add(json.loads(line).get("was", 0))
    return found


def _write(path: Path, rows: list[dict[str, Any]], parameters: list[float]) -> int:
    """Write events down under numbers of their own; how many answers are among them."""
    if not rows or path.exists():
        return 0
    lines: dict[int, bytes] = {}
    at = 0.0

    def add(number: int, at: float, what: str, values: dict[str, Any]) -> None:
        with suppress(ValueError, TypeError, OverflowError, OSError):  # a damaged row gives no event
            line = encode((path.stem, len(lines) + 1), at, what, values, zone=False)
            decode(line)
            lines[number] = line

    for row in rows:
        number, target = row["id"], row["target"]
        if target is None:
            values = {name: row[name] for name in ("item", "kind", "given", "correct", "proposed", "rating", "seconds")}
            correct = None if row["correct"] is None else bool(row["correct"])
            add(number, row["at"], "answer", {**values, "correct": correct, "was": number})
        elif target in lines:
            # One correction after the other, whatever the clock said.
            at = max(at + 1e-6, row["at"])
            more = {"rating": row["rating"]} if row["kind"] == "amend" else {}
            add(
                number,
                at,
                row["kind"],
                change_values([decode(lines[target]).key], item=row["item"], was=number, **more),
            )
    if parameters:
        add(0, at or rows[-1]["at"], "parameters", {"parameters": parameters})
    make_folder(path.parent)
    put(path, b"".join(line + b"\n" for line in lines.values()), PRIVATE)
    return sum(row["target"] is None and row["id"] in lines for row in rows)
