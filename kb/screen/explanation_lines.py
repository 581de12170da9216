"""What explains a message, on the screen: the message, cause, check, cure, the entries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kb.deck.address import Address
from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from kb.screen.standing import mark
from kb.screen.terminal import Terminal
from kb.screen.width import width_of
from kb.verify.record import Record

if TYPE_CHECKING:
    # For their names alone.
    from kb.search.explain import Explained, Findings, Pointer

MAX_WIDTH = 100
"""Columns of a line that is read."""

MAX_MESSAGE = 400
"""Characters of a message that are shown."""


def explanation_lines(
    found: "Findings", records: Sequence[Record], torch: str, terminal: Terminal, say: Speech, address: Address
) -> list[Line]:
    """The root with its cause, check, cure and entries; other messages of the text in short; or the guesses."""
    width = min(terminal.width, MAX_WIDTH) if terminal.is_terminal else terminal.width
    lines: list[Line] = []
    if not found.explained:
        lines += _message(found.root, width)
        lines += wrap([(say("no message that is known; perhaps these help:"), "warn")], width)
        for pointer in found.guesses:
            lines += _pointer(pointer, records, torch, width, say, address, has_passage=True)
        return lines
    first, *others = found.explained
    if first.message != found.root:
        lines += _message(found.root, width)
        lines += [*wrap([(say("not known; what else the text holds:"), "warn")], width), []]
    lines += _message(first.message, width)
    if facts := _where(first, say):
        lines.append([(facts, "dim")])
    told = first.told(say.language)
    labels = {asked: say(asked) for asked, text in told.items() if text}
    pad = max((width_of(label) for label in labels.values()), default=0) + 2
    for asked, label in labels.items():
        start = f"  {label}{' ' * (pad - width_of(label))}"
        lines += wrap(_spans(told[asked], "strong" if asked == "cure" else ""), width, start, " " * (pad + 2))
    for pointer in first.pointers:
        lines += _pointer(pointer, records, torch, width, say, address, has_passage=not labels)
    if others:
        lines += [[], [(say("also in the text:"), "dim")]]
        for other in others:
            commands = " · ".join(f"kb show{address.of(pointer.summary.number)}" for pointer in other.pointers)
            lines += wrap([(clip(other.message, MAX_MESSAGE), "bad")], width, "  ", "    ")
            if cause := other.told(say.language).get("cause"):
                lines += wrap(_spans(cause, ""), width, "    ")
            if commands:
                lines += wrap([(commands, "code")], width, "    ")
    return lines


def _spans(text: str, style: str) -> Line:
    """A line of prose with its code between backticks."""
    return [(piece, "code" if at % 2 else style) for at, piece in enumerate(text.split("`")) if piece]


def _message(message: str, width: int) -> list[Line]:
    return wrap([(clip(message, MAX_MESSAGE), "bad")], width)


def _where(one: "Explained", say: Speech) -> str:
    """Where in the text a message stands, if that is not plain."""
    facts = [say("line {line} of the log", line=one.line)] if one.line > 1 else []
    if one.rank:
        facts.append(say("rank {rank}", rank=one.rank))
    return " · ".join(facts)


def _pointer(
    pointer: "Pointer",
    records: Sequence[Record],
    torch: str,
    width: int,
    say: Speech,
    address: Address,
    has_passage: bool,
) -> list[Line]:
    """An entry: its title, where it explains the message, what to do next."""
    summary = pointer.summary
    entry = address.of(summary.number)
    title = [mark(summary, records, torch), (summary.title(say.language), "title")]
    lines: list[Line] = [[], *wrap(title, width, f"{summary.number:>4} ", " " * 5)]
    for passage in pointer.passages if has_passage else ():
        lines += wrap([(passage.text.replace("\n", " "), "")], width, "       ")
    lines.append([("       ", ""), (f"kb show{entry} · kb run{entry}", "code")])
    return lines
