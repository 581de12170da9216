"""Temporary values of a learner's lines that are called as the script calls something of its own."""

import pytest

from kb.deck.script import read_snippet
from kb.run.names import bound_names, set_names
from kb.run.runner import filled_job, run
from tests.conftest import SNIPPET

HEAD = SNIPPET[: SNIPPET.index("import os")]

MODULE = (
    HEAD
    + """
values, scale, out, x = [1.0, 2.0, 6.0], 10, [], 5
for total, size in ((9.0, 3), (9.0, 3)):
    # hole: mean
    mean = sum(values) / size
    out.append(mean)
    # end
    assert mean == 3.0 and x == 5 and total == 9.0 and max(size, 1) == 3
assert values == [1.0, 2.0, 6.0] and scale == 10 and out == [3.0, 3.0] and len(values) == 3
"""
)

FUNCTION = (
    HEAD
    + """
def spread(values, mean):
    x = values[-1]
    # hole: spread
    squares = sum((one - mean) ** 2 for one in values)
    # end
    return squares / len(values), x, mean


assert spread([1.0, 2.0, 6.0], 3.0) == (14 / 3, 6.0, 3.0)
"""
)

HIDING = {
    "a name of the script": "x = sum(values)\nmean = x / size\nout.append(mean)",
    "many of them": "total = sum(values)\nscale = x = size\nmean = total / x\nout.append(mean)",
    "in a loop": "x = 0\nfor total in values:\n    x += total\nmean = x / size\nout.append(mean)",
    "of Python's own": "max = sum(values)\nlen = size\nmean = max / len\nout.append(mean)",
    "unpacked, walrus, with, except": (
        "scale, *x = values\nif (total := sum(values)) and scale:\n    pass\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError as x:\n    pass\nmean = total / size\nout.append(mean)"
    ),
    "read before it is written": "x = x - 5 + sum(values)\nmean = x / size\nout.append(mean)",
    "in functions of one's own": (
        "def total(values, x=0):\n    for scale in values:\n        x += scale\n    return x\n"
        "scale = lambda: total(values) / size\nmean = scale()\nout.append(mean)"
    ),
    "in a class of one's own": (
        "x = 3\nclass total:\n    scale = x\n    def size(self):\n        return sum(values) / self.scale / x * 3\n"
        "mean = total().size()\nout.append(mean)"
    ),
    "in comprehensions": "x = [x for x in values]\nmean = sum(total for total in x) / size\nout.append(mean)",
    "imported": "from math import fsum as x\nimport statistics as total\nmean = total.fmean(values)\nout.append(mean)",
    "what it sets is set otherwise": "x = sum(values)\nmean = x / size\nout = out + [mean]",
    "matched and deleted": (
        "match values:\n    case [x, *total]:\n        mean = (x + sum(total)) / size\ndel x\nout.append(mean)"
    ),
}

IN_FUNCTION = {
    "parameters": "mean_of = mean\nmean = 0\nsquares = sum((one - mean_of) ** 2 for one in values)",
    "variables": "x = 0.0\nfor one in values:\n    x += (one - mean) ** 2\nsquares = x",
    "deferred": "x = values\nf = lambda: sum((one - mean) ** 2 for one in x)\nsquares = f()",
    "values": "values = [one - mean for one in values] + [0.0]\nsquares = sum(one**2 for one in values)",
}


@pytest.mark.parametrize("name", HIDING)
def test_temporaries_at_module_level_hide_nothing(name: str) -> None:
    """The rest of the snippet has its own values."""
    snippet, _ = read_snippet("/x/snippet.py", MODULE)
    done = run(filled_job(snippet, "mean", HIDING[name]))
    assert done.passed, (done.reason, done.stderr)


@pytest.mark.parametrize("name", IN_FUNCTION)
def test_temporaries_within_a_function_hide_nothing(name: str) -> None:
    """Neither what it was given."""
    snippet, _ = read_snippet("/x/snippet.py", FUNCTION)
    done = run(filled_job(snippet, "spread", IN_FUNCTION[name]))
    assert done.passed, (done.reason, done.stderr)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("x = 1\nmean = 4.0\nout.append(mean)", "AssertionError"),  # what is to be set is set
        ("mean = 3.0\nout.append(mean)\nvalues.append(1.0)", "AssertionError"),  # what is changed in place is changed
        ("mean = 3.0\nout.append(mean)\ndel size\nprint(size)", "NameError"),
    ],
)
def test_what_is_meant_is_done(lines: str, message: str) -> None:
    """A name of one's own is no sandbox."""
    snippet, _ = read_snippet("/x/snippet.py", MODULE)
    done = run(filled_job(snippet, "mean", lines))
    assert done.failure is not None
    assert done.failure.type == message


def test_names_that_a_solution_sets() -> None:
    """Those that it binds, and those that it may change in place; comprehensions keep theirs to themselves."""
    lines = "a, (b, *c) = 1, (2, 3)\nd[0] = a\ne.f = [g for g in h if (i := g)]\nj.append(k)\nl += 1\nm = n.add_(1)"
    assert set_names(lines) == set("abcdeijklm")
    assert set_names("def f(:") == frozenset()
    assert set_names("return (p := 1)\n") == {"p"}


def test_bound_names_are_of_one_scope() -> None:
    """What a function binds is its own."""
    import ast

    tree = ast.parse("def f(a):\n    b = 1\n    global c\nclass G:\n    d = 1\nimport h.i, j as k\nc = lambda e: e")
    assert bound_names(tree.body) == {"f", "G", "k"}
