"""Reader: what is typed or printed, read into values. Any text gives values or ``NoValue``, and soon.

::

    series := item ((","|";"|blank) item)*
    item   := [name ("="|":")] sum [unit]
    sum    := term (("+"|"-") term)*            term := sign (("*"|"/") sign)*
    sign   := ("+"|"-") sign | atom [("**"|"^") sign]
    atom   := number ["%"] | word | 'text' | word "(" series ")" | "(" series ")" | "[" series "]" | "{" series "}"
"""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from quiz.values.spelling import folded
from quiz.values.value import Named, NoValue, Number, Series, Text, Value, Word
from quiz.values.vocabulary import PERCENT, SCALES, is_value_word

DEPTH = 30
"""Brackets, signs and powers within each other at most."""
BITS = 3000
"""Of a number's halves at most: larger ones are no answers, and computing with them takes time."""

_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<number>0[xX][\da-fA-F]+\b|0[bB][01]+\b|(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<text>'[^'\n]*'|\"[^\"\n]*\")"
    r"|(?P<word>(?i:cuda|cpu|mps|xpu|meta):\d+|[一-鿿]+|[^\W\d一-鿿][^\W一-鿿]*(?:\.\w+)*)"
    r"|(?P<sign>\*\*|//|[-+*/^×%()\[\]{},;=:])"
)
_THOUSANDS = re.compile(r"(?<![\d.,_])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d|\.\d*[,.])")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,_])(?<!\d )[1-9]\d{0,2}(?: \d{3})+(?![\d_]| \d)")
_CROSS = re.compile(r"(?<=[\d)\]])(\s*)(?:[xX×]|(?<!\*)\*(?!\*))(\s*)(?=[\d(\[.])")
_SIGN_AFTER_BLANK = re.compile(r"[\w)\]]\s+[-+][\d.(]")
_SCALED = re.compile(r"(?:thousand|million|billion)$|十?亿|百?万", re.I)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WRAPPERS = frozenset("size tensor array asarray tuple list set float int str parameter".split())


class Habits(NamedTuple):
    """What may be meant in two ways, and how it is to be read."""

    is_grouped: bool = False
    """``5,920`` and ``5 920`` are one number."""
    is_shape: bool = False
    """``3x3`` and ``3*3`` are the sides of a shape rather than a product."""
    is_signed: bool = False
    """``3 -1`` are two numbers rather than a difference."""


def readings(text: str) -> Iterator[Value]:
    """All that a typed text may mean, each once; nothing if it is no value."""
    plain = folded(text)
    triggers = (
        bool(_THOUSANDS.search(plain) or _SPACED_THOUSANDS.search(plain)),
        bool(_CROSS.search(plain)),
        bool(_SIGN_AFTER_BLANK.search(plain)),
    )
    places = [at for at, is_there in enumerate(triggers) if is_there]
    seen: list[Value] = []
    for count in range(len(places) + 1):
        for chosen in combinations(places, count):
            try:
                value = _read(plain, Habits(*(at in chosen for at in range(3))))
            except NoValue:
                continue
            if value not in seen:
                seen.append(value)
                yield value


def read_key(text: str) -> Value | None:
    """What a printed text means; None if it is no value but a line of text. Printing puts a blank behind a comma
    between values, and none into a number."""
    plain = folded(text)
    is_cross = bool(_CROSS.search(plain))
    try:
        return _read(plain, Habits(bool(_THOUSANDS.search(plain)), is_cross, is_signed=True), is_printed=True)
    except NoValue:
        return None


def _read(plain: str, habits: Habits, is_printed: bool = False) -> Value:
    """A folded text by some habits.

    Raises:
        NoValue: it is none.
    """
    if habits.is_grouped:
        plain = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), plain)
        if not is_printed:
            plain = _SPACED_THOUSANDS.sub(lambda found: found[0].replace(" ", ""), plain)
    if not is_printed and plain[:1] in "xX×" and (found := re.match(r"[xX×]\s*(?=\d)", plain)):
        plain = plain[found.end() :]  # ×32
    if habits.is_shape:
        plain = _CROSS.sub(",", plain)
    elif not re.match(r"[-+]?0[xX]", plain):  # a number to the base of 16
        plain = _CROSS.sub(r"\1*\2", plain)
    return _Parser(plain, habits).whole()


class _Token(NamedTuple):
    kind: str
    """``number``, ``text``, ``word``, ``sign``, or ``end``."""
    text: str
    is_spaced: bool
    """Whether a blank stands before it."""


def _tokens(plain: str) -> list[_Token]:
    tokens, at, is_spaced = [], 0, False
    while at < len(plain):
        found = _TOKEN.match(plain, at)
        if found is None:
            raise NoValue
        kind = found.lastgroup or ""
        if kind != "blank":
            tokens.append(_Token(kind, found[0], is_spaced))
        is_spaced, at = kind == "blank", found.end()
    return [*tokens, _Token("end", "", is_spaced)]


