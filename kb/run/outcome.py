"""Outcome: how a run can end."""

from enum import StrEnum
from typing import Self

from kb.errors import INTERRUPTED as INTERRUPTED_CODE


class Outcome(StrEnum):
    """How a run ended. Its text is what records, ``--json`` and the supervisor's result call it."""

    exit_status: int
    """What ``kb run`` ends with."""
    is_own_doing: bool
    """Whether the script brought it about, wherever it runs: what is cut off by a clock, a full machine, a signal or
    the user says nothing about whether its lines are right."""
    sentence: str
    """Why, in words, with the facts in braces; empty where only the run can tell."""

    def __new__(cls, text: str, exit_status: int = 1, is_own_doing: bool = True, sentence: str = "") -> Self:
        member = str.__new__(cls, text)
        member._value_ = text
        member.exit_status = exit_status
        member.is_own_doing = is_own_doing
        member.sentence = sentence
        return member

    PASSED = "passed", 0, True, ""
    FAILED = "failed", 1, True, ""
    TIMED_OUT = "timed out", 124, False, "not done after {timeout:g} s"
    OUT_OF_MEMORY = "out of memory", 1, False, "its processes held more memory than they may"
    KILLED = "killed", 1, False, "killed by signal {signal} ({name})"
    INTERRUPTED = "interrupted", INTERRUPTED_CODE, False, "interrupted"
    TOO_MUCH_OUTPUT = "too much output", 1, True, "it printed more than {megabytes:g} MB"


COMPUTED_ENOUGH = "it computed for more than {cpu_limit:g} s"
"""The sentence of ``TIMED_OUT`` where it was not the clock that ended a run."""
