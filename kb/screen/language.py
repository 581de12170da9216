"""Which language a reader wants, and texts of a deck in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kb.errors import UsageError
from kb.screen.messages import Speech

if TYPE_CHECKING:
    from kb.deck.manifest import Deck  # for its name alone


SPOKEN = ("en", "zh")
"""The languages of the program's own messages."""


def choose_language(asked: str | None, environ: Mapping[str, str], available: Sequence[str]) -> str:
    """The language in which texts are shown, of those that they are written in.

    ``--lang`` is strict, but for a language of the program's own messages, in which it speaks whatever the deck has.
    Without it ``KB_LANG`` and the locale name wishes, of which the first that the deck has is taken. Where there is
    none it is English, then the deck's primary language. Of ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` the first that is
    set is the locale, and ``LANGUAGE`` goes before it unless it is plain C, as in every program that uses gettext.

    Raises:
        UsageError: ``--lang`` names a language that neither the deck nor the program has.
    """
    if asked is not None:
        if asked in available:
            return asked
        if (short := _short(asked)) in available:
            return short
        if short in SPOKEN:
            return _last_resort(available)
        known = ", ".join(dict.fromkeys((*available, *SPOKEN)))
        raise UsageError("no language {asked!r}", "choose {known}", asked=asked, known=known)
    locale = next((found for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := environ.get(name))), "")
    languages = [] if locale in ("C", "POSIX") else environ.get("LANGUAGE", "").split(":")
    for wish in (*environ.get("KB_LANG", "").split(":"), *languages, locale):
        if (short := _short(wish)) in available:
            return short
    return _last_resort(available)


def _last_resort(available: Sequence[str]) -> str:
    """English, which most readers know, or the primary language."""
    return "en" if "en" in available else available[0]


def spoken_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language in which the program speaks: the first wish that it can fulfil, whatever a deck has."""
    named = None
    for at, word in enumerate(arguments):
        if word == "--lang":
            named = next(iter(arguments[at + 1 : at + 2]), None)
        elif word.startswith("--lang="):
            named = word.removeprefix("--lang=")
    wishes = {**environ, "KB_LANG": f"{named}:{environ.get('KB_LANG', '')}"} if named else environ
    return choose_language(None, wishes, SPOKEN)


def choose_speech(asked: str | None, environ: Mapping[str, str], languages: Sequence[str]) -> Speech:
    """How a reader of a deck is spoken to, and in which of its languages its texts are shown.

    Args:
        asked: what ``--lang`` names.
        environ: where the reader's other wishes stand.
        languages: the deck's, the primary one first.

    Raises:
        UsageError: ``--lang`` names a language that neither the deck nor the program has.
    """
    spoken = spoken_language(["--lang", asked] if asked else [], environ)
    return Speech(choose_language(asked, environ, languages), spoken)


def switched(say: Speech, languages: Sequence[str]) -> Speech:
    """The next of a deck's languages; the program follows if it speaks that, and if there is another one."""
    if say.language not in languages:
        return say
    following = languages[(languages.index(say.language) + 1) % len(languages)]
    return Speech(following, following if following in SPOKEN and following != say.language else say.spoken)


def _short(name: str) -> str:
    """``zh_CN.UTF-8`` and ``zh-Hans`` are ``zh``."""
    return name.replace("-", "_").partition("_")[0].partition(".")[0].lower()


def language_text(texts: dict[str, str], language: str) -> str:
    """A text in a language, or in the first one there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def area_name(deck: "Deck", area: str, language: str) -> str:
    """An area's name in a language."""
    return language_text(deck.areas.get(area, {}), language) or area
