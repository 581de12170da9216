"""Rules: what a deck holds itself to beside the format, as ``[rules]`` in its ``deck.toml`` says it.

A deck that says nothing is held to none of them. They are read for ``kb check`` alone: nothing else asks for them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.deck.manifest import FILE, read_table
from kb.errors import Complaint, Message

Words = tuple[tuple[str, tuple[str, ...]], ...]
"""The form to write, and those not to write, one pair a term."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What ``kb check`` asks of every entry of a deck, each only if the deck asks for it."""

    figures: bool = False
    """Whether a decimal or a percentage in the answer stands in the entry's output, code or formulas."""
    hints: bool = False
    """Whether each written item that has a key has a hint of its own."""
    holes: bool = False
    """Whether each hole lies inside a function."""
    forbid: bool = False
    """Whether a code item that says what may not be called has a ``text forbid`` block."""
    percent: bool = False
    """Whether a percentage is written ``5%``, without a space."""
    recipe: dict[str, str] = field(default_factory=dict)
    """The name of the first section, which is the recipe, by language; other languages have none."""
    words: dict[str, Words] = field(default_factory=dict)
    """One way of writing each term, by language."""


SWITCHES = ("figures", "forbid", "hints", "holes", "percent")


def read_rules(deck: Path) -> tuple[Rules, list[Complaint]]:
    """The rules in a deck's ``deck.toml``, and what is wrong with them; what is wrong is no rule."""
    # What is wrong with the file as a whole was said when the deck was read.
    table = read_table(deck / FILE)[0].get("rules", {})
    complaints: list[Complaint] = []

    def complain(message: str, /, **values: object) -> None:
        complaints.append(Complaint(FILE, 0, Message(message, **values)))

    if not isinstance(table, dict):
        complain("rules is no table; write hints = true under [rules]")
        return Rules(), complaints
    known = sorted({*SWITCHES, "recipe", "words"})
    for key in sorted(table.keys() - set(known)):
        complain("unknown key {key!r} in [rules]; known are {known}", key=key, known=", ".join(known))
    values: dict[str, Any] = {}
    for key in SWITCHES:
        values[key] = table.get(key, False)
        if not isinstance(values[key], bool):
            complain("{key} in [rules] is neither true nor false; write one of them", key=key)
            values[key] = False
    recipe = table.get("recipe", {})
    if isinstance(recipe, dict) and all(isinstance(name, str) and name.strip() for name in recipe.values()):
        values["recipe"] = {language: name.strip() for language, name in recipe.items()}
    else:
        complain('recipe in [rules] names no sections; write recipe = {{ en = "In short" }}')
    words = table.get("words", {})
    if isinstance(words, dict) and all(map(_is_words, words.values())):
        values["words"] = {
            language: tuple((form, tuple(others)) for form, others in terms.items())
            for language, terms in words.items()
        }
    else:
        complain('words in [rules] is no table of terms; write token = ["词元"] under [rules.words.zh]')
    return Rules(**values), complaints


def _is_words(terms: object) -> bool:
    """Whether it is a table of lists of texts, none of them empty."""
    return isinstance(terms, dict) and all(
        form and isinstance(others, list) and all(isinstance(other, str) and other.strip() for other in others)
        for form, others in terms.items()
    )
