"""Verdict: what an answer is, held against its key."""

from enum import IntEnum


class Verdict(IntEnum):
    """From the worst to the best: of several readings the best counts, of several parts the worst."""

    UNREADABLE = 0
    """It is no value at all, and nothing is graded."""
    WRONG = 1
    """It is another value."""
    FORM = 2
    """It is the value, written as something else."""
    RIGHT = 3
