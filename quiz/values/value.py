"""Value: what an answer or a key means, apart from how it is written."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is finite; what is not (``inf``, ``nan``) is a word."""

    value: Fraction
    """Exactly what was written: 0.1 is a tenth."""
    digits: int = 0
    """Significant digits as written; 0 where it was computed, as ``3/4`` is."""
    step: Fraction = Fraction(0)
    """What one unit of its last written digit is worth: 1/100 for ``0.50``, 1 for ``8``; 0 where it was computed."""
    is_percent: bool = False
    """Whether it was written in per cent; ``value`` of ``80%`` is 4/5."""
    unit: str = ""
    """Words behind it: ``GB``, ``times``, ``个窗口``."""
    tolerance: Fraction = Fraction(0)
    """Of a key: how far off a right answer may be; 0 where the key was not rounded."""


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: ``ValueError``, ``torch.float32``, ``None``, ``-inf``."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Something in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """Several values in order: a shape, a list, a tensor."""

    items: tuple["Value", ...]
    bracket: str = ","
    """``(``, ``[`` or ``{``; without brackets ``,`` or, with blanks alone between the values, a blank."""


@dataclass(frozen=True, slots=True)
class Named:
    """A value with its name: ``lr=0.1``."""

    name: str
    value: "Value"


Value = Number | Word | Text | Series | Named


class NoValue(Exception):  # noqa: N818 no fault of the program
    """A text is no value."""
