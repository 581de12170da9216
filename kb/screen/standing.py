"""How an entry stands, on the screen: a mark of one character, and a sentence."""

from collections.abc import Sequence

from kb.deck.address import Address
from kb.deck.summary import Summary
from kb.screen.layout import Piece
from kb.screen.messages import Speech
from kb.verify.record import Record, Standing, standing

MARKS = {Standing.VERIFIED: ("✓", "good"), Standing.STALE: ("~", "warn"), Standing.UNVERIFIED: ("·", "dim")}
"""How a standing is shown in one character."""


def mark(summary: Summary, records: Sequence[Record], torch: str) -> Piece:
    """How an entry stands, in one character and a space."""
    character, style = MARKS[standing(summary, records, torch)[0]]
    return (character + " ", style)


def standing_text(summary: Summary, records: Sequence[Record], torch: str, say: Speech, address: Address) -> str:
    """How an entry stands, in words."""
    how, devices = standing(summary, records, torch)
    entry = address.of(summary.number)
    if how is Standing.VERIFIED:
        return say("verified with torch {torch} on {devices}", torch=torch, devices=", ".join(devices))
    if how is Standing.STALE:
        return say("stale: not verified with torch {torch}; kb verify{entry} runs it", torch=torch, entry=entry)
    return say("not verified yet; kb verify{entry} runs it", entry=entry)
