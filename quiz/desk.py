"""Desk: what every command of the quiz begins with. The surroundings of any command, and the learner's log."""

from functools import cached_property

from kb.context import Context
from quiz.progress import Progress


class Desk(Context):
    """A learner's place: the deck, the language, the terminals, and the log, opened when it is first asked for."""

    @cached_property
    def progress(self) -> Progress:
        """The learner's log."""
        return Progress(self.places.progress, lambda notice: self.err.print([[(f"kb: {notice}", "warn")]]))
