"""Snippet mutants: each kind of mistake is made where it would be one, and nowhere else."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.script import Snippet, read_snippet
from kb.verify.snippet_mutants import SnippetMutant, plain_source, snippet_mutants
from tests.conftest import SNIPPET


def spoilt(code: str) -> list[SnippetMutant]:
    """The mutants of a script."""
    return snippet_mutants(Snippet("snippet.py", code, ""))


def words(code: str) -> set[str]:
    """Their mistakes, as English has them."""
    return {str(one.what) for one in spoilt(code)}


MADE = [
    ("optimizer.zero_grad()", "left out: optimizer.zero_grad()"),
    ("total += x\nf(total)", "left out: total += x"),
    ("x = f(1)\nx = g(x)", "left out: x = g(x)"),
    ("for x in loader:\n    f(x)", "left out: for x in loader:"),
    ("y = net(x).detach()\nf(y)", "a call left out: net(x) for net(x).detach()"),
    ("import torch.nn.functional as F\ny = F.relu(x)\nf(y)", "a call left out: x for F.relu(x)"),
    ("y = x.mT @ x\nf(y)", "a call left out: x for x.mT"),
    ("net.eval()", "the other mode: net.train() for net.eval()"),
    ("f(net.train()(x))", "the other mode: net.eval() for net.train()"),
    ("f(x.mean())", "another function: x.sum() for x.mean()"),
    ("f(max(a, b))", "another function: min(a, b) for max(a, b)"),
    ("net = nn.Sequential(a, nn.ReLU())\nf(net)", "a layer left out: nn.Identity() for nn.ReLU()"),
    ("f(x.sum(1))", "another axis: x.sum(0) for x.sum(1)"),
    ("f(x.softmax(dim=0))", "another axis: x.softmax(dim=1) for x.softmax(dim=0)"),
    ("import torch\nf(torch.cat(parts, -1))", "another axis: torch.cat(parts, -2) for torch.cat(parts, -1)"),
    ("f(x.sum((0, 2, 3)))", "another axis: x.sum((0, 2)) for x.sum((0, 2, 3))"),
    ("import torch\nf(torch.argmax(x, 1))", "another axis: torch.argmax(x, 0) for torch.argmax(x, 1)"),
    ("f(g(x, y))", "arguments swapped: g(y, x) for g(x, y)"),
    ("f(x.var(0, correction=0))", "an option left out: x.var(0) for x.var(0, correction=0)"),
    ("f(x.sum(0, keepdim=True))", "an option left out: x.sum(0) for x.sum(0, keepdim=True)"),
    (
        "loss = F.mse_loss(x, y, reduction='sum')\nf(loss)",
        "an option left out: F.mse_loss(x, y) for F.mse_loss(x, y, reduction='sum')",
    ),
    ("f(nn.Linear(2, 3, bias=False))", "an option left out: nn.Linear(2, 3) for nn.Linear(2, 3, bias=False)"),
    ("f(a - b)", "another operator: a + b for a - b"),
    ("f(-a)", "another operator: a for -a"),
    ("f(a + b)", "a term left out: b for a + b"),
    ("f(2 * x)", "a term left out: x for 2 * x"),
    ("f(x / n)", "a term left out: x for x / n"),
    ("f(x ** 2)", "a term left out: x for x ** 2"),
    ("f(a & b)", "a condition left out: b for a & b"),
    ("f(a and b)", "a condition left out: a for a and b"),
    ("f([x for x in y if x])", "a condition left out: [x for x in y] for [x for x in y if x]"),
    ("f(a > b)", "another comparison: a <= b for a > b"),
    ("f(a > 1)", "another comparison: a >= 1 for a > 1"),
    ("f(a < 0.5)", "another constant: a < 1.0 for a < 0.5"),
    ("f(x[0])", "another constant: x[1] for x[0]"),
    ("f(x[:, -1])", "another constant: x[:, -2] for x[:, -1]"),
    ("f(x[:n])", "a bound left out: x[:] for x[:n]"),
    ("f(a if b else c)", "one branch always: c for a if b else c"),
    ("if b:\n    f(x)", "one branch always: False for b"),
    ("with torch.no_grad():\n    w.sub_(x)", "without the context: with torch.no_grad():"),
    ("@torch.no_grad()\ndef f(x):\n    return x.zero_()", "without the context: torch.no_grad()"),
    ("x, x_test = f()\ng(x_test)", "the other data: x for x_test"),
    ("x, x_test = f()\ng(x)", "the other data: x_test for x"),
    ("train, held = f()\ng(rows[train])", "the other data: held for train"),
    ("def f(x_train, x_val):\n    return g(x_train)", "the other data: x_val for x_train"),
]


@pytest.mark.parametrize(("code", "expected"), MADE)
def test_mistakes_that_people_make(code: str, expected: str) -> None:
    """Each is made, and told in words."""
    assert expected in words(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring."""',
        "import torch",
        "assert x.sum(1) > 0, 'a message'",
        "torch.testing.assert_close(x.sum(1), y)",
        "close = partial(torch.testing.assert_close, rtol=1e-3)\nclose(x.sum(1), y)",
        "raise AssertionError('it must raise' + x)",
        "print(f'{x.mean(dim=1):.2f}', x.sum(0))",
        "if step % 20 == 0:\n    print(f'{loss:.2f}')",
        "share = x.sum(1) / 2\nprint(f'{share:.2f}')",
        "losses = []\nlosses.append(x.sum(1))\nprint(losses)",
        "torch.manual_seed(0 + 1)",
        "generator = torch.Generator().manual_seed(1)",
        "device = torch.device(os.environ.get('KB_DEVICE', 'cpu'))",
        "torch.set_num_threads(1)",
        "N, D = 8, 2 * 4",
        "x: torch.Tensor[0]",
        "for step in range(1, n + 1):\n    pass",
        "def g(x):\n    return x.to(device=device, non_blocking=True)",
        "def g(x):\n    return torch.optim.Adam(p, lr=0.01 * 2)",
        "def g(var):\n    return var + 1e-5",
        "def check(a):\n    assert a\n\n\ncheck(x)",
        "for a in b:\n    assert a",
        "def g():\n    return torch.rand(3) < 0.3",
        "super().__init__()",
        "torch.backends.cudnn.allow_tf32 = bool(0)",
        "def draw(n):\n    x = 2 * torch.randn(n)\n    return 3 * x - 1",
        "os.kill(pid, 9)",
        "def g(a, b):\n    return shutil.copy(a, b + 1)",
        "def g(layer):\n    return layer.weight.detach()",
        "def g(step, x):\n    if step % 20 == 0:\n        return x",
        "def g(net, x):\n    with torch.no_grad():\n        return net(x)",
        "def g(x):\n    return x.float().mean()",
        "x = 2 * torch.randn(3, n + 1) + 1",
        "def g(x):\n    return x > 0.0 if x.is_cuda else y",
    ],
)
def test_what_is_no_mistake_is_left(code: str) -> None:
    """Checks, output, seeds, settings, sizes: nothing is spoilt in them."""
    assert words(code) == set()


