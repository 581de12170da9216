"""Grading: what was typed, held against what a script printed.

A right answer is the same value in any spelling that people use. It is compared exactly; a number of the key has a
tolerance only where its own script rounded it.
"""

import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from kb.errors import Message
from quiz.values.asked import Asked, dimension_of
from quiz.values.reader import read_key, readings
from quiz.values.rounding import with_tolerances
from quiz.values.spelling import folded
from quiz.values.value import Named, Number, Series, Text, Value, Word
from quiz.values.verdict import Verdict
from quiz.values.vocabulary import (
    COUNTERS,
    FALSE,
    MULTIPLES,
    ORDINALS,
    SCALES,
    TRUE,
    is_brief,
    is_vague,
    is_value_word,
    is_yes_or_no,
    meaning,
)

FULL_DIGITS = 9
"""From so many significant digits on a number is a float printed in full, with what binary fractions leave in it."""
NOISE = Fraction(1, 10**6)
"""What a few operations on 32-bit floats leave, relative to the number."""
SHORT_DIGITS = 3
"""So many digits of a float printed in full are enough; nobody types all of them."""

_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)")
_LABELS = frozenset("shape size sizes dims dimensions 形状 尺寸 大小".split())
_MOST_PERCENT = 100
"""A number without a percent sign may stand for so many per cent at most."""
_BOOLEANS = (TRUE, FALSE)


def grade_value(given: str, key: str, asked: Asked | None = None) -> Verdict:
    """What an answer is.

    ``(2, 5)``, ``2x5`` and ``torch.Size([2, 5])`` are one, as are ``0.5``, ``1/2`` and ``50%``. Any text has a verdict,
    and a key itself is right.

    Args:
        given: as typed, through the door.
        key: as printed.
        asked: the question, as far as it matters.
    """
    asked = asked or Asked()
    if given.strip() == key.strip():
        return Verdict.RIGHT
    expected = _key(key, asked)
    if expected is None:
        return _of_lines(given, key)
    judge = _Judge(asked)
    verdicts = [judge.whole(expected, value) for value in readings(given)]
    verdict = max(verdicts, default=Verdict.UNREADABLE)
    if verdict is Verdict.RIGHT and _is_copied(given, asked):
        return Verdict.FORM  # the script's own expression, not its value
    if verdict is Verdict.WRONG and (found := _DECIMAL_COMMA.fullmatch(folded(given))):
        with_point = [judge.whole(expected, value) for value in readings(f"{found[1]}.{found[2]}")]
        is_grouped = len(found[2]) == 3 and found[1].lstrip("+-0")
        return Verdict.FORM if max(with_point) is Verdict.RIGHT and not is_grouped else verdict
    return verdict


def expectation(key: str) -> Message:
    """What a key's form asks for, without giving it away."""
    match read_key(key):
        case Number():
            return Message("give a number")
        case Word(word) if meaning(word) in ("nan", "inf", "-inf"):
            return Message("give a number")
        case Word(word) if meaning(word) in _BOOLEANS:
            return Message("give True or False")
        case Series(items) if all(isinstance(item, Named) for item in items) and items:
            return Message("give names with their values, such as p=11, q=13")
        case Series():
            return Message("give values in their order, such as (11, 13)")
        case Named():
            return Message("give the value, such as p=11")
        case Word() | Text():
            return Message("give a word, such as float32")
    return Message("give the line as it would be printed")


@lru_cache(maxsize=64)
def _key(key: str, asked: Asked) -> Value | None:
    value = read_key(key)
    return None if value is None else with_tolerances(value, key, asked.code, asked.tells_rounding)


def _of_lines(given: str, key: str) -> Verdict:
    """Of a key that is a line of text: blanks and quotes are nothing, capitals are form."""
    ours, theirs = (re.sub(r"[\"'`\s]", "", text) for text in (key, given))
    if ours == theirs:
        return Verdict.RIGHT
    return Verdict.FORM if ours.lower() == theirs.lower() else Verdict.WRONG


def _is_copied(given: str, asked: Asked) -> bool:
    """Whether it is a piece of the script that is shown, to be computed: ``0.98 ** 21``."""
    bare = re.sub(r"[\s`]", "", given)
    return asked.is_code_shown and bool(re.search(r"\d[*/+^-]", bare)) and bare in re.sub(r"\s", "", asked.code)


