"""Attempt: what a learner did at one question so far, and keeps when the question is left and comes back."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Attempt:
    """One question's, from when it is first shown until it is answered."""

    helps: int = 0
    """Hints, further tries, and looks at the entry: with any of them a right answer counts as hard."""
    rungs: int = 0
    """Hints that were given."""
    marked: set[int] = field(default_factory=set)
    """Places of the options that are marked so far."""
    struck: set[int] = field(default_factory=set)
    """Places of the options that hints struck out."""
    lines: str = ""
    """Of code, as the learner left them."""
    tries: int = 0
    """How often lines of code were rejected."""
