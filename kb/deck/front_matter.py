"""Front matter: the YAML at the head of an entry, read with a complaint for every wrong value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from kb.deck.manifest import Deck

MIN_ALIASES = 3

FEW_ALIASES = (
    "{count} {count:alias|aliases}, at least {least} are needed; give the acronym, the name in the other language, the"
    " API name"
)
NUMBERS = "{bad!r} in {key}; give numbers"
TEXTS = "{bad!r} in {key}; give texts (quote what looks like a number)"


class Complain(Protocol):
    """Is told what is wrong."""

    def __call__(self, line: int, message: str, /, **values: object) -> None:
        """Takes a line, from 1, and a message's template with its values."""


@dataclass(frozen=True, slots=True)
class Front:
    """The front matter of an entry."""

    area: str = ""
    level: int = 2
    tags: tuple[str, ...] = ()
    related: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def read_front(raw: str, lines: Sequence[str], deck: Deck, complain: Complain) -> Front:
    """The front matter of an entry; what is wrong or missing has its default.

    Args:
        raw: the YAML between the two ``---`` lines.
        lines: of the whole file, for naming the line of a wrong value.
        deck: whose areas and rules hold.
        complain: is told what is wrong.
    """
    try:
        table = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 both are safe
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        complain(
            mark.line + 2 if mark else 1,
            "the front matter is not YAML: {problem}; quote the value",
            problem=problem,
        )
        return Front()
    if not isinstance(table, dict):
        complain(1, "the front matter is no table; write area: ..., level: ..., one a line")
        return Front()
    return _Table(table, lines, deck, complain).front()


class _Table:
    """The values of one front matter, each checked when it is taken."""

    def __init__(self, table: dict[Any, Any], lines: Sequence[str], deck: Deck, complain: Complain) -> None:
        self.table = table
        self.lines = lines
        self.deck = deck
        self._complain = complain

    def complain(self, key: str, message: str, /, **values: object) -> None:
        line = next((at for at, line in enumerate(self.lines, 1) if line.startswith(f"{key}:")), 1)
        self._complain(line, message, **values)

    def front(self) -> Front:
        known = Front.__slots__
        for key in self.table.keys() - set(known):
            self.complain(str(key), "unknown key {key!r}; known are {known}", key=key, known=", ".join(known))
        for key in known:
            if key not in self.table and (self.deck.complete or key in ("area", "level")):
                self._complain(1, "no {key} in the front matter; add it", key=key)
        return Front(
            area=self.area(),
            level=self.level(),
            tags=self.values("tags", str),
            related=self.values("related", int),
            aliases=self.aliases(),
            errors=self.values("errors", str),
        )

    def area(self) -> str:
        area = self.table.get("area", "")
        if self.deck.areas and area not in self.deck.areas:
            self.complain(
                "area", "unknown area {area!r}; the deck's are {known}", area=area, known=", ".join(self.deck.areas)
            )
        return str(area)

    def level(self) -> int:
        level = self.table.get("level", 2)
        if type(level) is int and 1 <= level <= 3:
            return level
        self.complain("level", "level is {level!r}; give 1 (basic), 2 or 3 (advanced)", level=level)
        return 2

    def values(self, key: str, kind: type) -> tuple[Any, ...]:
        values = self.table.get(key) or []
        if not isinstance(values, list):
            self.complain(key, "{key} is no list; write [one, two]", key=key)
            return ()
        good = [value for value in values if type(value) is kind]
        if len(good) < len(values):
            bad = next(value for value in values if type(value) is not kind)
            wanted = NUMBERS if kind is int else TEXTS
            self.complain(key, wanted, bad=bad, key=key)
        if len(set(good)) < len(good):
            self.complain(key, "{key} names something twice; once is enough", key=key)
        return tuple(dict.fromkeys(good))

    def aliases(self) -> tuple[str, ...]:
        aliases: tuple[str, ...] = self.values("aliases", str)
        if self.deck.complete and len(aliases) < MIN_ALIASES:
            self.complain("aliases", FEW_ALIASES, count=len(aliases), least=MIN_ALIASES)
        return aliases
