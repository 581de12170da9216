"""Grading of values: every spelling that people use is right, every other value is wrong, and junk is neither."""

import pytest

from quiz.values.grading import grade_value
from tests.quiz.values.table import Case, cases

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[f"line {case.line}" for case in CASES])
def test_typed_answers(case: Case) -> None:
    """The table."""
    verdict = grade_value(case.typed, case.key, case.asked)
    assert (case.key, case.typed, case.verdict.name) == (case.key, case.typed, verdict.name)
