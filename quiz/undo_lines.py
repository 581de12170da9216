"""What undo, redo and reset say: which answers, by name and time."""

from collections.abc import Sequence
from datetime import datetime

from kb.screen.layout import Line, clip, wrap
from kb.screen.messages import Speech
from quiz.kinds.table import KINDS
from quiz.log.event import Review
from quiz.schedule import on_calendar

MOST_GIVEN = 40
"""Cells of an answer's text at most."""

MOST_NAMED = 5
"""How many answers are named, of many that count again."""


def clock_text(at: float) -> str:
    """A time, seconds since 1970, as the learner's clock and calendar have it."""
    return datetime.fromtimestamp(on_calendar(at)).strftime("%Y-%m-%d %H:%M")


def answer_text(one: Review, say: Speech) -> str:
    """An answer by its item, its time, what was given, and what came of it."""
    verdict = "" if one.correct is None else say("right") if one.correct else say("wrong")
    given = KINDS[one.kind].given_text(one.given) if one.kind in KINDS else one.given
    given = clip(" ".join(given.split()), MOST_GIVEN)
    return ", ".join(part for part in (one.item, clock_text(one.at), given, verdict) if part)


def taken_lines(one: Review, say: Speech, width: int) -> list[Line]:
    """That an answer was taken back."""
    return wrap([(say("taken back: {answer}", answer=answer_text(one, say)), "warn")], width)


def given_lines(given: Sequence[Review], say: Speech, width: int) -> list[Line]:
    """Which answers count again; that there are none, if so."""
    if not given:
        return [[(say("nothing was taken back in this session"), "warn")]]
    lines: list[Line] = []
    for one in given[:MOST_NAMED]:
        lines += wrap([(say("counts again: {answer}", answer=answer_text(one, say)), "")], width)
    if len(given) > MOST_NAMED:
        lines.append([(say("{count} more", count=len(given) - MOST_NAMED), "dim")])
    return lines
