"""Completion: what a shell offers for a word that is being typed, with what it means beside it.

A shell asks at every press of Tab, and shows nothing of what goes wrong: whatever it is, nothing is offered then.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kb.context import Context

Offer = tuple[str, str]
"""A word, and what it means."""


def entries(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Numbers of entries with their titles, or slugs once it is no number that is typed."""

    def offers(context: "Context") -> Iterable[Offer]:
        for summary in context.library.summaries:
            title = summary.title(context.say.language)
            if incomplete and not incomplete.isdecimal():
                yield summary.slug, f"{summary.number}. {title}"
            else:
                yield str(summary.number), title

    return _of_deck(ctx, incomplete, offers)


def items(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Numbers of entries with their titles, or an entry's questions once its number and a stroke are typed."""
    if "/" not in incomplete:
        return entries(ctx, incomplete)

    def offers(context: "Context") -> Iterable[Offer]:
        from quiz.plan import all_cards  # what runs a command needs none of this

        return ((card.key, card.kind) for card in all_cards(context.library))

    return _of_deck(ctx, incomplete, offers)


def areas(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """The deck's areas with their names."""

    def offers(context: "Context") -> Iterable[Offer]:
        from kb.screen.language import area_name  # what runs a command needs none of this

        deck = context.library.deck
        return ((area, area_name(deck, area, context.say.language)) for area in deck.areas)

    return _of_deck(ctx, incomplete, offers)


def tags(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """The tags that entries have."""

    def offers(context: "Context") -> Iterable[Offer]:
        return ((tag, "") for tag in sorted({tag for one in context.library.summaries for tag in one.tags}))

    return _of_deck(ctx, incomplete, offers)


def languages(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """The deck's languages, and the program's."""
    from kb.screen.language import SPOKEN  # what runs a command needs none of this

    def offers(context: "Context") -> Iterable[Offer]:
        return ((one, "") for one in dict.fromkeys((*context.library.deck.languages, *SPOKEN)))

    return _of_deck(ctx, incomplete, offers)


def one_of(*words: str) -> Callable[[str], list[str]]:
    """Some words that are always the same."""

    def offers(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return offers


def _of_deck(ctx: typer.Context, incomplete: str, offers: "Callable[[Context], Iterable[Offer]]") -> list[Offer]:
    """What of a deck begins with the word that is being typed."""
    with suppress(Exception):
        from kb.cli.opening import open_context

        context = open_context(ctx.params.get("deck"), ctx.params.get("lang"))
        return [offer for offer in offers(context) if offer[0].startswith(incomplete)]
    return []
