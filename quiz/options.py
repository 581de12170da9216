"""Options: in which order a choice's stand, and the letters that name them. Digits are ratings, never an option.

The log keeps places, from 1, as it always has; a letter is how a place is shown and typed.
"""

import re
import unicodedata
from collections.abc import Iterable
from random import Random

from kb.deck.item import Item
from kb.deck.text import plain

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_NUMBER = re.compile(r"\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d+)?)(?:/(\d+))?(\D*)", re.IGNORECASE)
"""A number, or a fraction's first one; its second one; a unit."""


def letter_of(place: int) -> str:
    """What names the option at a place."""
    return LETTERS[place - 1] if place <= len(LETTERS) else str(place)


def place_of(letter: str) -> int:
    """The place that a letter names, in any width and case; 0 if it is none."""
    key = narrow(letter).lower()
    return LETTERS.index(key) + 1 if len(key) == 1 and key in LETTERS else 0


def letters_of(given: str) -> str:
    """An answer as the log keeps it, ``1, 3``, as the learner gave it: ``a, c``. Other texts stay as they are."""
    places = given.replace(",", " ").split()
    if not all(place.isascii() and place.isdecimal() and len(place) < 4 and int(place) for place in places):
        return given
    return ", ".join(letter_of(int(place)) for place in places)


def range_of(count: int) -> str:
    """The letters of so many options, as the line of keys names them."""
    return f"a-{letter_of(min(count, len(LETTERS)))}"


def narrow(key: str) -> str:
    """A key in the width in which keys are named: a Chinese keyboard gives ``ａ`` and ``：``."""
    plain_key = unicodedata.normalize("NFKC", key)
    return plain_key if len(plain_key) == len(key) else key


def shown_order(item: Item, random: Random) -> tuple[int, ...]:
    """Which option of the file stands at each place: numbers by their value, anything else in any order."""
    order = list(range(len(item.marks)))
    texts = [plain(option) for option in next(iter(item.wordings.values())).options] if item.wordings else []
    if texts and (values := _values(texts)) is not None:
        return tuple(sorted(order, key=values.__getitem__))
    random.shuffle(order)
    return tuple(order)


def _values(texts: Iterable[str]) -> list[float] | None:
    """What texts are worth that are numbers of one unit; None if they are not."""
    values, units = [], set()
    for text in texts:
        found = _NUMBER.fullmatch(text.replace("−", "-"))
        try:
            value = float(found[1].replace(",", "")) / float(found[2] or 1) if found else None
        except (ValueError, ZeroDivisionError):  # a lone point, or 1/0
            value = None
        if found is None or value is None:
            return None
        values.append(value)
        units.add(found[3].strip())
    return values if len(units) == 1 else None
