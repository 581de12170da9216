"""Desk: what every command of the quiz begins with. The surroundings of any command, and the learner's log."""

from functools import cached_property

from kb.context import Context
from quiz.log.claims import log_id
from quiz.log.log import Log
from quiz.log.takeover import take_over
from quiz.plan import all_cards


class Desk(Context):
    """A learner's place: the deck, the language, the terminals, and the log, opened when it is first asked for."""

    @cached_property
    def log(self) -> Log:
        """The learner's log of this deck. What was answered before there were logs is taken over the first time."""
        places, deck = self.places, log_id(self.library.deck, self.places.data, self.warn)
        if places.old_progress.exists():
            items = {card.key for card in all_cards(self.library)}
            take_over(places.old_progress, places.logs, deck, items, self.warn)
        return Log(places.logs, deck, places.data, places.cache, self.warn)

    def sees_trust(self, number: int) -> bool:
        """That an entry's code may run, for an examiner.

        Raises:
            NoKey: it may not; the deck is named, so that the learner knows what to trust.
        """
        if not self.may_run(number):
            from quiz.examiner import NoKey  # only what asks questions loads it

            raise NoKey(
                "the code of {deck} is not trusted, so nothing of it runs",
                "kb trust {deck:typed} shows it and asks",
                deck=self.trust.deck,
            )
        return True

    def warn(self, notice: str) -> None:
        """Tell the learner of something odd, on stderr."""
        self.err.tell([(f"kb: {self.say.of(notice)}", "warn")])
