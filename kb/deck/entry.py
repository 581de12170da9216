"""The values of a deck: what an entry is made of once it has been read."""

from dataclasses import dataclass
from typing import Any

from kb.deck.item import Item
from kb.deck.script import Snippet
from kb.deck.summary import Summary
from kb.deck.text import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered topic, whole."""

    summary: Summary
    """What lists and searches need."""
    texts: dict[str, Text]
    """The answer by language; the deck's primary language comes first."""
    snippet: Snippet | None
    """The script that shows it; a deck of one's own may leave it out."""
    items: tuple[Item, ...]
    """The written items of its quiz, in the order of the file."""

    @property
    def number(self) -> int:
        """Topic number."""
        return self.summary.number

    def text(self, language: str) -> Text:
        """The answer in a language, or in the primary one where that is missing."""
        return self.texts.get(language) or next(iter(self.texts.values()))

    def item(self, id: str) -> Item | None:
        """The written item of that id."""
        return next((item for item in self.items if item.id == id), None)

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it: the answer whole, and the snippet's source."""
        text = self.text(language)
        return {
            "number": self.number,
            "title": text.title,
            "gist": text.short,
            "markdown": text.markdown,
            "snippet": self.snippet.source if self.snippet else "",
            "area": self.summary.area,
            "level": self.summary.level,
            "tags": list(self.summary.tags),
        }
