"""Event: one line of the learner's log, as a value and as bytes.

A line is a JSON object that ends in ``,"check":"89abcdef"}``: the CRC-32 of all bytes before it. ``id`` and ``check``
are what no later format may change; whatever else a line holds, it can be kept, copied and merged by these two.
"""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from quiz.schedule import Rating, is_allowed, on_calendar

FORMAT = 1
"""Of the lines that are written, their ``v``."""

TAKES = ("undo", "reset")
"""Events that take answers back; a ``redo`` takes such an event back."""

CHANGES = ("amend", "redo", *TAKES)
"""Events that name other events, in ``of``."""


class Marking(StrEnum):
    """What a learner may say of an item without answering it; also the name of the event that says it."""

    BURY = "bury"
    """Not before tomorrow."""
    SUSPEND = "suspend"
    """Never again, until that is taken back."""
    FLAG = "flag"
    """To be looked at later; it is asked as before."""


MARKINGS = tuple(map(str, Marking))
"""Events that name an item: the newest of each sort counts, by time."""

Id = tuple[str, int]
"""An event's device and running number."""

Key = tuple[str, int, str]
"""An id with the line's check: what tells apart two events of one id, after a device's file was copied."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_END = b',"check":"%08x"}'
_END_SIZE = len(_END % 0)
_DECODER = json.JSONDecoder()

_TEXT = r'"([^"\\\x00-\x1f]*)"'
_ANSWER = re.compile(
    r'\{"v":1,"id":\["([a-z0-9][a-z0-9-]{0,99})",([1-9][0-9]{0,14})\],'
    rf'"at":{_TEXT},"event":"answer","item":{_TEXT},"kind":{_TEXT},"given":{_TEXT},"correct":(true|false|null),'
    r'"proposed":([1-4]),"rating":([1-4]),"seconds":([0-9]{1,8}\.[0-9]{1,9}),"check":"(.{8})"\}'
)
"""An answer as nearly all are, letter by letter: read by this in less than half the time that JSON takes, which a log
of years needs. What is written in any other way is read as JSON, to the same event."""

_CORRECT = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Review:
    """One graded answer."""

    item: str
    """``entry/id``."""
    at: float
    """When, seconds since 1970."""
    kind: str
    """The item's kind."""
    given: str
    """What was answered."""
    correct: bool | None
    """None for a recall card: only the learner can say."""
    proposed: Rating
    """What followed from the answer."""
    rating: Rating
    """What counts: the learner may have corrected it."""
    seconds: float
    """From question to answer, by a clock that nobody sets."""
    id: Id = field(default=("", 0), compare=False)
    """Its event's; number 0 as long as it is not written."""
    check: str = field(default="", compare=False)
    """Its event's: what tells it from another one of the same id, after a home was copied."""

    @property
    def key(self) -> Key:
        """What names this answer and no other."""
        return (*self.id, self.check)


class Event(NamedTuple):
    """What one line says. Fields that its sort of event does not have are empty."""

    device: str
    number: int
    """Counts this device's events in this deck's log, from 1."""
    check: str
    at: float
    """When, seconds since 1970."""
    what: str
    """``answer``, one of ``CHANGES`` or of ``MARKINGS``, ``parameters``; anything else is kept and not used."""
    item: str = ""
    """Of an answer and of a marking."""
    kind: str = ""
    given: str = ""
    """What was answered; of ``parameters`` the numbers, as JSON; of a marking the day on which it was made, as
    ``2026-11-21``, or nothing if it was taken back."""
    correct: bool | None = None
    proposed: int = 0
    rating: int = 0
    """The learner's; of an ``amend`` the one that is to count."""
    seconds: float = 0.0
    of: tuple[Key, ...] = ()
    """The events that are meant."""
    day: str = ""
    """Of an answer: the day on the learner's wall, as ``2026-11-21``; empty where the line was written in UTC, which
    also is how those were taken over that nobody knows the zone of."""

    @property
    def key(self) -> Key:
        """What no two events share."""
        return self[:3]


def encode(id: Id, at: float, what: str, values: Mapping[str, Any], zone: bool = True) -> bytes:
    """A line, without its end.

    Args:
        id: of the event.
        at: when, seconds since 1970; a time beyond the calendar is written as its end.
        what: the sort of event.
        values: its other fields.
        zone: whether the time is written as the clock on the learner's wall shows it; else in UTC.
    """
    time = datetime.fromtimestamp(on_calendar(at), UTC)
    fields = {"v": FORMAT, "id": id, "at": (time.astimezone() if zone else time).isoformat(), "event": what, **values}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A lone surrogate can be typed over the wire and not be written as UTF-8.
    body = text.encode("utf-8", "replace")[:-1]
    return body + _END % zlib.crc32(body)


