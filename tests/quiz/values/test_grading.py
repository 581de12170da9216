"""Grading of values: every spelling that people use is right, every other value is wrong, and junk is neither."""

import time
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.item import Item
from kb.deck.library import Library
from kb.deck.text import blocks_text
from kb.verify.record import read_records
from quiz.examiner import Examiner
from quiz.kinds.table import KINDS, all_kinds
from quiz.kinds.value import Value
from quiz.values.asked import Asked
from quiz.values.grading import grade_value
from quiz.values.verdict import Verdict
from tests.conftest import CONTENT
from tests.quiz.values.table import Case, cases

CASES = list(cases())
RIGHT, FORM, WRONG, UNREADABLE = Verdict.RIGHT, Verdict.FORM, Verdict.WRONG, Verdict.UNREADABLE


@pytest.mark.parametrize("case", CASES, ids=[f"line {case.line}" for case in CASES])
def test_typed_answers(case: Case) -> None:
    """The table."""
    verdict = grade_value(case.typed, case.key, case.asked)
    assert (case.key, case.typed, case.verdict.name) == (case.key, case.typed, verdict.name)


def test_the_table_is_large() -> None:
    """In both directions."""
    counts = {verdict: sum(case.verdict is verdict for case in CASES) for verdict in Verdict}
    assert min(counts[RIGHT], counts[WRONG]) >= 150
    assert len(CASES) >= 300


# Rules that hold for all numbers

WHOLE = st.integers(-(10**15), 10**15)
POSITIVE = st.integers(1, 10**12)


@given(WHOLE)
def test_spellings_of_a_whole_number(number: int) -> None:
    """Thousands, full width, powers, blanks, a point and zeros: one value."""
    plain = f"{number:,}"
    wide = str(number).translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789+-"})
    spellings = [plain, plain.replace(",", "_"), plain.replace(",", " "), wide, f" {number}.0 ", f"`{number}`"]
    assert {grade_value(spelling, str(number)) for spelling in [*spellings, f"({number})", f"{number}。"]} == {RIGHT}


@given(WHOLE, WHOLE)
def test_another_whole_number_is_wrong(number: int, other: int) -> None:
    """However near it is."""
    assert grade_value(str(other), str(number)) is (RIGHT if number == other else WRONG)
    assert grade_value(str(number + 1), str(number)) is WRONG


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_fractions(top: int, bottom: int) -> None:
    """A fraction is the decimal that it is, where that ends."""
    share = Fraction(top, 2**3 * 5**3)
    assert grade_value(f"{top}/1000", f"{float(share)!r}") is RIGHT
    assert grade_value(f"{top + bottom}/1000", f"{float(share)!r}") is not RIGHT


@given(st.lists(st.integers(0, 4096), min_size=2, max_size=5))
def test_spellings_of_a_shape(sizes: list[int]) -> None:
    """Brackets, torch.Size, x and the sign for times, full-width commas; the order counts."""
    key = f"torch.Size({sizes})"
    joined = {sign: sign.join(map(str, sizes)) for sign in (", ", "x", "×", "，", " ")}
    spellings = [*joined.values(), f"[{joined[', ']}]", f"（{joined['，']}）"]
    assert {grade_value(one, key) for one in spellings} == {RIGHT}
    turned = sizes[::-1]
    assert grade_value(", ".join(map(str, turned)), key) is (RIGHT if turned == sizes else WRONG)


@given(st.integers(0, 99), POSITIVE)
def test_the_last_printed_place(cents: int, whole: int) -> None:
    """A key that its script rounded takes half a unit of its last place, to either side, and no more."""
    asked, key = Asked(code="print(round(x, 2))"), f"{whole}.{cents:02}"
    value = Fraction(key)
    near, far = value + Fraction(4, 1000), value + Fraction(6, 1000)
    assert grade_value(f"{near.numerator}/{near.denominator}", key, asked) is RIGHT
    assert grade_value(f"{far.numerator}/{far.denominator}", key, asked) is not RIGHT


TEXTS = st.text(max_size=60) | st.text("0123456789.,-+*/^%()[]{}x×eE =:'\"_infa\n。，、（）％", max_size=60)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_has_a_verdict(typed: str, key: str, question: str, code: str) -> None:
    """Whatever is asked, and what was printed is right as it stands."""
    asked = Asked(question, code, is_code_shown=True)
    assert grade_value(typed, key, asked) in Verdict
    assert grade_value(key, key, asked) is RIGHT


# The deck's own questions


@pytest.fixture(scope="module")
def questions() -> list[tuple[Item, str, Asked]]:
    """Every item whose answer is typed, with its key."""
    return list(_questions())


def _questions() -> Iterator[tuple[Item, str, Asked]]:
    examiner = Examiner(read_records(CONTENT))
    library = Library.open(CONTENT, None, all_kinds)
    for summary in library.summaries:
        for item in library.entry(summary.number).items:
            kind = KINDS[item.kind]
            if isinstance(kind, Value):
                texts = (blocks_text(wording.question) for wording in item.wordings.values())
                yield item, examiner.key(item), Asked("\n".join(texts), item.code, kind.shows_code)


def test_every_key_of_the_deck_is_read(questions: list[tuple[Item, str, Asked]]) -> None:
    """As printed and as people write it; another value of the same form is wrong, or wrong in form at most."""
    assert len(questions) > 80
    for item, key, asked in questions:
        assert grade_value(key, key, asked) is RIGHT, item.key
        assert grade_value(f" {key}。", key, asked) is RIGHT, item.key
        if key.isdecimal():
            assert grade_value(f"{int(key):,}", key, asked) is RIGHT, item.key
            assert grade_value(str(int(key) + 1), key, asked) is WRONG, item.key
        if key[0] in "([" and key[-1] in ")]" and "," in key and key.count("(") + key.count("[") == 1:
            assert grade_value(key[1:-1], key, asked) is RIGHT, item.key
            assert grade_value(f"torch.Size([{key[1:-1]}])", key, asked) is RIGHT, item.key
            assert grade_value(f"({key[1:-1]}, 7)", key, asked) is WRONG, item.key
        assert grade_value("no idea", key, asked) is not RIGHT, item.key


def test_a_grade_is_quick(questions: list[tuple[Item, str, Asked]]) -> None:
    """No more than ten milliseconds for each of the deck's typed questions, the first included."""
    begun = time.perf_counter()
    for _, key, asked in questions:
        grade_value("(1, 2), 0.5", key, asked)
    assert time.perf_counter() - begun < 0.01 * len(questions)
