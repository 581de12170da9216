"""Comparing what two runs printed: words and whole numbers exactly, other numbers to the precision they show."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

RELATIVE = 1.3e-6
"""What ``torch.testing.assert_close`` allows between float32 numbers, by their size."""

MOST_PAIRS = 4_000_000
"""Pairs of lines up to which the lines of two outputs are aligned; beyond, each stands beside the one of its number."""

_TOKEN = re.compile(
    r"""
    (?<![\w.])[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w.]*\w)  # a number that is no part of a name
    | (?<!\w)[+-]?(?:nan|inf)(?!\w)
    | \w+ | [^\w\s]
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two outputs are not the same."""

    line: int
    """Line of the first output, from 1; of the second where the first lacks it."""
    ours: str
    """What the first run printed there; empty if its line is missing."""
    theirs: str
    """What the second printed."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.ours or '(nothing)'} against {self.theirs or '(nothing)'}"

    def to_json(self) -> dict[str, object]:
        """The facts for ``--json``."""
        return {"line": self.line, "ours": self.ours, "theirs": self.theirs}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of an output that is not empty."""

    number: int
    """From 1."""
    text: str
    """Without the spaces around it."""
    tokens: tuple[str, ...]
    """Its numbers, words and signs."""
    mask: tuple[str, ...]
    """The same without the numbers that may differ by rounding: lines of one mask can be each other's partners."""


def compare_outputs(ours: str, theirs: str) -> list[Difference]:
    """Where two outputs differ by more than rounding.

    A number with decimals may differ by one unit of the last place that the coarser of the two shows, plus what
    ``assert_close`` allows for float32 by its size. White space does not count. A line that one output has more is one
    difference; those after it are compared with their own partners.
    """
    found = []
    for one, other in _pairs(_lines(ours), _lines(theirs)):
        if one is None or other is None or len(one.tokens) != len(other.tokens):
            number = one.number if one else other.number if other else 0
            found.append(Difference(number, one.text if one else "", other.text if other else ""))
            continue
        for a, b in zip(one.tokens, other.tokens, strict=True):
            if not close(a, b):
                found.append(Difference(one.number, a, b))
    return found


def close(one: str, other: str) -> bool:
    """Whether two words of an output are the same, numbers up to rounding."""
    if one == other:
        return True
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    a, b = float(one), float(other)
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or math.isinf(b):
        return (math.isnan(a) and math.isnan(b)) or a == b
    unit = max(_unit(one), _unit(other))
    if unit == 0:
        return a == b
    return abs(a - b) <= unit * 1.000001 + RELATIVE * max(abs(a), abs(b))


def _lines(text: str) -> list[_Line]:
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            tokens = tuple(_TOKEN.findall(line))
            mask = tuple("#" if _NUMBER.fullmatch(token) and _is_rounded(token) else token for token in tokens)
            lines.append(_Line(number, line.strip(), tokens, mask))
    return lines


def _pairs(ours: Sequence[_Line], theirs: Sequence[_Line]) -> Iterator[tuple[_Line | None, _Line | None]]:
    """Each line with its partner in the other output, or with None if it has none there."""
    ends = _common(ours, theirs)
    yield from zip(ours[:ends], theirs[:ends], strict=True)
    ours, theirs = ours[ends:], theirs[ends:]
    if len(ours) * len(theirs) > MOST_PAIRS:
        yield from zip_longest(ours, theirs)
        return
    matcher = SequenceMatcher(None, [one.mask for one in ours], [one.mask for one in theirs], autojunk=False)
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        yield from zip_longest(ours[a:a_end], theirs[b:b_end])


def _common(ours: Sequence[_Line], theirs: Sequence[_Line]) -> int:
    """How many lines at the beginning are the same in both, up to rounding."""
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one.mask != other.mask or not all(map(close, one.tokens, other.tokens)):
            return at
    return min(len(ours), len(theirs))


def _is_rounded(number: str) -> bool:
    """Whether a number may differ by rounding, as whole numbers may not."""
    return not number.lstrip("+-").isdigit()


def _unit(number: str) -> float:
    """The value of one in the last printed place; 0 for a whole number."""
    mantissa, _, exponent = number.lower().partition("e")
    if "." not in mantissa and not exponent:
        return 0.0
    places = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - places))
