"""What can go wrong for a user, and how it is said: one line, what is wrong and what to do."""

from typing import Any, NamedTuple

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class KbError(Exception):
    """Something that the user can mend. The command line prints it as ``kb: what; what to do``."""

    exit_code = 1

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{what}; {do}")
        self.what = what
        """What is wrong, without a full stop."""
        self.do = do
        """What to do about it."""


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
    """``what is wrong; what to do``."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {"path": self.path, "line": self.line, "message": self.message}
