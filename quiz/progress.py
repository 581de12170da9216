"""Progress: how far a learner is with each entry, and in which order the entries are gone through."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from kb.deck.item import RECALL
from kb.deck.library import Library
from kb.errors import UsageError
from kb.screen.messages import Speech
from quiz.log.log import Log
from quiz.plan import Card, all_cards, visits
from quiz.stats import local_day


class State(StrEnum):
    """How far an entry is."""

    DONE = "done"
    """Every question was answered right at least once."""
    BEGUN = "begun"
    """Some were answered."""
    PENDING = "pending"
    """None was."""


class Progress(NamedTuple):
    """How far a learner is with one entry. What counts are the written items that are not suspended; of an entry that
    has none its recall card."""

    items: int
    answered: int
    """How many of them were ever answered."""
    right: int
    """How many were answered right at least once."""

    @property
    def state(self) -> State:
        """How far that is."""
        if self.right >= self.items:
            return State.DONE
        return State.BEGUN if self.answered else State.PENDING

    def text(self, say: Speech) -> str:
        """The same in a word that needs no colour; empty as long as nothing was answered."""
        match self.state:
            case State.DONE:
                return say("done")
            case State.BEGUN:
                return f"{self.right}/{self.items}"
            case State.PENDING:
                return ""

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {**self._asdict(), "state": str(self.state)}


def progress_by_entry(
    cards: Iterable[Card], answered: Collection[str], known: Collection[str], suspended: Collection[str]
) -> dict[int, Progress]:
    """How far each entry is.

    Args:
        cards: every item of the deck.
        answered: items that were ever answered, as ``entry/id``.
        known: those that were answered right at least once.
        suspended: those that are never asked.
    """
    by_entry: dict[int, list[Card]] = {}
    for card in cards:
        by_entry.setdefault(card.number, []).append(card)
    found = {}
    for number, ours in by_entry.items():
        keys = [card.key for card in ours if card.kind != RECALL] or [card.key for card in ours]
        keys = [key for key in keys if key not in suspended]
        found[number] = Progress(len(keys), sum(key in answered for key in keys), sum(key in known for key in keys))
    return found


def progress_in(library: Library, log: Log, now: float) -> dict[int, Progress]:
    """How far each entry of a deck is, by a learner's log."""
    suspended = log.marks(local_day(now)).suspended
    return progress_by_entry(all_cards(library), log.memories().keys(), log.known(), suspended)


def path_through(library: Library, progress: Mapping[int, Progress]) -> list[int]:
    """All entries in an order to learn them in: those that are done, those that were begun, then the others by level,
    next to what was begun those related to it."""
    levels = {summary.number: summary.level for summary in library.summaries}
    numbers: dict[State, list[int]] = {state: [] for state in State}
    for number in sorted(levels, key=lambda one: (levels[one], one)):
        numbers[progress[number].state].append(number)
    met = [*numbers[State.DONE], *numbers[State.BEGUN]]
    pending = numbers[State.PENDING]
    return [*met, *visits(dict.fromkeys(pending, 1), dict.fromkeys(met, 1), levels, library.links, len(pending))]


def next_on_path(path: Iterable[int], progress: Mapping[int, Progress]) -> int | None:
    """The first entry of a path that is not done; None if all are."""
    return next((number for number in path if progress[number].state is not State.DONE), None)


def read_state(text: str) -> State:
    """A state by its name.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return State(text)
    except ValueError:
        raise UsageError("no state {state!r}", "choose {known}", state=text, known=", ".join(State)) from None
