"""Door: what a learner types or sends, looked at once before anything reads it.

Behind it a text is no longer than its kind allows and holds no half characters, and reading it as Python either gives
something or says, in one way, that it cannot be read.
"""

import reprlib
from collections.abc import Callable
from typing import TypeVar

from kb.deck.script import without_warnings
from kb.errors import KbError

VALUE_LIMIT = 10_000
"""Characters of a typed value: a printed tensor is shorter."""

CODE_LIMIT = 100_000
"""Characters of lines for a hole."""

_T = TypeVar("_T")


class Unreadable(Exception):  # noqa: N818 no fault of the program
    """Python cannot read a text."""


def admit(text: str, limit: int) -> str:
    """A text as the rest of the program may take it: lone surrogates, which no file can hold, are replaced.

    Raises:
        KbError: it is longer than the limit.
    """
    if len(text) > limit:
        what = "the answer has {length} characters; {limit} at most are read"
        raise KbError(what, "give a shorter one", length=len(text), limit=limit)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # so that two halves are one character


def guarded(read: Callable[[], _T]) -> _T:
    """What reading a text as Python gives. Never raises anything else, whatever the text, and prints no warning.

    Python refuses in many ways: a syntax that is none, a NUL, brackets or operators too deep for its stack, a number
    of too many digits, a list as the key of a dict. Its warnings are about the learner's text and tell him nothing
    that the grade does not.

    Raises:
        Unreadable: it cannot be read.
    """
    try:
        return without_warnings(read)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, MemoryError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None


def shown(value: object) -> str:
    """Any value in a few characters, for an error's line."""
    try:
        return reprlib.repr(value)
    except (ValueError, RecursionError):
        return "..."
