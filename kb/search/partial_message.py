"""Partial message: what somebody remembers of a known message, or a program cut off; in any case of letters."""

import re
from collections.abc import Iterable, Sequence

from kb.search.known_messages import KnownMessage
from kb.search.message_pattern import without_slots

LEAST_TYPED = 3
"""Words of a text at least that is nothing but part of a message."""

LEAST_LOGGED = 6
"""The same of an error in a log, where it may be another program's."""

LEAST_RUN = 5
"""Words that must follow each other as in the message where the text goes on in words of its own."""

_WORD = re.compile(r"[^\W\d]\w+")
_CLASS = re.compile(r"^(?:[\w.]*(?:Error|Exception|Warning)|what\(\))\s*[:：]\s*")


class PartialMessages:
    """Finds known messages by part of their words."""

    def __init__(self, messages: Iterable[KnownMessage]) -> None:
        """Take what is known."""
        self._known: list[tuple[str, KnownMessage]] = []
        self._sentences: dict[str, KnownMessage] = {}
        for message in messages:
            for wording in message.patterns:
                self._known.append((_joined(_words(without_slots(wording))), message))
                self._sentences.setdefault(_joined(_words(without_slots(wording.partition(". ")[0]))), message)

    def find(self, text: str, is_logged: bool) -> KnownMessage | None:
        """The message of which a text is a part: its first sentence; all of the text's words; or its beginning; or, of
        what somebody typed, a long run of them.

        Args:
            text: a line.
            is_logged: whether a program printed it among other lines; else somebody typed it.
        """
        words = _words(_CLASS.sub("", text))
        if len(words) >= LEAST_TYPED and (found := self._sentences.get(_joined(words))):
            return found
        if len(words) < (LEAST_LOGGED if is_logged else LEAST_TYPED):
            return None
        if found := self._holding(words):
            return found
        if is_logged:
            # Another version's: it begins as the known one does, and goes on otherwise.
            begins = _joined(words[:LEAST_RUN])
            return next((message for wording, message in self._known if wording.startswith(begins)), None)
        runs = [words[at : at + LEAST_RUN] for at in range(len(words) - LEAST_RUN + 1)]
        return next((found for run in runs if (found := self._holding(run))), None)

    def _holding(self, words: Sequence[str]) -> KnownMessage | None:
        """The message in which words follow each other: of several one with a cure, one that begins with them, the one
        that most entries treat, and the one that says least beside."""
        asked = _joined(words)
        holding = [
            (not one.said, not wording.startswith(asked), -len(one.entries), len(wording), at)
            for at, (wording, one) in enumerate(self._known)
            if asked in wording
        ]
        return self._known[min(holding)[-1]][1] if holding else None


def _words(text: str) -> list[str]:
    """Its words in lower case, without numbers, which differ from run to run, and letters that stand for them."""
    return _WORD.findall(text.lower())


def _joined(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "
