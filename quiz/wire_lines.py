"""Wire lines: how a session's messages come in. Whatever bytes come, each line is a message or an error."""

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from kb.errors import KbError
from quiz.door import shown

LINE_LIMIT = 1_000_000
"""Bytes of a line that is read."""

DIGITS = 400
"""Digits of a whole number that is read as one; nothing that is asked for has more."""

VALUES: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(("bury", "cancel", "flag", "hint", "proof", "quit", "redo", "skip", "suspend"), (True,)),
    "undo": (True, "earlier"),
}
"""What may stand behind a verb; behind the others anything, which is looked at by what takes it."""

VERBS = {"answer", "rating", *VALUES}
"""What a message may ask for."""

BESIDE = {"try": "answer"}
"""What may stand beside a verb, and which."""

Message = dict[str, Any]


def messages(source: BinaryIO) -> Iterator[Message | KbError]:
    """Each line as a message, or as what is wrong with it; empty ones are passed over. Never raises but ``OSError``,
    and never holds more than a line of the longest length.

    Args:
        source: bytes, UTF-8 whatever the locale is; those that are not are replaced.
    """
    while line := source.readline(LINE_LIMIT + 1):
        is_whole = line.endswith(b"\n")
        if not is_whole and len(line) > LINE_LIMIT:
            while (rest := source.readline(1 << 16)) and not rest.endswith(b"\n"):
                pass
            yield KbError("a line of more than {limit} bytes", "send a shorter one", limit=LINE_LIMIT)
        elif text := line.decode("utf-8", "replace").removeprefix("\ufeff").strip():
            try:
                yield message_in(text)
            except KbError as error:
                yield error


def message_in(text: str) -> Message:
    """The message of a line.

    Raises:
        KbError: it is none.
    """
    try:
        message = json.loads(text, parse_int=_number, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise KbError("no JSON: {error}", 'send {{"answer": ...}}', error=error) from None
    known = ", ".join(sorted(VERBS))
    if not isinstance(message, dict) or not message:
        raise KbError("no answer in the message", "send an object with one of {known}", known=known)
    if unknown := sorted(message.keys() - VERBS - BESIDE.keys()):
        raise KbError(
            "{name} means nothing here", "send an object with one of {known}", name=shown(unknown[0]), known=known
        )
    verbs = sorted(message.keys() & VERBS)
    if astray := [name for name in BESIDE if name in message and BESIDE[name] not in message]:
        raise KbError("{name} goes with {verb}", "send both in one message", name=astray[0], verb=BESIDE[astray[0]])
    if len(verbs) > 1:
        raise KbError("{verbs} in one message", "send one after the other", verbs=", ".join(verbs))
    for name, values in (*VALUES.items(), ("try", (True, False))):
        if name in message and not any(_is_same(message[name], value) for value in values):
            allowed = " / ".join(json.dumps(value) for value in values)
            raise KbError("{name} is {value}", "give {allowed}", name=name, value=shown(message[name]), allowed=allowed)
    return message


def _is_same(one: object, other: object) -> bool:
    """Whether values are equal, and 1 is not ``true``."""
    return type(one) is type(other) and one == other


def _number(digits: str) -> float:
    return int(digits) if len(digits) <= DIGITS else math.inf


def _object(pairs: list[tuple[str, Any]]) -> Message:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is there twice")
    return made
