"""Grading of code: by running it."""

from dataclasses import replace

import pytest

from kb.deck.script import read_snippet
from kb.errors import KbError
from kb.run.job import Run
from kb.run.outcome import Outcome
from kb.run.runner import reference_job, run
from kb.run.worker import Worker
from quiz.examiner import NoKey
from quiz.grade import LEAST_COMPUTING, _is_lines_doing, grade_code
from tests.conftest import SNIPPET

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
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nreturn 0",
    "prints without end": "while True:\n    print('x' * 10_000)",
}

NOBODYS_FAULT = {
    "ended from outside": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "killed by signal 15"),
    "killed by a machine that is short of memory": ("import os\nos.kill(os.getpid(), 9)", "killed by signal 9"),
    "a killed supervisor": ("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(600)", "the supervisor is gone"),
    "a full disk": ("import errno, os\nraise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))", "No space left"),
    "waiting": ("import time\ntime.sleep(600)", "not done after 3"),
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


@pytest.mark.usefixtures("not_isolated")
@pytest.mark.parametrize("name", NOBODYS_FAULT)
def test_what_the_lines_did_not_bring_about_is_no_grade(name: str) -> None:
    """Neither right nor wrong: the question stands, and why is told."""
    lines, reason = NOBODYS_FAULT[name]
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    with pytest.raises(KbError) as caught:
        grade_code(replace(snippet, timeout=2.0), "mean-by-hand", lines, reference=reference)
    assert reason in str(caught.value)
    assert not isinstance(caught.value, NoKey)


def test_out_of_memory_is_the_lines_doing_where_they_hold_it() -> None:
    """And not where the snippet itself nearly fills the machine."""
    plain = reference()
    held = replace(plain, outcome=Outcome.OUT_OF_MEMORY, peak_mb=20 * plain.peak_mb, exit_code=-9)
    assert _is_lines_doing(held, plain)
    assert not _is_lines_doing(replace(held, peak_mb=2 * plain.peak_mb), plain)


@pytest.mark.parametrize("lines", ["while True:\n    pass", "while True: pass\n", "for _ in iter(int, 1): sum(values)"])
def test_endless_lines_are_rejected_within_seconds(lines: str) -> None:
    """By what they compute, measured against the snippet's own run; the clock says nothing."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    with Worker.start(preload=()) as worker:
        plain = run(reference_job(snippet), worker=worker)
        grade = grade_code(snippet, "mean-by-hand", lines, worker, lambda: plain)
    assert not grade.correct
    assert grade.reason == "it computed more than 10 times as long as the solution"
    assert grade.run is not None
    assert plain.cpu_seconds < 0.3
    assert LEAST_COMPUTING <= grade.run.cpu_seconds < LEAST_COMPUTING + 1.5


def test_cold_start_is_given_the_time_that_it_takes() -> None:
    """The worker may be gone since the snippet's own run, and torch has to be imported."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    lines = "import time\nuntil = time.process_time() + 4.0\nwhile time.process_time() < until:\n    pass\n" + RIGHT[0]
    warm = replace(reference(), warm=True)
    assert grade_code(snippet, "mean-by-hand", lines, None, lambda: warm).correct
    assert not grade_code(snippet, "mean-by-hand", lines, None, reference).correct


def test_snippet_that_does_not_pass_is_no_judge() -> None:
    """Nobody's answer is right or wrong there."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET.replace("== 3.0", "== 4.0"))
    with pytest.raises(NoKey, match="the snippet itself does not pass here"):
        grade_code(snippet, "mean-by-hand", RIGHT[0])


def test_check_that_fell_is_told() -> None:
    """Its line in the snippet that ran, its text, the values; or the learner's own line."""
    snippet, _ = read_snippet(
        "/x/snippet.py",
        SNIPPET.replace("assert mean([4.0]) == 4.0", "four = mean([4.0])\nassert (\n    four == 4.0\n)"),
    )
    check = grade_code(
        snippet, "mean-by-hand", "if values == [4.0]:\n    return 5.0\nreturn 3.0", reference=reference
    ).check
    assert check is not None
    assert (check.own_line, check.text, check.values) == (0, "assert (\n    four == 4.0\n)", {"four": "5.0"})
    assert snippet.filled("mean-by-hand", "1\n2\n3").splitlines()[check.line - 1] == "assert ("
    check = grade_code(snippet, "mean-by-hand", "total = 0\nreturn total / nothing", reference=reference).check
    assert check is not None
    assert (2, "return total / nothing") == (check.own_line, check.text)


def test_forbidden_call_is_a_grade_of_its_own() -> None:
    """Wrong, with the learner's line, though no check fell; over the wire too."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET.replace("import os", "import os\nimport statistics"))
    lines = "f = statistics.fmean\nreturn f(values)"
    grade = grade_code(snippet, "mean-by-hand", lines, forbid=("statistics.fmean", "statistics.mean"))
    assert (False, None) == (grade.correct, grade.check)
    assert grade.reason == "line 2 of yours: statistics.fmean was called, which this question forbids"
    assert grade_code(snippet, "mean-by-hand", lines, forbid=("statistics.mean",)).correct


def reference() -> Run:
    """The small snippet's own run."""
    return run(reference_job(read_snippet("/x/snippet.py", SNIPPET)[0]))
