"""Wish: what the learner wants to be asked, and the plan that follows from it."""

from dataclasses import dataclass

from kb.errors import UsageError
from quiz.desk import Desk
from quiz.kinds.table import KINDS, is_any_run
from quiz.plan import Agenda, Card, all_cards, plan
from quiz.stats import done_today

LIMIT = 10
"""Questions of a session, if the learner says nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the learner wants to be asked."""

    words: list[str]
    """Numbers or words that find entries; all if empty."""
    only_new: bool
    limit: int | None
    """How many questions at most; ``LIMIT`` at a time if nothing is said."""
    kind: str | None
    area: str | None
    level: int | None
    in_editor: bool = False
    """Whether lines of code are written in the learner's editor from the first."""


def wished_cards(desk: Desk, wish: Wish) -> list[Card]:
    """The items that fit a wish.

    Raises:
        UsageError: an unknown kind or area, a word that finds nothing, or nothing that fits.
    """
    if wish.kind is not None and wish.kind not in KINDS:
        raise UsageError("no kind {kind!r}", "choose {known}", kind=wish.kind, known=", ".join(KINDS))
    if wish.area is not None and wish.area not in desk.library.deck.areas:
        raise UsageError(
            "no area {area!r}", "the deck has {known}", area=wish.area, known=", ".join(desk.library.deck.areas)
        )
    numbers = set(desk.chosen(wish.words)) if wish.words else set(desk.library.by_number)
    summaries = desk.library.by_number
    cards = [
        card
        for card in all_cards(desk.library)
        if card.number in numbers
        and wish.kind in (None, card.kind)
        and wish.area in (None, summaries[card.number].area)
        and wish.level in (None, summaries[card.number].level)
    ]
    if not desk.torch and is_any_run(card.kind for card in cards):
        cards = [card for card in cards if not KINDS[card.kind].is_run]
        text = desk.say("torch is not installed: questions whose answers are run are left out")
        desk.err.print([[(f"kb: {text}", "warn")]])
    if not cards:
        raise UsageError("no item matches", "kb quiz without options asks what is due")
    return cards


def plan_session(desk: Desk, wish: Wish, now: float) -> Agenda:
    """What to ask now. Entries that are named are asked also where nothing of them is due."""
    cards = wished_cards(desk, wish)
    return plan(
        cards,
        desk.log.memories(),
        {summary.number: summary.level for summary in desk.library.summaries},
        now,
        LIMIT if wish.limit is None else wish.limit,
        links=desk.library.links,
        done_today=done_today(desk.log, now),
        parameters=desk.log.parameters,
        only_new=wish.only_new,
        also_early=bool(wish.words),
    )
