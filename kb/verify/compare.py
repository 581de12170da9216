"""Comparing what two runs printed: words and whole numbers exactly, other numbers to the precision they show."""

import math
import re
from dataclasses import dataclass
from itertools import zip_longest

RELATIVE, ABSOLUTE = 1.3e-6, 1e-5
"""What ``torch.testing.assert_close`` allows between float32 numbers."""

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
    """Line of the output, from 1."""
    ours: str
    """What the first run printed there; empty if its line is missing."""
    theirs: str
    """What the second printed."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.ours or '(nothing)'} against {self.theirs or '(nothing)'}"

    def to_json(self) -> dict[str, object]:
        """The facts for ``--json``."""
        return {"line": self.line, "ours": self.ours, "theirs": self.theirs}


def compare_outputs(ours: str, theirs: str) -> list[Difference]:
    """Where two outputs differ by more than rounding.

    A number with decimals may differ by one unit of the last place that the coarser of the two shows, plus what
    ``assert_close`` allows for float32. White space does not count.
    """
    found = []
    for number, (one, other) in enumerate(zip_longest(_lines(ours), _lines(theirs), fillvalue=""), 1):
        one_tokens, other_tokens = _TOKEN.findall(one), _TOKEN.findall(other)
        if len(one_tokens) != len(other_tokens):
            found.append(Difference(number, one.strip(), other.strip()))
            continue
        for a, b in zip(one_tokens, other_tokens, strict=True):
            if not close(a, b):
                found.append(Difference(number, a, b))
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
    return abs(a - b) <= unit * 1.000001 + ABSOLUTE + RELATIVE * abs(b)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _unit(number: str) -> float:
    """The value of one in the last printed place; 0 for a whole number."""
    mantissa, _, exponent = number.lower().partition("e")
    if "." not in mantissa and not exponent:
        return 0.0
    places = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - places))