def test_a_value_that_is_printed_and_checked_is_spoilt() -> None:
    """What an assert reads is no mere output."""
    code = "share = x.sum(1)\nprint(share)\n"
    assert words(code) == set()
    assert "another axis: x.sum(0) for x.sum(1)" in words(code + "assert share > 1\n")


def test_a_first_value_is_not_left_out() -> None:
    """What follows would be an error; a second value can be forgotten, and so can an argument's."""
    code = "x = 1\n\n\ndef g(y):\n    y = f(y)\n    x = f(y)\n    x = f(x)\n    return x\n\n\nx = f(x)\ny = g(x)\nf(y)"
    found = [(one.line, one.what) for one in spoilt(code) if one.what.startswith("left out")]
    assert found == [
        (5, "left out: y = f(y)"),
        (7, "left out: x = f(x)"),
        (11, "left out: x = f(x)"),
        (13, "left out: f(y)"),
    ]


def test_a_training_whose_result_is_printed_is_spoilt() -> None:
    """A call of the snippet's own may do more than give what is printed."""
    assert "arguments swapped: train(data, net) for train(net, data)" in words("loss = train(net, data)\nprint(loss)")


def test_place_and_program() -> None:
    """A mutant knows its line and the beginning of its statement, and is the whole program without comments."""
    code = "x = f(\n    a.sum(1),  # rows\n)\ng(x)\n"
    one = next(one for one in spoilt(code) if one.what.startswith("another axis"))
    assert (one.line, one.statement, one.lines) == (2, (1, 0), {1, 2})
    assert one.source == "x = f(a.sum(0))\ng(x)\n"


def test_mistake_in_a_hole_knows_its_solution() -> None:
    """What stands in the hole then can be marked as equivalent."""
    snippet, _ = read_snippet("snippet.py", SNIPPET)
    found = [one for one in snippet_mutants(snippet) if one.hole]
    assert "total = sum(values)\nreturn total" in [one.solution for one in found]
    assert {one.hole for one in found} == {"mean-by-hand"}


def test_long_codes_are_told_by_where_they_differ() -> None:
    """What two long expressions have in common is left out."""
    code = "y = torch.nn.functional.cross_entropy(logits.movedim(1, -1).reshape(-1, C).sum(1), target.flatten())\nf(y)"
    (found,) = (one for one in words(code) if one.startswith("another axis: …"))
    assert len(found) < 90
    assert ".sum(0)" in found.partition(" for ")[0]
    assert ".sum(1)" in found.partition(" for ")[2]


CODE = st.lists(st.sampled_from([code for code, _ in MADE]), min_size=1, max_size=4).map("\n".join)


@given(CODE)
def test_mutants_are_programs_and_differ(code: str) -> None:
    """Each is Python, another program than the snippet and than the others; on a line no two have the same words."""
    found = spoilt(code)
    sources = [one.source for one in found]
    assert len({*sources, plain_source(code)}) == len(sources) + 1
    assert len({(one.line, one.what) for one in found}) == len(found)
    for one in found:
        compile(one.source, "mutant", "exec")


@given(CODE)
def test_the_tree_is_left_as_it_was(code: str) -> None:
    """Spoiling twice gives the same."""
    assert spoilt(code) == spoilt(code)
    assert ast.unparse(ast.parse(code)) == ast.unparse(ast.parse(plain_source(code)))
