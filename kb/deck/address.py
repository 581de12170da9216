"""Address: how a deck's entries are named in a command, for what the program tells a reader to type."""

from typing import NamedTuple


class Address(NamedTuple):
    """A deck as the reader names it; empty for the one that a command takes by itself."""

    name: str = ""
    """Under which it is listed."""
    folder: str = ""
    """Where it lies, if it is not listed."""

    @property
    def option(self) -> str:
        """The whole deck, for a command that takes no entries: `` --deck mydeck``."""
        from shlex import quote  # few decks need it

        named = self.name or self.folder
        return f" --deck {quote(named)}" if named else ""

    def of(self, entries: int | str = "") -> str:
        """Entries, or the whole deck, as they follow a command: `` 12``, `` mydeck:12``, `` 12 --deck notes``."""
        if self.name:
            return f" {self.name}:{entries}"
        from shlex import quote  # few decks need it

        numbers = "" if entries == "" else f" {entries}"
        return f"{numbers} --deck {quote(self.folder)}" if self.folder else numbers
