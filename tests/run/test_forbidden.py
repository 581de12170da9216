"""What a question forbids is forbidden by whatever name or object it is reached; the snippet itself may call it."""

from collections.abc import Iterator

import pytest

from kb.deck.script import Snippet, read_snippet
from kb.run.job import Run
from kb.run.runner import filled_job, run
from kb.run.worker import Worker

HEAD = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Losses and cells by hand."""

import copy
import pickle
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import scaled_dot_product_attention as sdpa

logits, target = torch.randn(8, 3), torch.randint(3, (8,))
'''

LOSS = (
    HEAD
    + """

def reference(logits, target):
    return F.cross_entropy(logits, target)


def by_hand(logits, target):
    # hole: loss
    return (logits.logsumexp(1) - logits.gather(1, target[:, None])[:, 0]).mean()
    # end


for _ in range(2):
    torch.testing.assert_close(by_hand(logits, target), reference(logits, target))
assert nn.CrossEntropyLoss()(logits, target) == F.cross_entropy(logits, target)
"""
)

CELL = (
    HEAD
    + """

def step(cell, x, h):
    # hole: step
    h = torch.tanh(x @ cell.weight_ih.mT + h @ cell.weight_hh.mT + cell.bias_ih + cell.bias_hh)
    # end
    return h


cell, other = nn.RNNCell(3, 4), nn.RNNCell(3, 4)
x, h = torch.randn(2, 3), torch.randn(2, 4)
torch.testing.assert_close(step(cell, x, h), cell(x, h))
twin = pickle.loads(pickle.dumps(copy.deepcopy(cell)))
torch.testing.assert_close(twin(x, h), cell(x, h))
assert isinstance(cell, nn.RNNCell) and type(twin) is type(cell) and nn.RNNCell is type(other)
assert F.cross_entropy is nn.functional.cross_entropy and pickle.loads(pickle.dumps(sdpa)) is not None
torch.testing.assert_close(sdpa(x[None], x[None], x[None])[0], (x @ x.mT / 3**0.5).softmax(1) @ x)
"""
)

MODULE_LEVEL = (
    HEAD
    + """
# hole: softmax
e = (logits - logits.amax(1, keepdim=True)).exp()
q = e / e.sum(1, keepdim=True)
# end
torch.testing.assert_close(q, logits.softmax(1))
"""
)

SPELLINGS = {
    "by its name": "return F.cross_entropy(logits, target)",
    "by the module": "return torch.nn.functional.cross_entropy(logits, target)",
    "through an alias": "f = F.cross_entropy\nreturn f(logits, target)",
    "imported": "from torch.nn.functional import cross_entropy as ce\nreturn ce(logits, target)",
    "by getattr": "return getattr(F, 'cross_' + 'entropy')(logits, target)",
    "out of the module's names": "return vars(F)['cross_entropy'](logits, target)",
    "through a layer": "return nn.CrossEntropyLoss()(logits, target)",
    "through the snippet's own function": "return reference(logits, target)",
    "in a lambda": "return (lambda *values: F.cross_entropy(*values))(logits, target)",
    "in a function of one's own": "def f():\n    return F.cross_entropy(logits, target)\nreturn f()",
    "partially": "return partial(F.cross_entropy, target=target)(logits)",
    "mapped": "return next(map(F.cross_entropy, [logits], [target]))",
    "in vain": "F.cross_entropy(logits, target)\nreturn -logits.log_softmax(1)[range(8), target].mean()",
    "torch's own, below": "return torch._C._nn.cross_entropy_loss(logits, target, None, 1)",
    "loudly ignored": (
        "import contextlib\nwith contextlib.suppress(BaseException):\n    out = F.cross_entropy(logits, target)\n"
        "return out"
    ),
    "compiled": "return torch.compile(F.cross_entropy, backend='eager')(logits, target)",
    "in a thread": (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as pool:\n"
        "    return pool.submit(lambda: F.cross_entropy(logits, target)).result()"
    ),
    "evaluated": "return eval('F.cross_entropy(logits, target)')",
    "behind its guard": ("f = getattr(F.cross_entropy, '__wrapped__', F.cross_entropy)\nreturn f(logits, target)"),
    "across lines": "return F.cross_entropy(\n    logits,\n    target,\n)",
}

CELLS = {
    "the object": "h = cell(x, h)",
    "its forward": "h = cell.forward(x, h)",
    "its class's forward": "h = type(cell).forward(cell, x, h)",
    "its __call__": "h = cell.__call__(x, h)",
    "the snippet's name of it": "h = globals()['cell'](x, h)",
    "another of its class": "twin = nn.RNNCell(3, 4)\ntwin.load_state_dict(cell.state_dict())\nh = twin(x, h)",
    "another of its class, made before": "other.load_state_dict(cell.state_dict())\nh = other(x, h)",
    "a subclass": (
        "class Mine(nn.RNNCell):\n    pass\ntwin = Mine(3, 4)\ntwin.load_state_dict(cell.state_dict())\nh = twin(x, h)"
    ),
    "a copy": "h = copy.deepcopy(cell)(x, h)",
    "the operation": ("h = torch.rnn_tanh_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)"),
}

SOFTMAXES = {
    "a method": "q = logits.softmax(1)",
    "the class's": "q = torch.Tensor.softmax(logits, 1)",
    "a function": "q = torch.softmax(logits, 1)",
    "another function": "q = F.softmax(logits, dim=1)",
    "a layer": "q = nn.Softmax(dim=1)(logits)",
    "an operator": "q = torch.ops.aten.softmax(logits, 1)",
    "an overload of it": "q = torch.ops.aten.softmax.int(logits, 1)",
    "torch's own home of it": "q = torch._VF.softmax(logits, 1)",
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One worker, so that torch is there at once."""
    with Worker.start() as one:
        yield one


