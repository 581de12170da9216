"""TOML text: a text as a deck's table and the list of decks have it, for what Python reads and cannot write."""


def toml_text(text: str) -> str:
    """A text as a basic string of TOML."""
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
