"""Progress: how far a session is, and how it goes."""

from typing import NamedTuple

from kb.screen.layout import Line, flow
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal

CELLS, FEW_CELLS = 20, 10
"""Of the bar, on a usual terminal and on a narrow one."""

NARROW = 60
"""Cells of a terminal that is narrow."""


class SessionProgress(NamedTuple):
    """A session at one of its questions."""

    place: int
    """The question's, from 1: those that were answered or skipped stand before it."""
    whole: int
    """How many there are, with those that are asked once more."""
    again: int
    """How many of them are asked once more after a wrong answer."""
    right: int
    wrong: int
    """How many answers went well, and how many did not, by their ratings."""


def progress_lines(progress: SessionProgress, state: str, out: Terminal, say: Speech, width: int) -> list[Line]:
    """A bar where pictures may be drawn, and the same in words, with what the present question is: new, due."""
    parts: list[Line] = []
    if out.can_redraw:
        cells = CELLS if width >= NARROW else FEW_CELLS
        filled = cells * (progress.place - 1) // max(1, progress.whole)
        parts.append([("━" * filled, "good"), ("─" * (cells - filled), "dim")])
    parts.append([(say("{place} of {whole}", place=progress.place, whole=progress.whole), "strong")])
    parts.append([(state, "dim")])
    if progress.again:
        parts.append([(say("+{again} again", again=progress.again), "dim")])
    if progress.right or progress.wrong:
        score = say("{right} right, {wrong} wrong", right=progress.right, wrong=progress.wrong)
        parts.append([(score, "dim")])
    return flow(parts, width, between="  " if out.can_redraw else ", ")
