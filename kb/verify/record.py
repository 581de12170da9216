"""Record: what a verification wrote down, and whether it still holds."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kb.deck.source import Unreadable, cannot_be_read, read_source
from kb.deck.summary import Summary
from kb.errors import Complaint, Message
from kb.run.device import public

FILE = "verified.json"

PASSED = "passed"
"""The outcome of a script that counts as verified."""


class Standing(StrEnum):
    """Whether an entry's snippet is known to run on the torch that is installed."""

    VERIFIED = "verified"
    STALE = "stale"
    UNVERIFIED = "unverified"


# A NamedTuple: a frozen dataclass of so many fields takes 0.8 ms to make, at every start, and 80 of them 0.2 ms.
class Record(NamedTuple):
    """One script that was run, and where."""

    entry: int
    """Number of the entry."""
    what: str
    """``snippet``, or ``predict`` or ``answer`` for an item's script; or what runs together, see ``batches``."""
    id: str
    """The item's id; empty for all that is no item's."""
    sha256: str
    """Of the script that was run, or of all that ran together."""
    torch: str
    """Version that ran it, without a build's suffix."""
    device: str
    """Kind of device: cpu, cuda, mps."""
    outcome: str
    """How it ended: ``passed``, or what ``kb run`` would say."""
    seconds: float
    """Wall time after the start of the run."""
    peak_mb: float
    """Most resident memory, in MiB."""
    platform: str
    """Operating system and processor family."""
    printed: str = ""
    """What a predict or an answer script printed: its key."""

    @property
    def place(self) -> tuple[int, str, str, str, str]:
        """What there is one record of."""
        return self.entry, self.what, self.id, self.torch, self.device


MAX_BYTES = 20_000_000
"""Of the file: every script of a large deck has a line in it."""


def read_records(deck: Path) -> tuple[Record, ...]:
    """The records of a deck that can be read; none if the file is missing or damaged (it can be written anew)."""
    try:
        return _read(deck)[0]
    except (FileNotFoundError, Unreadable):
        return ()


def keys_of(records: Iterable[Record]) -> dict[tuple[int, str, str], str]:
    """What verifications wrote down that scripts print, by entry, item and digest of the script."""
    return {(one.entry, one.id, one.sha256): one.printed for one in records if one.printed}


def check_records(deck: Path) -> list[Complaint]:
    """What is wrong with the file; nothing if there is none."""
    try:
        damaged = _read(deck)[1]
    except FileNotFoundError:
        return []
    except Unreadable as error:
        return [Complaint(FILE, 0, error.message)]
    if not damaged:
        return []
    what = Message("{count} {count:record|records} cannot be read; kb verify --record writes them anew", count=damaged)
    return [Complaint(FILE, 0, what)]


def _read(deck: Path) -> tuple[tuple[Record, ...], int]:
    """The records, and how many more there are that cannot be read.

    Raises:
        FileNotFoundError: there is no file.
        Unreadable: it is no JSON with records.
    """
    try:
        table = json.loads(read_source(deck / FILE, MAX_BYTES))
    except ValueError as error:
        raise cannot_be_read(error) from None
    except RecursionError:
        raise cannot_be_read("nested too deep") from None
    rows = table.get("records") if isinstance(table, dict) else None
    if not isinstance(rows, list):
        raise Unreadable(Message("holds no records; kb verify --record writes it anew"))
    records = tuple(record for row in rows if (record := _record(row)))
    return records, len(rows) - len(records)


def _record(row: object) -> Record | None:
    try:
        record = Record(**row)  # type: ignore[arg-type]  # what it is not is found here
    except TypeError:
        return None
    *texts, seconds, peak_mb, platform, printed = record[1:]
    is_sound = (
        type(record.entry) is int
        and all(type(text) is str for text in (*texts, platform, printed))
        and all(type(number) in (int, float) for number in (seconds, peak_mb))
    )
    return record if is_sound else None


def standing(summary: Summary, records: Iterable[Record], torch: str) -> tuple[Standing, tuple[str, ...]]:
    """How an entry stands with a version of torch, and on which devices it is verified."""
    ours = [record for record in records if record.entry == summary.number and record.what == "snippet"]
    fitting = [record for record in ours if record.sha256 == summary.sha256 and record.torch == public(torch)]
    good = {record.device for record in fitting if record.outcome == PASSED}
    if good:
        return Standing.VERIFIED, tuple(sorted(good))
    return (Standing.STALE if ours else Standing.UNVERIFIED), ()
