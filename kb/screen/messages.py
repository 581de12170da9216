"""Messages: what the program says, in the reader's language.

A language is one file in ``languages``, whose ``WORDS`` hold the translation of every message; English needs none.
"""

from collections.abc import Mapping
from importlib import import_module


def words_of(language: str) -> Mapping[str, str]:
    """The messages of a language by the English ones; none of a language that nobody has translated them into."""
    if language == "en" or not language.isidentifier():
        return {}
    try:
        module = import_module(f"kb.screen.languages.{language}")
    except ModuleNotFoundError:
        return {}
    return getattr(module, "WORDS", {})


class Speech:
    """Says messages in one language; English where a language lacks one."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = words_of(language)

    def __call__(self, message: str, **values: object) -> str:
        """A message with its values filled in."""
        return self._words.get(message, message).format(**values)


def time_text(seconds: float, say: Speech) -> str:
    """A length of time in its largest fitting unit; a minute at least."""
    units = (
        (365 * 86400, "{count} years"),
        (30 * 86400, "{count} months"),
        (86400, "{count} days"),
        (3600, "{count} hours"),
        (60, "{count} minutes"),
    )
    for size, message in units:
        if seconds >= 1.9 * size or size == 60:  # two days less a minute are two days, not 48 hours
            count = round(seconds / size)
            return say(message, count=max(1, count))
    raise AssertionError("the last unit takes everything")