def filled(source: str, lines: str, worker: Worker | None, *forbid: str) -> Run:
    """A run of a snippet with one hole."""
    snippet: Snippet = read_snippet("/x/snippet.py", source)[0]
    return run(filled_job(snippet, snippet.holes[0].name, lines, forbid=forbid), worker=worker)


FORBID_LOSS = "F.cross_entropy", "torch._C._nn.cross_entropy_loss"


@pytest.mark.parametrize("name", SPELLINGS)
def test_function_is_forbidden_however_it_is_called(worker: Worker, name: str) -> None:
    """The learner's line is named, and the run says so though every check passed."""
    done = filled(LOSS, SPELLINGS[name], worker, *FORBID_LOSS)
    assert done.warm
    assert not done.passed
    assert done.forbidden is not None
    assert done.forbidden.name in FORBID_LOSS
    assert done.reason.endswith("was called, which this question forbids")
    assert done.failure is None
    assert done.unknown == ()


@pytest.mark.parametrize("name", CELLS)
def test_object_and_class_are_forbidden(worker: Worker, name: str) -> None:
    """What is made of the class too; whatever the snippet does with them goes on."""
    done = filled(CELL, CELLS[name], worker, "cell", "nn.RNNCell", "torch.rnn_tanh_cell", "sdpa")
    assert (False, None, ()) == (done.passed, done.failure, done.unknown), (done.reason, done.stderr)
    assert done.forbidden is not None


@pytest.mark.parametrize("name", SOFTMAXES)
def test_method_is_forbidden(worker: Worker, name: str) -> None:
    """With whatever torch calls the same."""
    done = filled(MODULE_LEVEL, SOFTMAXES[name], worker, "torch.Tensor.softmax")
    assert done.forbidden is not None, (done.reason, done.stderr)
    assert done.forbidden.line == 19
    assert done.reason.startswith("line 1 of yours: torch.Tensor.softmax was called")


def test_only_the_named_object_is_forbidden(worker: Worker) -> None:
    """Another of its class may be called, where its class is not named."""
    assert filled(CELL, CELLS["another of its class, made before"], worker, "cell").passed
    assert not filled(CELL, CELLS["the object"], worker, "cell").passed


@pytest.mark.parametrize(
    ("source", "lines", "forbid"),
    [
        (LOSS, "return -logits.log_softmax(1)[range(8), target].mean()", FORBID_LOSS),
        (LOSS, "f = F.nll_loss\nreturn f(F.log_softmax(logits, dim=1), target)", FORBID_LOSS),
        (LOSS, "# F.cross_entropy(logits)\nreturn -logits.log_softmax(1)[range(8), target].mean()", FORBID_LOSS),
        (CELL, "W, V = cell.weight_ih, cell.weight_hh\nh = (x @ W.T + h @ V.T + cell.bias_ih + cell.bias_hh).tanh()",
         ("cell", "nn.RNNCell", "sdpa")),
        (CELL, "assert isinstance(cell, nn.RNNCell)\ni = F.linear(x, cell.weight_ih, cell.bias_ih)\n"
         "h = torch.tanh(i + F.linear(h, cell.weight_hh, cell.bias_hh))", ("cell", "nn.RNNCell", "sdpa")),
        (MODULE_LEVEL, "q = logits.log_softmax(1).exp()", ("torch.Tensor.softmax",)),
        (MODULE_LEVEL, "from torch.utils.flop_counter import FlopCounterMode as Counter\n"
         "with Counter(display=False) as c:\n    logits @ logits.mT\n"
         "q = logits.exp() / logits.exp().sum(1, keepdim=True)\nassert c.get_total_flops() == 384",
         ("torch.bmm", "torch.addmm")),
    ],
)  # fmt: skip
def test_honest_lines_pass(worker: Worker, source: str, lines: str, forbid: tuple[str, ...]) -> None:
    """The snippet calls what they may not, before, after and around them."""
    done = filled(source, lines, worker, *forbid)
    assert done.passed, (done.reason, done.stderr)


def test_cold_as_warm() -> None:
    """Also where torch is not loaded before the script is."""
    done = filled(LOSS, SPELLINGS["through an alias"], None, *FORBID_LOSS)
    assert (False, True) == (done.warm, done.forbidden is not None)
    assert filled(LOSS, "return -logits.log_softmax(1)[range(8), target].mean()", None, *FORBID_LOSS).passed


def test_both_are_told(worker: Worker) -> None:
    """What was called, and which check fell."""
    done = filled(LOSS, "return 2 * F.cross_entropy(logits, target)", worker, *FORBID_LOSS)
    assert done.reason == "line 1 of yours: F.cross_entropy was called, which this question forbids"
    assert done.failure is not None
    assert done.failure.type == "AssertionError"


def test_unknown_names_are_told(worker: Worker) -> None:
    """They forbid nothing: no such attribute, no such name, nothing that can be called, of a function's own."""
    names = "F.cross_entropie", "nothing", "logits", "torch.pi", "by_hand.inner", "torch.nn.none.at.all"
    done = filled(LOSS, "return -logits.log_softmax(1)[range(8), target].mean()", worker, *names, "reference")
    assert (True, tuple(sorted(names))) == (done.passed, done.unknown)
