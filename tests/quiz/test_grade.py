"""Grading: structure, not characters; and code by running it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.script import read_snippet
from quiz.grade import grade_code, grade_value
from tests.conftest import SNIPPET


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ("(2, 5)", "torch.Size([2, 5])"),
        ("[2,5]", "torch.Size([2, 5])"),
        ("torch.Size([2, 5])", "(2, 5)"),
        ("2 5", "(2, 5)"),
        ("2, 5", "(2, 5)"),
        ("0.5", "0.50"),
        (".5", "0.50"),
        ("0.504", "0.50"),
        ("1e-3", "0.001"),
        ("8", "8.0"),
        ("tensor(3.)", "3.0"),
        ("tensor([1, 2])", "[1, 2]"),
        ("float32", "torch.float32"),
        ("torch.float32", "float32"),
        ("RuntimeError", "RuntimeError"),
        ("`RuntimeError`", "RuntimeError"),
        ("'cpu'", "cpu"),
        ("true", "True"),
        ("nan", "nan"),
        ("[0.1, 0.9]", "[0.10, 0.90]"),
    ],
)
def test_equal_in_structure(given_: str, key: str) -> None:
    """The same value in another spelling is right."""
    assert grade_value(given_, key).correct


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ("(5, 2)", "torch.Size([2, 5])"),
        ("(2, 5, 1)", "(2, 5)"),
        ("10", "(2, 5)"),
        ("0.51", "0.50"),
        ("3", "4"),
        ("-3", "3"),
        ("1", "True"),
        ("float16", "float32"),
        ("ValueError", "RuntimeError"),
        ("", "5"),
        ("5 or 6", "5"),
    ],
)
def test_different_values(given_: str, key: str) -> None:
    """Another value is wrong, whatever it looks like."""
    assert not grade_value(given_, key).correct


@pytest.mark.parametrize(("given_", "key"), [("runtimeerror", "RuntimeError"), ("FLOAT32", "torch.float32")])
def test_form_alone(given_: str, key: str) -> None:
    """Only the form differs: that is said, not held against the learner's knowledge."""
    grade = grade_value(given_, key)
    assert (grade.correct, grade.form_only) == (False, True)


@given(st.text(max_size=50), st.text(min_size=1, max_size=30))
def test_never_fails(given_: str, key: str) -> None:
    """Arbitrary text is graded, and a key is always right itself unless it is empty."""
    grade_value(given_, key)
    if key.strip() and key.strip().strip("`").strip() and "nan" not in key.lower():
        assert grade_value(key, key).correct


RIGHT = [
    "return sum(values) / len(values)",
    "import statistics\nreturn statistics.fmean(values)",
    "total = 0.0\nfor value in values:\n    total += value\nreturn total / len(values)",
    "\treturn sum(values) / len(values)".strip(),
    "# a comment\n\nreturn sum(values) / len(values)  # the mean",
]

FOOLING = {
    "leaves at import": "raise SystemExit",
    "leaves with success": "raise SystemExit(0)",
    "leaves hard": "import os\nos._exit(0)",
    "nothing": "pass",
    "swallows what follows": "if False:",
    "opens a string": 'x = """',
    "opens a try": "try:",
    "own assert instead": "assert True\nreturn 0",
    "wrong value": "return sum(values)",
    "ends the process from a thread": "import os, threading\nthreading.Timer(0.01, os._exit, [0]).start()\nreturn 0",
    "writes over the hook": "import sys\nsys.modules['__main__'].__dict__['kb: checked'] = lambda i, v: True\nreturn 0",
    "replaces an excepthook": "import sys\nsys.excepthook = lambda *a: None\nreturn 0",
    "kills itself politely": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nreturn 0",
}


@pytest.mark.parametrize("lines", RIGHT)
def test_right_lines_pass(lines: str) -> None:
    """Any way to the value is right."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    assert grade_code(snippet, "mean-by-hand", lines).correct


@pytest.mark.parametrize("name", FOOLING)
def test_nothing_fools_the_judge(name: str) -> None:
    """Leaving early, swallowing what follows, own asserts: the snippet's checks were not executed, so it is wrong."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    grade = grade_code(snippet, "mean-by-hand", FOOLING[name])
    assert (False, name) == (grade.correct, name)


def test_redefined_assert_close_does_not_pass() -> None:
    """A check that is not torch's own any more is no check."""
    source = SNIPPET.replace("import os\n", "import os\n\nimport torch\n").replace(
        "assert mean([4.0]) == 4.0", "torch.testing.assert_close(torch.tensor(mean([4.0])), torch.tensor(4.0))"
    )
    snippet, _ = read_snippet("/x/snippet.py", source)
    lines = "import torch\ntorch.testing.assert_close = lambda *_, **__: None\nreturn 3.0"
    grade = grade_code(snippet, "mean-by-hand", lines)
    assert not grade.correct
    assert grade_code(snippet, "mean-by-hand", "return sum(values) / len(values)").correct


def test_failure_shows_check_and_values() -> None:
    """What failed is told with its message and line."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    grade = grade_code(snippet, "mean-by-hand", "return sum(values)")
    assert grade.run is not None
    assert grade.run.failure is not None
    assert grade.run.failure.message == "the sum over the count"
