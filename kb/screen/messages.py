"""Messages: what the program says, in the reader's language.

A language is a folder in ``languages``, whose files hold the translation of every message; English needs none.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from kb.errors import KbError, Message, fill

ROOMS = ("screens", "errors", "complaints", "help", "exchange")
"""The files of a language, in the order in which a message is looked for: most commands need no more than the first."""


@cache
def words_of(language: str, room: str) -> Mapping[str, str]:
    """One file's messages by the English ones; none of a language that nobody has translated them into."""
    if language == "en" or not language.isidentifier():
        return {}
    try:
        module = import_module(f"kb.screen.languages.{language}.{room}")
    except ModuleNotFoundError:
        return {}
    return getattr(module, "WORDS", {})


class Speech:
    """Says messages in one language; English where a language lacks one."""

    def __init__(self, language: str, spoken: str = "") -> None:
        """Take the languages.

        Args:
            language: of the deck's texts.
            spoken: of the program's own messages; the same if left out.
        """
        self.language = language
        """In which a deck's texts are shown."""
        self.spoken = spoken or language
        """In which the program speaks."""

    def __call__(self, message: str, /, **values: object) -> str:
        """A message with its values filled in; those that are messages themselves are said in the language, too."""
        said = {name: self.of(value) if isinstance(value, Message) else value for name, value in values.items()}
        return fill(self._template(message), said)

    def of(self, text: str) -> str:
        """A text in the language, if it is a message; else as it is."""
        return self(text.template, **text.values) if isinstance(text, Message) else text

    def error(self, error: KbError) -> str:
        """What is wrong, and what to do."""
        return self("{what}; {do}", what=error.what, do=error.do)

    def _template(self, message: str) -> str:
        for room in ROOMS:
            if found := words_of(self.spoken, room).get(message):
                return found
        return message


def time_text(seconds: float, say: Speech) -> str:
    """A length of time in its largest fitting unit; a minute at least."""
    return say.of(time_message(seconds))


def time_message(seconds: float) -> Message:
    """The same in no language yet."""
    units = (
        (365 * 86400, "{count} {count:year|years}"),
        (30 * 86400, "{count} {count:month|months}"),
        (86400, "{count} {count:day|days}"),
        (3600, "{count} {count:hour|hours}"),
        (60, "{count} {count:minute|minutes}"),
    )
    for size, message in units:
        # Two days less a minute are two days, not 48 hours; a day is a day.
        if seconds >= 1.9 * size or 0.999 * size < seconds < 1.05 * size or size == 60:
            return Message(message, count=max(1, round(seconds / size)))
    raise AssertionError("the last unit takes everything")
