"""Front matter: the YAML at the head of an entry, read with a complaint for every wrong value.

The YAML is read as nodes, and only what should be a text, a number or a list of them is made into values: whatever
else stands there costs its own key alone.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from kb.deck.manifest import Deck

MIN_ALIASES = 3

MAX_DEPTH = 8
"""Levels of brackets. The YAML library's own reading of some 50,000 levels ends the process."""

MAX_NUMBER = 999_999_999

FEW_ALIASES = (
    "{count} {count:alias|aliases}, at least {least} are needed; give the acronym, the name in the other language, the"
    " API name"
)
NUMBERS = "{bad!r} in {key}; give numbers"
TEXTS = "{bad!r} in {key}; give texts (quote what looks like a number)"
UNPRINTABLE = "{bad!r} in {key} holds a character that cannot be shown; take it out"

_SHOWN = 60
"""Characters of a wrong value that a complaint quotes."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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


def read_front(raw: str, deck: Deck, complain: Complain) -> Front:
    """The front matter of an entry; what is wrong or missing has its default.

    Args:
        raw: the YAML between the two ``---`` lines, of which the first is the file's.
        deck: whose areas and rules hold.
        complain: is told what is wrong.
    """
    try:
        if _depth(raw) > MAX_DEPTH:
            complain(1, "the front matter is nested too deep; write area: ..., level: ..., one a line")
            return Front()
        root = yaml.compose(raw, Loader=_LOADER)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        complain(
            mark.line + 2 if mark else 1,
            "the front matter is not YAML: {problem}; quote the value",
            problem=problem,
        )
        return Front()
    if not isinstance(root, yaml.MappingNode):
        complain(1, "the front matter is no table; write area: ..., level: ..., one a line")
        return Front()
    return _Table(root, raw, deck, complain).front()


def _depth(raw: str) -> int:
    """How deep lists and tables lie in each other, looked at one by one; more than ``MAX_DEPTH`` are not counted."""
    depth = deepest = 0
    for event in yaml.parse(raw, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(depth, deepest)
            if deepest > MAX_DEPTH:
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest


class _Table:
    """The values of one front matter, each checked when it is taken."""

    def __init__(self, root: yaml.MappingNode, raw: str, deck: Deck, complain: Complain) -> None:
        self.raw = raw
        self.deck = deck
        self._complain = complain
        self.nodes: dict[str, yaml.Node] = {}
        self.lines: dict[str, int] = {}
        for key, value in root.value:
            self.take(key, value)

    def take(self, key: yaml.Node, value: yaml.Node) -> None:
        line = key.start_mark.line + 2  # from 1, and the line --- stands above
        name = self.value(key)
        if not isinstance(name, str) or name not in Front.__slots__:
            known = ", ".join(Front.__slots__)
            self._complain(line, "unknown key {key!r}; known are {known}", key=_short(name), known=known)
        elif name in self.nodes:
            self._complain(line, "a second {key} in the front matter; the first one counts, take one out", key=name)
        else:
            self.nodes[name], self.lines[name] = value, line

    def value(self, node: yaml.Node) -> Any:
        """A text, a number or whatever else a scalar is; of anything bigger how it is written, in short."""
        if isinstance(node, yaml.ScalarNode) and len(node.value) < 1_000:
            try:
                return _construct(node)
            except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
                pass  # ``!!int x``, a tag of its own, the 30th of February
        elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            return node.value
        written = " ".join(self.raw[node.start_mark.index : node.end_mark.index].split())
        return _Written(written if len(written) <= _SHOWN else f"{written[:_SHOWN]}...")

    def complain(self, key: str, message: str, /, **values: object) -> None:
        self._complain(self.lines.get(key, 1), message, **values)

    def front(self) -> Front:
        for key in Front.__slots__:
            if key not in self.nodes and (self.deck.complete or key in ("area", "level")):
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
        """The area; one that the deck does not know stays what it is."""
        if "area" not in self.nodes:
            return ""
        area = self.value(self.nodes["area"])
        if self.deck.areas and area not in self.deck.areas:
            known = ", ".join(self.deck.areas)
            self.complain("area", "unknown area {area!r}; the deck's are {known}", area=_short(area), known=known)
        elif type(area) is not str:
            self.complain("area", TEXTS, bad=area, key="area")
        if type(area) is not str:  # what is only written there is a child of it
            return ""
        return str(area) if self.can_be_shown("area", str(area)) else ""

    def level(self) -> int:
        level = self.value(self.nodes["level"]) if "level" in self.nodes else 2
        if type(level) is int and 1 <= level <= 3:
            return level
        self.complain("level", "level is {level!r}; give 1 (basic), 2 or 3 (advanced)", level=_short(level))
        return 2

    def values(self, key: str, kind: type) -> tuple[Any, ...]:
        node = self.nodes.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and self.value(node) is None):
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.complain(key, "{key} is no list; write [one, two]", key=key)
            return ()
        values: list[Any] = [self.value(one) for one in node.value]
        good = [value for value in values if type(value) is kind and _fits(value)]
        if len(good) < len(values):
            bad = next(value for value in values if not (type(value) is kind and _fits(value)))
            wanted = NUMBERS if kind is int else TEXTS
            self.complain(key, wanted, bad=_short(bad), key=key)
        good = [value for value in good if kind is int or self.can_be_shown(key, str(value))]
        if len(set(good)) < len(good):
            self.complain(key, "{key} names something twice; once is enough", key=key)
        return tuple(dict.fromkeys(good))

    def aliases(self) -> tuple[str, ...]:
        aliases: tuple[str, ...] = self.values("aliases", str)
        if self.deck.complete and len(aliases) < MIN_ALIASES:
            self.complain("aliases", FEW_ALIASES, count=len(aliases), least=MIN_ALIASES)
        return aliases

    def can_be_shown(self, key: str, text: str) -> bool:
        # Error messages have several lines; nothing else has.
        allowed = "\n\t" if key == "errors" else ""
        if all(char in allowed or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in text):
            return True
        self.complain(key, UNPRINTABLE, bad=_short(text), key=key)
        return False


class _Written(str):
    """A piece of YAML that stands for a value that is not made: no text of its own."""

    __slots__ = ()


def _construct(node: yaml.ScalarNode) -> Any:
    constructor = yaml.constructor.SafeConstructor()
    return constructor.construct_document(node)


def _fits(value: object) -> bool:
    return not isinstance(value, int) or 0 <= value <= MAX_NUMBER


def _short(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
    return value
