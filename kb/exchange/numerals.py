"""Numerals: the number at the beginning of a heading, however people write it."""

import re
import unicodedata
from typing import NamedTuple

MOST = 999_999_999
"""No entry has a larger number."""

_DIGITS = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
CHINESE = f"[{_DIGITS}〇两{''.join(_UNITS)}]{{1,12}}"
"""Pattern of a Chinese number."""
KEYCAPS = "(?:[0-9]\ufe0f?\u20e3)+|\U0001f51f"
"""Pattern of a number in keycaps."""
_CIRCLED = "[\u2460-\u2473\u3251-\u325f]"  # 1 to 35
_ROMAN = "(?-i:(?:X{1,3}(?:IX|IV|V?I{0,3}))|IX|IV|VI{0,3}|I{1,3})"  # to 39: what is larger is hardly ever a number
_NUMBER = rf"(?P<digits>[0-9]{{1,9}})|(?P<keycaps>{KEYCAPS})|(?P<circled>{_CIRCLED})|(?P<chinese>{CHINESE})"

_CLOSES = r"[.:)、。\-–—|]"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # Question 61: A   Q61. A   问题 61：A   第61题：A   #61 A
        rf"(?:(?:question|problem|exercise|faq|no\.|q|#|问题|题目|面试题|思考题|练习题|习题|例题|练习|问|题)\s*|第\s*)(?:{_NUMBER})\s*"
        rf"(?:题|问|个问题|道题)?\s*(?P<mark>{_CLOSES}+)?(?:\s+|(?<=[^0-9])|$)(?P<title>.*)",
        # [61] A   (61) A   【61】A   [Q61] A
        rf"[\[(【]\s*(?:(?:question|q|问题|问|第)\s*)?(?:{_NUMBER})\s*题?\s*[\])】]\s*{_CLOSES}*\s*(?P<title>.*)",
        # 61. A   61) A   61、A   61 - A   六十一、A   6️⃣1️⃣ A   ① A
        rf"(?:{_NUMBER})\s*(?:(?P<mark>{_CLOSES})(?![0-9])|(?<=\u20e3)|(?<=\U0001f51f)|(?<={_CIRCLED}))\s*(?P<title>.*)",
        # IV. A   IV) A
        rf"(?P<roman>{_ROMAN})[.)、]\s+(?P<title>.*)",
    )
)
_NARROW = {ord(wide): narrow for wide, narrow in zip("（）．：，［］－\u00a0\u3000", "().:,[]-  ", strict=True)}
_STRESS = re.compile(r"^(\*\*|__|\*|_)(?=\S)(.*?)(?<=\S)\1")


class Numbered(NamedTuple):
    """A heading's number, and what follows it."""

    number: int
    title: str
    """As it was written, its emphasis aside; empty if there is nothing but the number."""
    is_named: bool
    """Whether a word before the number says that it counts questions."""


def numbered(text: str) -> Numbered | None:
    """The number that a heading begins with, if it counts something.

    ``61. A``, ``61) A``, ``Question 61: A``, ``第61题：A``, ``六十一、A``, ``[61] A``, ``61 - A`` and their like;
    neither a ratio (``16:9``) nor the number of a section (``61.1``) nor a year before words (``2024 in review``).
    """
    bare = _without_stress(_without_ornament(text.strip()))
    plain = _in_one_width(bare)
    for at, form in enumerate(_FORMS):
        found = form.fullmatch(plain)
        if found is None:
            continue
        number = _value(found)
        if number is not None and number <= MOST:
            title = bare[found.start("title") :]
            return Numbered(number, _without_stress(title.strip()), at == 0)
    return None


def _in_one_width(text: str) -> str:
    """The text with digits and punctuation in one width, character by character."""
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text).translate(_NARROW)


def _without_stress(text: str) -> str:
    """``**61.** A`` and ``**61. A?**`` without their asterisks."""
    found = _STRESS.match(text)
    return f"{found[2]}{text[found.end() :]}" if found else text


def _without_ornament(text: str) -> str:
    """``🔥 61. A`` without its picture."""
    at = 0
    while at < len(text) and (unicodedata.category(text[at]) == "So" or text[at] in "\ufe0f\u200d "):
        at += 1
    # A keycap of ten and circled digits are such signs, and numbers.
    return text if any(char == "\U0001f51f" for char in text[:at]) else text[at:]


def _value(found: re.Match[str]) -> int | None:
    parts = found.groupdict()
    if digits := parts.get("digits"):
        return int(digits)
    if keycaps := parts.get("keycaps"):
        return 10 if keycaps == "\U0001f51f" else int(re.sub(r"[^0-9]", "", keycaps))
    if circled := parts.get("circled"):
        return int(unicodedata.numeric(circled))
    if roman := parts.get("roman"):
        return roman_number(roman)
    return chinese_number(found["chinese"])


def roman_number(text: str) -> int:
    """``XIV`` is 14."""
    values = [{"I": 1, "V": 5, "X": 10}[char] for char in text]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def chinese_number(text: str) -> int | None:
    """``六十一`` is 61, ``一〇一`` is 101; None if it is no number."""
    digits = {**{char: at for at, char in enumerate(_DIGITS)}, "〇": 0, "两": 2}
    if all(char in digits for char in text):
        return int("".join(str(digits[char]) for char in text))
    total, part, digit = 0, 0, None
    for char in text:
        if char in digits:
            digit = digits[char]
        elif char == "万":
            total, part, digit = (part + (digit or 0)) * 10_000, 0, None
        else:
            part += (1 if digit is None else digit) * _UNITS[char]
            digit = None
    return total + part + (digit or 0)
