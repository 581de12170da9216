"""Asked: what a question says of the form of its answer."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from quiz.values.vocabulary import MEASURES

_PERCENTAGE = re.compile(
    r"percentage|how many per ?cent|\bin (?:per ?cent|%)|as a per ?cent|\(%\)|（%）"
    r"|百分之(?:几|多少)|百分比|百分率|百分数",
    re.I,
)
_MULTIPLE = re.compile(
    r"how many times|how much (?:\w+ )?(?:larger|smaller|faster|slower|more|less)|\bfactor\b|倍", re.I
)
_ROUNDING = re.compile(
    r"\brounded\b|\bround (?:to|off|up|down|it|your|the)\b|decimal|significant|nearest|whole per ?cent"
    r"|四舍五入|保留|小数|取整|有效数字|精确到",
    re.I,
)
_OBJECT = r"(?:how (?:many|much)|多少个?|几个?|\bin)\s*"
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[一-鿿]+")


@dataclass(frozen=True)
class Asked:
    """A question, for grading its answer."""

    question: str = ""
    """Its text, in every language that it has."""
    code: str = ""
    """The script that prints its key."""
    is_code_shown: bool = False
    """Whether the learner sees the script."""

    @cached_property
    def wants_percent(self) -> bool:
        """Whether it asks for a percentage: 80 is then 80 %."""
        return bool(_PERCENTAGE.search(self.question))

    @cached_property
    def wants_multiple(self) -> bool:
        """Whether it asks how many times as large something is."""
        return bool(_MULTIPLE.search(self.question))

    @cached_property
    def tells_rounding(self) -> bool:
        """Whether it says that the answer is to be rounded."""
        return bool(_ROUNDING.search(self.question))

    def names(self, words: str) -> bool:
        """Whether it names every one of some words, in the singular or the plural; its code counts if it is shown."""
        text = f"{self.question}\n{self.code}" if self.is_code_shown else self.question
        known = {_stem(word) for word in _WORD.findall(text)}
        return all(_stem(word) in known or (_HAN.fullmatch(word) and word in text) for word in words.split())

    def measure(self, dimension: dict[str, Fraction]) -> str:
        """The unit of a dimension in which the answer is wanted, in lower case; empty if it names none or several."""
        units = "|".join(sorted(map(re.escape, dimension), key=len, reverse=True))
        unit = rf"({units})(?![A-Za-z])"
        text = self.question
        if found := re.search(_OBJECT + unit, text, re.I):
            return found[1].lower()
        mentioned = {found[1].lower() for found in re.finditer(rf"(?<![A-Za-z]){unit}", text, re.I)}
        return mentioned.pop() if len({dimension[word] for word in mentioned}) == 1 else ""


def _stem(word: str) -> str:
    word = word.lower()
    return word[:-1] if len(word) > 2 and word.endswith("s") else word


def dimension_of(unit: str) -> dict[str, Fraction] | None:
    """The table of a unit that can be converted."""
    return next((table for table in MEASURES if unit.lower() in table), None)