class _Judge:
    """Holds values against the key of one question."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def whole(self, key: Value, given: Value) -> Verdict:
        """An answer as a whole: brackets around a single value are nothing, nor is what it is called."""
        if isinstance(given, Named) and not _has_names(key):
            return self.whole(key, given.value)
        if isinstance(given, Series) and not isinstance(key, Series):
            if len(given.items) == 1:
                return self.whole(key, given.items[0])
            *labels, last = given.items or (given,)
            if isinstance(last, Number) and labels and all(self.is_label(label) for label in labels):
                return self.whole(key, last)  # epoch 5
        if isinstance(given, Series) and isinstance(key, Series) and len(given.items) == 2:
            label, last = given.items
            if isinstance(label, Word) and isinstance(last, Series) and label.text.lower() in _LABELS:
                return self.whole(key, last)  # shape (3, 3)
        if isinstance(key, Series) and len(key.items) == 1 and isinstance(given, Number | Word | Text):
            return self.part(key.items[0], given)
        return self.part(key, given)

    def is_label(self, value: Value) -> bool:
        return isinstance(value, Word) and self.asked.names(value.text)

    def part(self, key: Value, given: Value) -> Verdict:
        """A value that must be there as it is."""
        if isinstance(given, Text) and not isinstance(key, Word | Text):
            verdict = max((self.part(key, one) for one in readings(given.text)), default=Verdict.UNREADABLE)
            return min(verdict, Verdict.FORM)  # the text "5" for 5
        match key:
            case Number():
                return self.number(key, given)
            case Word():
                return self.word(key.text, given)
            case Text():
                return self.text(key.text, given)
            case Series():
                return self.series(key, given)
            case Named():
                return self.named(key, given)

    # Numbers

    def number(self, key: Number, given: Value) -> Verdict:
        match given:
            case Number():
                given, best = self.in_unit(key, given)
                verdict = self.ratio(key, given)
                return min(verdict, best) if verdict >= Verdict.FORM else verdict
            case Word(word) if meaning(word) in _BOOLEANS and (key.value in (0, 1) or not is_yes_or_no(word)):
                return Verdict.FORM if key.value == (meaning(word) == TRUE) else Verdict.WRONG
        return Verdict.WRONG if _is_possible(given) and self.has_known_units(given) else Verdict.UNREADABLE

    def has_known_units(self, value: Value) -> bool:
        """Whether no number has words behind it of which the question knows nothing: ``59 20 or so``."""
        items = _flat(value) if isinstance(value, Series) else [value]
        numbers = [item for item in items if isinstance(item, Number) and item.unit]
        return all(
            dimension_of(one.unit) or one.unit.lower() in SCALES or self.asked.names(one.unit) for one in numbers
        )

    def in_unit(self, key: Number, given: Number) -> tuple[Number, Verdict]:
        """A number in the unit that is asked for, and the best that becomes of it for how it was written."""
        unit = re.sub(rf"^[{COUNTERS}](?=.)|^[{COUNTERS}]$", "", given.unit).lower()
        first = unit.partition(" ")[0]
        if not unit or unit == key.unit.lower() or first in ORDINALS:
            return given, Verdict.RIGHT
        if first in MULTIPLES:
            return given, Verdict.RIGHT if self.asked.wants_multiple else Verdict.FORM
        if table := dimension_of(unit):
            wanted = key.unit.lower() if key.unit.lower() in table else self.asked.measure(table)
            if wanted:
                factor = table[unit] / table[wanted]
                scaled = replace(given, value=given.value * factor, step=given.step * factor)
                return scaled, Verdict.RIGHT if factor == 1 else Verdict.FORM
        if unit in SCALES:
            factor = Fraction(SCALES[unit])
            return replace(given, value=given.value * factor, step=given.step * factor), Verdict.RIGHT
        return given, Verdict.RIGHT if self.asked.names(unit) else Verdict.FORM

    def ratio(self, key: Number, given: Number) -> Verdict:
        """Two numbers, one of which may be in per cent."""
        if key.is_percent and not given.is_percent:
            whole = self.same(key, _hundredth(given))
            return whole if whole >= Verdict.FORM else min(self.same(key, given), Verdict.FORM)
        if key.is_percent == given.is_percent:
            verdict = self.same(key, given)
            is_share = verdict is Verdict.WRONG and self.asked.wants_percent
            return min(self.same(key, _hundredfold(given)), Verdict.FORM) if is_share else verdict
        in_percent = self.same(key, _hundredfold(given))
        if self.asked.wants_percent:
            return in_percent
        verdict = self.same(key, given)
        if verdict is not Verdict.WRONG or abs(key.value) > _MOST_PERCENT:
            return verdict
        return min(in_percent, Verdict.FORM)

    def same(self, key: Number, given: Number) -> Verdict:
        """Two numbers, by what was written of them."""
        distance = abs(key.value - given.value)
        if distance <= key.tolerance:
            return Verdict.RIGHT
        larger = max(abs(key.value), abs(given.value))
        if not key.tolerance and (_is_float(key) or _is_float(given)) and distance <= NOISE * larger:
            return Verdict.RIGHT
        # The key, cut to fewer places: enough of a float printed in full, and too few where it was asked for more.
        if given.digits > 1 and distance <= given.step / 2:
            if _is_float(key):
                return Verdict.RIGHT if given.digits >= SHORT_DIGITS else Verdict.FORM
            if key.tolerance:
                return Verdict.FORM
        return Verdict.WRONG

    # Words

    def word(self, key: str, given: Value) -> Verdict:
        match given:
            case Word(word) | Text(word):
                return _words(key, word)
            case Number() if meaning(key) in _BOOLEANS:
                return Verdict.FORM if given.value == (meaning(key) == TRUE) and not given.unit else Verdict.WRONG
            case Series(items, " ") if all(isinstance(item, Word) for item in items):
                verdict = _words(key, "".join(item.text for item in items if isinstance(item, Word)))
                return verdict if verdict >= Verdict.FORM else Verdict.UNREADABLE
        return Verdict.WRONG

    def text(self, key: str, given: Value) -> Verdict:
        match given:
            case Word(word) | Text(word):
                return Verdict.RIGHT if key == word else _words(key, word)
            case Number():
                return Verdict.FORM if given in readings(key) else Verdict.WRONG
        return Verdict.WRONG

    # Several values

    def series(self, key: Series, given: Value) -> Verdict:
        if not isinstance(given, Series):
            return Verdict.WRONG if _is_possible(given) or not _has_numbers(key) else Verdict.UNREADABLE
        if _has_names(key) and all(isinstance(item, Named) for item in given.items):
            return self.by_name(key, given)
        if len(key.items) == len(given.items):
            items = self.in_order(key, given) if key.bracket == "{" else given.items
            return min((self.item(one, two) for one, two in zip(key.items, items, strict=True)), default=Verdict.RIGHT)
        if all(_is_possible(item) for item in given.items) or not _has_numbers(key):
            flat = tuple(_flat(key))
            is_flat = len(flat) == len(given.items) and not any(isinstance(item, Series) for item in given.items)
            return (
                min(self.series(Series(flat), given), Verdict.FORM) if is_flat and flat != key.items else Verdict.WRONG
            )
        return Verdict.UNREADABLE

    def item(self, key: Value, given: Value) -> Verdict:
        if isinstance(given, Named) and not isinstance(key, Named):
            given = given.value
        return self.part(key, given)

    def in_order(self, key: Series, given: Series) -> list[Value]:
        """A set's values in the order of the key's, as far as they are the same."""
        left, found = list(given.items), []
        for one in key.items:
            best = max(left, key=lambda two, one=one: self.part(one, two))  # type: ignore[misc]
            left.remove(best)
            found.append(best)
        return found

    def by_name(self, key: Series, given: Series) -> Verdict:
        ours, theirs = _by_name(key), _by_name(given)
        if ours.keys() != theirs.keys() or len(key.items) != len(given.items):
            return Verdict.WRONG
        return min(self.part(value, theirs[name]) for name, value in ours.items())

    def named(self, key: Named, given: Value) -> Verdict:
        if not isinstance(given, Named):
            return self.whole(key.value, given)
        verdict = self.part(key.value, given.value)
        return verdict if key.name.lower() == given.name.lower() else min(verdict, Verdict.FORM)


def _is_float(number: Number) -> bool:
    """Whether it is a float as printed in full."""
    return number.digits >= FULL_DIGITS and number.step < 1


def _hundredth(number: Number) -> Number:
    return replace(number, value=number.value / 100, step=number.step / 100)


def _hundredfold(number: Number) -> Number:
    return replace(number, value=number.value * 100, step=number.step * 100)


def _words(key: str, given: str) -> Verdict:
    """Two words: their meaning, a module's name before it or not; capitals are form where they may matter."""
    ours, theirs = meaning(key), meaning(given)
    if ours == theirs or is_brief(given, ours):
        return Verdict.RIGHT
    if is_vague(given, ours):
        return Verdict.FORM
    if f".{ours}".endswith(f".{theirs}") or f".{theirs}".endswith(f".{ours}"):
        return Verdict.RIGHT
    ours, theirs = f".{ours.lower()}", f".{theirs.lower()}"
    return Verdict.FORM if ours.endswith(theirs) or theirs.endswith(ours) else Verdict.WRONG


def _is_possible(value: Value) -> bool:
    """Whether a value could be printed where numbers are: ``None`` could, ``dunno`` and ``yes`` are no answers."""
    match value:
        case Word(word):
            return is_value_word(word) and not is_yes_or_no(word)
        case Text():
            return False
        case Series(items):
            return all(map(_is_possible, items))
        case Named(_, inner):
            return _is_possible(inner)
    return True


def _has_names(key: Value) -> bool:
    return isinstance(key, Named) or (isinstance(key, Series) and any(isinstance(item, Named) for item in key.items))


def _has_numbers(key: Series) -> bool:
    return any(isinstance(item, Number) for item in _flat(key))


def _flat(key: Series) -> list[Value]:
    return [one for item in key.items for one in (_flat(item) if isinstance(item, Series) else [item])]


def _by_name(series: Series) -> dict[str, Value]:
    return {item.name.lower(): item.value for item in series.items if isinstance(item, Named)}
