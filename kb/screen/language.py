"""Which language a reader wants, and texts of a deck in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.deck.manifest import Deck  # for its name alone


SPOKEN = ("en", "zh")
"""The languages of the program's own messages."""


def choose_language(asked: str | None, environ: Mapping[str, str], available: Sequence[str]) -> str:
    """The language of content and messages.

    ``--lang`` is strict; then ``KB_LANG`` and the locale name wishes, of which the first that the deck has is taken;
    then English, then the deck's primary language. Of ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` the first that is set is
    the locale, and ``LANGUAGE`` goes before it unless it is plain C, as in every program that uses gettext.

    Raises:
        UsageError: ``--lang`` names a language that the deck does not have.
    """
    if asked is not None:
        if asked in available:
            return asked
        if (short := _short(asked)) in available:
            return short
        raise UsageError("no language {asked!r}", "the deck has {known}", asked=asked, known=", ".join(available))
    locale = next((found for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := environ.get(name))), "")
    languages = [] if locale in ("C", "POSIX") else environ.get("LANGUAGE", "").split(":")
    for wish in (*environ.get("KB_LANG", "").split(":"), *languages, locale):
        if (short := _short(wish)) in available:
            return short
    return "en" if "en" in available else available[0]


def spoken_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language for what is said where no deck is open: of a command line that cannot be read, of a help text."""
    named = None
    for at, word in enumerate(arguments):
        if word == "--lang":
            named = next(iter(arguments[at + 1 : at + 2]), None)
        elif word.startswith("--lang="):
            named = word.removeprefix("--lang=")
    return choose_language(None, {"KB_LANG": named} if named else environ, SPOKEN)


def _short(name: str) -> str:
    """``zh_CN.UTF-8`` and ``zh-Hans`` are ``zh``."""
    return name.replace("-", "_").partition("_")[0].partition(".")[0].lower()


def language_text(texts: dict[str, str], language: str) -> str:
    """A text in a language, or in the first one there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def area_name(deck: "Deck", area: str, language: str) -> str:
    """An area's name in a language."""
    return language_text(deck.areas.get(area, {}), language) or area
