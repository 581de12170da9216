"""``kb log``: where the learner's log lies; merged, restored, checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.completion import one_of
from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError
from kb.places import home_path
from kb.screen.layout import Line, wrap

if TYPE_CHECKING:
    from quiz.desk import Desk

EXAMPLES = {
    "kb log": "where your answers lie",
    "kb log sync ~/Dropbox/kb": "merge them with those of another device",
    "kb log restore laptop.jsonl": "take a copy in",
    "kb log check": "see that every line is whole",
}


def command(
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACTION]",
            help="sync DIR, restore FILE or check; where it lies if left out.",
            autocompletion=one_of("sync", "restore", "check"),
        ),
    ] = None,
    place: Annotated[
        Path | None, typer.Argument(metavar="[PLACE]", help="The folder to merge with, or the copy to take in.")
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Show where your answers lie; merge them with another folder, take a copy in, or check them."""
    if action not in (None, "sync", "restore", "check"):
        raise UsageError(
            "kb log knows no {action!r}",
            "use kb log, kb log sync DIR, kb log restore FILE or kb log check",
            action=action,
        )
    if place is None and action in ("sync", "restore"):
        raise UsageError(
            "kb log {action} needs a place",
            "kb log {action} {place}",
            action=action,
            place="DIR" if action == "sync" else "FILE",
        )
    if place is not None and action not in ("sync", "restore"):
        raise UsageError(
            "{place} is one word too many", "kb log sync DIR and kb log restore FILE take one", place=place
        )
    if place is not None:
        place = home_path(place)
    desk = open_desk(deck, lang)
    if action == "sync" and place is not None:
        show_sync(desk, place, as_json)
    elif action == "restore" and place is not None:
        show_restore(desk, place, as_json)
    elif action == "check":
        show_check(desk, as_json)
    else:
        show_places(desk, as_json)


def show_places(desk: "Desk", as_json: bool) -> None:
    """Print the logs of all decks, device by device."""
    from quiz.log.exchange import where
    from quiz.undo_lines import clock_text

    _ = desk.log  # what was answered before there were logs is taken over first
    rows = where(desk.places.logs)
    if as_json:
        show_json({"folder": str(desk.places.logs), "logs": [row._asdict() for row in rows]})
        return
    desk.out.print([[(str(desk.places.logs), "")]])
    for row in rows:
        when = clock_text(row.last)
        facts = desk.say("{count} {count:event|events}, the last on {time}", count=row.events, time=when)
        missing = f" · {desk.say('{count} missing', count=row.missing)}" if row.missing else ""
        named: Line = [(f"{row.deck}/{row.device}", "code"), (f" · {facts}{missing}", "dim")]
        desk.out.print(wrap(named, desk.out.width, "  ", "    "))
    if not rows:
        desk.out.print([[(f"  {desk.say('nothing was answered')}", "dim")]])


def show_sync(desk: "Desk", folder: Path, as_json: bool) -> None:
    """Merge the logs with those of a folder, and say what moved.

    Raises:
        KbError: there is no such folder.
    """
    if not folder.is_dir():
        raise KbError(
            "no folder {folder}", "make it first; a cloud drive, a git checkout or a stick will do", folder=folder
        )
    done = desk.log.sync(folder)
    if as_json:
        show_json(done._asdict())
    else:
        text = desk.say("{received} {received:event|events} came, {sent} went", received=done.received, sent=done.sent)
        desk.out.print([[(text, "")]])


def show_restore(desk: "Desk", source: Path, as_json: bool) -> None:
    """Take in what a copy has and the log has not.

    Raises:
        KbError: there is no such copy.
    """
    if not source.exists():
        raise KbError("no file {source}", "name a copy of a .jsonl file, or a folder of them", source=source)
    count = desk.log.restore(source)
    if as_json:
        show_json({"restored": count})
    else:
        desk.out.print([[(desk.say("{count} {count:event was|events were} taken in", count=count), "")]])


def show_check(desk: "Desk", as_json: bool) -> None:
    """Print every file with what cannot be read of it; the exit code is 1 if there is any.

    Raises:
        typer.Exit: with that code.
    """
    from quiz.log.exchange import check

    _ = desk.log
    found = check(desk.places.logs)
    damaged = sum(len(one.damages) for one in found)
    if as_json:
        rows: list[dict[str, Any]] = [
            {"path": str(one.path), "events": one.events, "damaged": [damage.line for damage in one.damages]}
            for one in found
        ]
        show_json({"ok": not damaged, "files": rows})
    else:
        for one in found:
            lines = ", ".join(str(damage.line) for damage in one.damages)
            text = desk.say("{count} {count:event|events}", count=one.events)
            bad = f"  {desk.say('damaged lines: {lines}', lines=lines)}" if lines else ""
            desk.out.print([[(str(one.path), "code"), (f"  {text}", "dim"), (bad, "bad")]])
        sign = ("✗ ", "bad") if damaged else ("✓ ", "good")
        text = (
            desk.say("{count} damaged {count:line|lines}", count=damaged)
            if damaged
            else desk.say("every line is whole")
        )
        desk.err.tell([sign, (text, "")])
    raise typer.Exit(1 if damaged else 0)
