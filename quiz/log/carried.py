"""Carried: the events of a log on their way to another machine, as lines."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from quiz.log.exchange import lines_of
from quiz.log.journal import journals
from quiz.log.log import Log


def lines(log: Log) -> list[str]:
    """Every event of a deck's log, from all devices, each once."""
    whole = dict.fromkeys(one.text for one in lines_of(journals(log.folder)))
    return [text.decode("utf-8", "backslashreplace") for text in whole]


def take_in(log: Log, events: Sequence[str]) -> int:
    """Take events into a log.

    Returns:
        How many were new.

    Raises:
        KbError: none of the lines is an event, or they cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "carried.jsonl")
        copy.write_text("".join(f"{line}\n" for line in events), encoding="utf-8")
        return log.restore(copy)
