"""Which language a reader wants, and texts of a deck in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.deck.manifest import Deck  # for its name alone


def choose_language(asked: str | None, environ: Mapping[str, str], available: Sequence[str]) -> str:
    """The language of content and messages.

    ``--lang`` is strict; then ``KB_LANG``, ``LANGUAGE``, ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` in this order name
    wishes, of which the first that the deck has is taken; then English, then the deck's primary language.

    Raises:
        UsageError: ``--lang`` names a language that the deck does not have.
    """
    if asked is not None:
        if asked in available:
            return asked
        if (short := _short(asked)) in available:
            return short
        raise UsageError(f"no language {asked!r}", f"the deck has {', '.join(available)}")
    for name in ("KB_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wish in environ.get(name, "").split(":"):
            if (short := _short(wish)) in available:
                return short
    return "en" if "en" in available else available[0]


def _short(name: str) -> str:
    """``zh_CN.UTF-8`` and ``zh-Hans`` are ``zh``."""
    return name.replace("-", "_").partition("_")[0].partition(".")[0].lower()


def language_text(texts: dict[str, str], language: str) -> str:
    """A text in a language, or in the first one there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def area_name(deck: "Deck", area: str, language: str) -> str:
    """An area's name in a language."""
    return language_text(deck.areas.get(area, {}), language) or area
