"""``kb warm``: a worker kept with torch imported."""

from pathlib import Path
from typing import Annotated

import typer

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

MINUTES = 30.0
"""How long a worker waits for the next run, if nothing is said."""

MOST_MINUTES = 24 * 60


def command(
    minutes: Annotated[float, typer.Option("--minutes", help="Ends after so many without a run.")] = MINUTES,
    stop: Annotated[bool, typer.Option("--stop", help="End it now.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Keep a worker with torch imported, so that kb run starts at once."""
    if not 0 < minutes <= MOST_MINUTES:
        raise UsageError(f"--minutes {minutes:g} is no time", f"give a number above 0, at most {MOST_MINUTES}")
    context = open_context(deck, lang)
    address, say = context.places.worker, context.say
    if stop:
        stop_worker(address)
        text = say("no worker is kept")
    elif is_warm(address):
        text = say("a worker is kept already")
    else:
        keep_worker(address, minutes)
        text = say("a worker is kept for {minutes} minutes after its last run", minutes=f"{minutes:g}")
    if as_json:
        show_json({"warm": not stop, "socket": str(address)})
    else:
        context.out.print([[(text, "")]])


def is_warm(address: Path) -> bool:
    """Whether a worker answers there."""
    from kb.run.worker import Worker

    there = Worker.kept(address)
    return there is not None and there.is_there()


def stop_worker(address: Path) -> None:
    """End the worker that is kept there, if one is."""
    from kb.run.worker import Worker

    if (there := Worker.kept(address)) is not None:
        there.stop()


def keep_worker(address: Path, minutes: float) -> None:
    """Start a worker that ends after so many minutes without a run.

    Raises:
        KbError: torch is not installed, or the place cannot be written.
    """
    from kb.run.device import require_torch
    from kb.run.worker import Worker

    require_torch()
    try:
        Worker.keep(address, minutes)
    except OSError as error:
        what = f"no worker can be kept at {address}: {error.strerror}"
        raise KbError(what, "see that its folder can be written, by you alone") from None
