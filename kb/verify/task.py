"""Task: one script that a verification runs, with what is expected of it."""

import hashlib
from dataclasses import dataclass
from enum import Enum

from kb.run.job import Job


class Expectation(Enum):
    """What a run must do to be as expected."""

    PASSES = "it passes, without a warning"
    PRINTS_A_KEY = "it passes, without a warning, and prints one line"
    PASSES_IN_FULL = "it passes, with every check of the snippet executed"
    FAILS_A_CHECK = "it runs, and an assert of the snippet rejects it"
    FAILS = "it does not pass"


@dataclass(frozen=True, slots=True)
class Task:
    """One script that is to be run, and what is expected of it."""

    entry: int
    what: str
    """``snippet``, ``proof``, ``predict``, ``answer``, ``right``, ``wrong`` or ``mutant``."""
    id: str
    """The item's id, with the solution's number from 1 behind a colon; for a snippet empty, or the variant's name."""
    job: Job
    sha256: str
    """Of the script."""
    expects: Expectation = Expectation.PASSES
    equivalent: str = ""
    """Why a mutant is as right as the solution, or harmless, where the entry says so."""
    line: int = 0
    """Where a whole snippet's mutant has its mistake, from 1; 0 for all other tasks."""
    mistake: str = ""
    """What is wrong in it, a ``Message``."""

    @property
    def is_plain_snippet(self) -> bool:
        """Whether it runs an entry's snippet as it stands, and not a variant of it."""
        return self.what == "snippet" and not self.id


def digest(source: str) -> str:
    """SHA-256 of a script, in hex."""
    return hashlib.sha256(source.encode()).hexdigest()
