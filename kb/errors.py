"""What can go wrong for a user, and how it is said: one line, what is wrong and what to do."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class Message(str):
    """A text for people that remembers what it is made of, so that it can be said in their language.

    As a text it is English. The template is what ``str.format`` takes, and ``{count:answer|answers}`` in it is the
    first form for 1 and the second for every other number; ``{folder:typed}`` is a path as a shell takes it.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Message":
        if isinstance(template, Message):
            return template
        made = super().__new__(cls, fill(template, values))
        made.template = template
        made.values = values
        return made


def fill(template: str, values: Mapping[str, object]) -> str:
    """A template with its values."""
    return template.format(**{name: _formatted(value) for name, value in values.items()})


def _formatted(value: object) -> object:
    if isinstance(value, PurePath):
        return _Path(value)
    return _Counted(value) if type(value) is int else value


class _Counted(int):
    """A number that chooses between two forms of a word."""

    def __format__(self, form: str) -> str:
        one, bar, many = form.partition("|")
        return (one if self == 1 else many) if bar else int.__format__(self, form)


class _Path(str):
    """A path that may stand in a command."""

    __slots__ = ()

    def __format__(self, form: str) -> str:
        if form != "typed":
            return str.__format__(self, form)
        from shlex import quote  # few messages name a path

        return quote(self)


class KbError(Exception):
    """Something that the user can mend. The command line prints it as ``kb: what; what to do``."""

    exit_code = 1

    def __init__(self, what: str, do: str, /, **values: object) -> None:
        """Take two templates and their values, see ``Message``."""
        self.what = Message(what, **values)
        """What is wrong, without a full stop."""
        self.do = Message(do, **values)
        """What to do about it."""
        super().__init__(f"{self.what}; {self.do}")


class UsageError(KbError):
    """The command was given something it cannot take: an unknown number, an unknown device, an empty query."""

    exit_code = 2


class Complaint(NamedTuple):
    """One violation of the form of a deck."""

    path: str
    """The file, relative to the deck's folder."""
    line: int
    """Line number, from 1; 0 if the whole file is meant."""
    message: str
    """``what is wrong; what to do``, a ``Message``."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {"path": self.path, "line": self.line, "message": self.message}
