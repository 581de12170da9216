"""Summary: what lists and searches need of an entry, without its body."""

from typing import Any, NamedTuple


# A NamedTuple, as the deck's own facts are: a frozen dataclass takes up to 1 ms to make, at every start.
class Summary(NamedTuple):
    """An entry in short."""

    number: int
    """Topic number, also how the command line names the entry."""
    slug: str
    """The folder's name after the number."""
    area: str
    """One of the deck's areas."""
    level: int
    """1 basic, 2 working knowledge, 3 advanced."""
    tags: tuple[str, ...]
    """Subjects, for filtering."""
    related: tuple[int, ...]
    """Numbers of neighbouring entries as the file names them; the link counts both ways."""
    aliases: tuple[str, ...]
    """Other names under which people look this up."""
    errors: tuple[str, ...]
    """Error messages that this entry explains."""
    titles: dict[str, str]
    """The question by language."""
    gists: dict[str, str]
    """The answer in short by language, as plain text."""
    sha256: str
    """Of the snippet; empty without one."""

    @property
    def folder(self) -> str:
        """Name of the entry's folder."""
        return f"{self.number:03d}-{self.slug}"

    def title(self, language: str) -> str:
        """The question in a language, or in the first one there is."""
        return self.titles.get(language) or next(iter(self.titles.values()), "")

    def to_json(self, language: str) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "number": self.number,
            "slug": self.slug,
            "title": self.title(language),
            "area": self.area,
            "level": self.level,
            "tags": list(self.tags),
        }
