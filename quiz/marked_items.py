"""Marked items: which are flagged, suspended or buried now, and which a learner's words name to be marked."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kb.deck.item import RECALL
from kb.deck.library import Library
from kb.deck.text import Block
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from quiz.log.answers import Marks
from quiz.log.event import Marking
from quiz.plan import Card, all_cards
from quiz.reset import chosen


class MarkedItem(NamedTuple):
    """An item with how it is marked."""

    card: Card
    question: str
    """Its first line, in the reader's language."""
    markings: tuple[Marking, ...]

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "item": self.card.key,
            "entry": self.card.number,
            "kind": self.card.kind,
            "question": self.question,
            **{str(marking): marking in self.markings for marking in Marking},
        }


def marked_items(library: Library, marks: Marks, which: Iterable[Marking], language: str) -> list[MarkedItem]:
    """A deck's items that are marked in one of some ways, by entry."""
    wanted = set(which)
    found = []
    for card in all_cards(library):
        markings = tuple(marking for marking in Marking if marks.are(card.key, marking))
        if wanted & set(markings):
            found.append(MarkedItem(card, first_line(library, card, language), markings))
    return found


def first_line(library: Library, card: Card, language: str) -> str:
    """The first line of an item's question."""
    item = None if card.id == RECALL else library.entry(card.number).item(card.id)
    text = _text(item.wording(language).question) if item else library.summary(card.number).title(language)
    return text.strip().partition("\n")[0]


def _text(blocks: Iterable[Block]) -> str:
    return "\n".join(_text(block.children) if block.children else block.text for block in blocks)


def marked_lines(items: Iterable[MarkedItem], say: Speech, width: int) -> list[Line]:
    """Each item with how it is marked and what it asks."""
    words = {
        Marking.BURY: say("buried until tomorrow"),
        Marking.SUSPEND: say("suspended"),
        Marking.FLAG: say("flagged"),
    }
    lines: list[Line] = []
    for one in items:
        how = ", ".join(words[marking] for marking in one.markings)
        lines += wrap([(one.card.key, "code"), (f" · {how}", "warn")], width)
        lines += wrap([(one.question, "")], width, "    ")
    return lines


def named_items(library: Library, words: Iterable[str]) -> list[str]:
    """The items that words name, as ``entry/id``: an entry's number or exact name stands for all of its items.

    Raises:
        UsageError: a word names nothing, or several entries.
    """
    names = {str(one) for one in chosen(library, words)}
    return [card.key for card in all_cards(library) if names & {card.key, str(card.number)}]