class _Parser:
    """One reading of one text, from left to right."""

    def __init__(self, plain: str, habits: Habits) -> None:
        self.tokens = _tokens(plain)
        self.habits = habits
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def is_sign(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def nested(self, read: Callable[[], Value]) -> Value:
        """What a part gives that may hold itself."""
        self.depth += 1
        if self.depth > DEPTH:
            raise NoValue
        value = read()
        self.depth -= 1
        return value

    def whole(self) -> Value:
        items, between = self.series("")
        if not items:
            raise NoValue
        return items[0] if len(items) == 1 and not between else Series(tuple(items), between)

    def series(self, closing: str) -> tuple[list[Value], str]:
        """Items up to a bracket, and what stands between them: a comma somewhere, blanks alone, or nothing."""
        items: list[Value] = []
        between = ""
        while not self.is_over(closing):
            items.append(self.item())
            if self.is_sign(",", ";"):
                self.take()
                between = ","
            elif not self.is_over(closing):
                if not self.next.is_spaced:
                    raise NoValue
                between = between or " "
        self.take()
        return items, between

    def is_over(self, closing: str) -> bool:
        return self.is_sign(closing) if closing else self.next.kind == "end"

    def item(self) -> Value:
        if self.next.kind in ("word", "text"):
            sign = self.tokens[self.at + 1]
            if sign.kind == "sign" and sign.text in "=:":
                name = self.take().text.strip("'\"")
                self.take()
                if self.is_sign("="):  # ==
                    self.take()
                return self.nested(lambda: Named(name, self.item()))
        value = self.sum()
        return self.measured(value) if isinstance(value, Number) else value

    def measured(self, value: Number) -> Number:
        """A number with the words behind it."""
        words: list[str] = []
        while (self.next.kind == "word" and not is_value_word(self.next.text)) or self.is_sign("×"):
            if self.tokens[self.at + 1].text == "=":  # w=1 b=2
                break
            words.append(self.take().text)
            if len(words) == 1 and (found := _SCALED.match(words[0])):  # 20 thousand, 7万个
                value = _computed(value.value * SCALES[found[0].lower()])
                words = [words[0][found.end() :]] if words[0][found.end() :] else []
        if words and self.next.kind != "end" and not self.is_sign(",", ";", ")", "]", "}"):
            raise NoValue  # 5 or 6
        unit = " ".join(words)
        if unit.lower() in PERCENT:
            return _percent(value)
        return replace(value, unit=unit) if unit else value

    def sum(self) -> Value:
        value = self.term()
        while self.is_sign("+", "-"):
            is_close = not self.tokens[self.at + 1].is_spaced
            if self.habits.is_signed and self.next.is_spaced and is_close:
                break
            sign = self.take().text
            value = _calculated(operator.add if sign == "+" else operator.sub, value, self.term())
        return value

    def term(self) -> Value:
        value = self.sign()
        while self.is_sign("*", "/") or (self.is_sign("×") and self.tokens[self.at + 1].kind != "end"):
            sign = self.take().text
            value = _calculated(operator.truediv if sign == "/" else operator.mul, value, self.sign())
        return value

    def sign(self) -> Value:
        if self.is_sign("+", "-"):
            is_minus = self.take().text == "-"
            value = self.nested(self.sign)
            return _negated(value) if is_minus else value
        value = self.atom()
        if self.is_sign("**", "^"):
            self.take()
            return _power(value, self.nested(self.sign))
        return value

    def atom(self) -> Value:
        token = self.take()
        match token.kind:
            case "number":
                number = _number(token.text)
                if self.is_sign("%"):
                    self.take()
                    return _percent(number)
                return number
            case "text":
                return Text(token.text[1:-1])
            case "word":
                return self.called(token.text) if self.is_sign("(") and not self.next.is_spaced else Word(token.text)
            case _ if token.text in _CLOSING:
                return self.nested(lambda: self.bracketed(token.text))
        raise NoValue

    def bracketed(self, bracket: str) -> Value:
        items, between = self.series(_CLOSING[bracket])
        if bracket == "(" and len(items) == 1 and not between:
            return items[0]
        return Series(tuple(items), bracket)

    def called(self, name: str) -> Value:
        """What stands in a constructor's brackets: ``torch.Size([2, 3])``, ``tensor(3.)``, ``float('inf')``."""
        if name.rpartition(".")[2].lower() not in _WRAPPERS:
            raise NoValue
        self.take()
        value = self.nested(lambda: self.bracketed("("))
        if isinstance(value, Text) and name in ("float", "int"):
            return _Parser(folded(value.text), self.habits).whole()
        return value


def _number(text: str) -> Number:
    text = text.replace("_", "")
    if text[:2] in ("0x", "0X", "0b", "0B"):
        if len(text) > BITS // 4:
            raise NoValue
        return _computed(Fraction(int(text, 0)))
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, places = mantissa.partition(".")
    power = int(exponent or "0") if len(exponent) < 6 else BITS
    if len(mantissa) > BITS // 4 or abs(power) > BITS // 4:
        raise NoValue
    step = Fraction(10) ** (power - len(places))
    digits = int(whole + places)
    return Number(digits * step, len(str(digits)), step)


def _computed(value: Fraction) -> Number:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise NoValue
    return Number(value)


def _percent(number: Number) -> Number:
    return replace(number, value=number.value / 100, step=number.step / 100, is_percent=True)


def _negated(value: Value) -> Value:
    if isinstance(value, Number):
        return replace(value, value=-value.value)
    if isinstance(value, Word) and value.text.lower() in ("inf", "infinity", "nan"):
        return Word(f"-{value.text}" if value.text.lower() != "nan" else value.text)
    raise NoValue


def _calculated(do: Callable[[Fraction, Fraction], Fraction], one: Value, other: Value) -> Number:
    """Two numbers, put together.

    Raises:
        NoValue: they are none, or their quotient is.
    """
    if not (isinstance(one, Number) and isinstance(other, Number)):
        raise NoValue
    try:
        return _computed(do(one.value, other.value))
    except ZeroDivisionError:
        raise NoValue from None


def _power(base: Value, exponent: Value) -> Number:
    """A number to a whole power whose size is looked at before it is computed."""
    if not (isinstance(base, Number) and isinstance(exponent, Number) and exponent.value.denominator == 1):
        raise NoValue
    size = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
    count = exponent.value.numerator
    if abs(count) > BITS or size * abs(count) > 2 * BITS or (count < 0 and not base.value):
        raise NoValue
    return _computed(base.value**count)
