"""Wish: what the learner wants to be asked, and the plan that follows from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kb.errors import Message, UsageError
from kb.verify.record import keys_of
from kb.verify.task import digest
from quiz.desk import Desk
from quiz.kinds.table import KINDS
from quiz.plan import Agenda, Card, all_cards, plan
from quiz.stats import done_today, local_day

UNTRUSTED = (
    "the code of {deck} is not trusted: what asks for a run is left out; kb trust {deck:typed} shows it and asks"
)

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


def wished_cards(desk: Desk, wish: Wish, now: float) -> list[Card]:
    """The items that fit a wish.

    Raises:
        UsageError: an unknown kind or area, a word that finds nothing, or nothing that fits and may be asked.
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
    if why := _why_not_run(desk):
        keys = keys_of(desk.records)
        kept = [card for card in cards if not _needs_run(desk, card, keys)]
        if kept != cards:
            cards = kept
            desk.warn(why)
    if not cards:
        raise UsageError("no item matches", "kb quiz without options asks what is due")
    marks = desk.log.marks(local_day(now))
    if not (asked := [card for card in cards if not marks.is_out(card.key)]):
        raise UsageError("every item that matches is suspended or buried", "kb list --suspended names them")
    return asked


def _needs_run(desk: Desk, card: Card, keys: Collection[tuple[int, str, str]]) -> bool:
    """Whether an item can only be graded by running something here."""
    kind = KINDS[card.kind]
    if not kind.is_computed:
        return kind.is_run
    item = desk.library.entry(card.number).item(card.id)
    return item is None or (item.entry, item.id, digest(item.code)) not in keys


def _why_not_run(desk: Desk) -> Message | None:
    """Why answers cannot be run here, if they cannot."""
    if not desk.torch:
        return Message("torch is not installed: what asks for a run is left out")
    return None if desk.trust.is_begun else Message(UNTRUSTED, deck=desk.trust.deck)


def plan_session(desk: Desk, wish: Wish, now: float) -> Agenda:
    """What to ask now. Entries that are named are asked also where nothing of them is due."""
    return plan_cards(
        desk,
        wished_cards(desk, wish, now),
        now,
        LIMIT if wish.limit is None else wish.limit,
        only_new=wish.only_new,
        also_early=bool(wish.words),
    )


def plan_cards(
    desk: Desk, cards: Sequence[Card], now: float, limit: int, only_new: bool = False, also_early: bool = False
) -> Agenda:
    """What of some items to ask now, and in which order; for the rest see ``plan``."""
    memories = desk.log.memories()
    has_written = any(card.key in memories for card in cards if KINDS[card.kind].is_run)
    return plan(
        cards,
        memories,
        {summary.number: summary.level for summary in desk.library.summaries},
        now,
        limit,
        links=desk.library.links,
        done_today=done_today(desk.log, now),
        parameters=desk.log.parameters,
        only_new=only_new,
        also_early=also_early,
        places={name: kind.place for name, kind in KINDS.items()},
        easiest=None if has_written else lambda some: easiest_code(desk, some),
    )


def easiest_code(desk: Desk, cards: Sequence[Card]) -> Card | None:
    """The item that has the fewest lines written, in an entry of the lowest level; None if none has any."""

    def effort(card: Card) -> tuple[int, int]:
        entry = desk.library.entry(card.number)
        hole = entry.snippet.hole(card.id) if entry.snippet else None
        return entry.summary.level, hole.end - hole.first if hole else 0

    return min((card for card in cards if KINDS[card.kind].is_run), key=effort, default=None)