def answer_values(one: Review) -> dict[str, Any]:
    """The fields of an answer's event."""
    return {
        "item": one.item,
        "kind": one.kind,
        "given": one.given,
        "correct": one.correct,
        "proposed": int(one.proposed),
        "rating": int(one.rating),
        "seconds": round(one.seconds, 3),
    }


def change_values(of: Iterable[Key], **more: Any) -> dict[str, Any]:
    """The fields of an event that names others."""
    return {"of": [list(key) for key in of], **more}


def marking_values(item: str, day: str) -> dict[str, Any]:
    """The fields of a marking's event; an empty day takes it back."""
    return {"item": item, "on": bool(day), **({"day": day} if day else {})}


def decode(line: bytes) -> Event:
    """Read a line.

    Raises:
        ValueError: it is damaged.
    """
    line = line.rstrip(b"\r")
    if line[-_END_SIZE:] != _END % zlib.crc32(line[:-_END_SIZE]):
        raise ValueError("the check does not fit the line")
    text = line.decode()
    if found := _ANSWER.fullmatch(text):
        device, number, at, item, kind, given, correct, proposed, rating, seconds, check = found.groups()
        time = datetime.fromisoformat(at)
        if time.tzinfo is not None:
            head = (device, int(number), check, time.timestamp())
            rest = (_CORRECT[correct], int(proposed), int(rating), float(seconds))
            return Event(*head, "answer", item, kind, given, *rest, day=_day(time))
    return _decode_json(text)


def _decode_json(text: str) -> Event:
    try:
        values = _DECODER.decode(text)
        if "\\u" in text:
            values = _without_surrogates(values)
        device, number = values["id"]
        if not _is_name(device) or type(number) is not int or not 0 < number < 2**53:
            raise ValueError("no id")
        version = values["v"]
        head = (device, number, str(values["check"]))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no event: {error!r}") from None
    try:
        return _read(head, values)
    except (KeyError, TypeError, OverflowError, ValueError) as error:
        if type(version) is int and version > FORMAT:
            return Event(*head, 0.0, "newer")
        raise ValueError(f"no event: {error!r}") from None


def _read(head: Key, values: dict[str, Any]) -> Event:
    time = datetime.fromisoformat(values["at"])
    if time.tzinfo is None:
        raise ValueError("no zone")
    at, what = time.timestamp(), values["event"]
    if what == "answer":
        item, kind, given, correct = values["item"], values["kind"], values["given"], values["correct"]
        seconds = values["seconds"]
        if type(item) is not str or type(kind) is not str or type(given) is not str or correct not in (None, 0, 1):
            raise ValueError("no answer")
        if type(seconds) not in (float, int) or not -1e9 < seconds < 1e9:
            raise ValueError("no duration")
        proposed, rating = _rating(values["proposed"]), _rating(values["rating"])
        return Event(*head, at, what, item, kind, given, correct, proposed, rating, float(seconds), day=_day(time))
    if what in CHANGES:
        of = tuple(_target(*one) for one in values["of"])
        return Event(*head, at, what, rating=_rating(values["rating"]) if what == "amend" else 0, of=of)
    if what in MARKINGS:
        item, is_on = values["item"], values["on"]
        if type(item) is not str or type(is_on) is not bool:
            raise ValueError("no marking")
        return Event(*head, at, what, item, given=date.fromisoformat(values["day"]).isoformat() if is_on else "")
    if what == "parameters":
        if not is_allowed(values["parameters"]):
            raise ValueError("no parameters")
        return Event(*head, at, what, given=json.dumps(values["parameters"]))
    return Event(*head, at, str(what))


def _day(time: datetime) -> str:
    return time.date().isoformat() if time.utcoffset() else ""


def _target(device: object, number: object, check: object) -> Key:
    if type(device) is not str or type(number) is not int or type(check) is not str or not 0 < number < 2**53:
        raise ValueError("no key")
    return device, number, check


def _rating(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 4:
        raise ValueError("no rating")
    return value


@cache
def _is_name(device: object) -> bool:
    return type(device) is str and _NAME.fullmatch(device) is not None


def _without_surrogates(value: Any) -> Any:
    """The same, with what no file and no database can hold replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    return value
