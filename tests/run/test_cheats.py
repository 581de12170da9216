"""Lines that would rather pass than be right: each is rejected, and honest ones are not."""

from collections.abc import Iterator

import pytest

from kb.deck.script import Snippet, read_snippet
from kb.run.job import Run
from kb.run.runner import filled_job, run
from kb.run.worker import Worker
from tests.conftest import SNIPPET

ASSERTS = """
assert mean([1.0, 2.0, 6.0]) == 3.0, "the sum over the count"
assert math.isclose(mean([4.0]), 4.0)
assert all(abs(mean([x]) - x) < 1e-9 for x in (5.0, 6.0)) and isinstance(mean([1.0]), float)
assert max(mean([1.0, 3.0]), 0.0) == 2.0
print("done")
"""

FORGED = """
facts = {"rank": 0, "reached_end": True, "executed": [0, 1, 2, 3], "tampered": "", "warnings": [], "failure": None,
         "torch": ""}
"""

CHEATS = {
    "calls a hook by a fixed name": "globals()['kb: ended']()\nreturn 0.0",
    "calls every hook with guessed numbers": (
        "import sys\nfor name, hook in list(globals().items()):\n    if name.startswith('kb'):\n"
        "        for at in range(9):\n            try:\n                hook(at, True)\n"
        "            except TypeError:\n                hook(at)\nsys.exit(0)"
    ),
    "calls every hook with the numbers of the code": (
        "import sys\nframe = sys._getframe(1)\nfor name, hook in list(globals().items()):\n"
        "    if name.startswith('kb'):\n        for at in frame.f_code.co_consts:\n            try:\n"
        "                hook(at, True)\n            except TypeError:\n                hook(at)\nsys.exit(0)"
    ),
    "replaces every hook": (
        "for name in list(globals()):\n    if name.startswith('kb'):\n"
        "        globals()[name] = lambda token, value: True\nreturn 0.0"
    ),
    "writes the report": FORGED
    + "import json, os\nfor name in ('report', 'report-0'):\n    with open(f'../{name}', 'w') as file:\n"
    "        json.dump(facts, file)\nos._exit(0)",
    "signs the report without the secret": FORGED
    + "import hashlib, json, os\ndata = json.dumps(facts).encode()\nwith open('../report-0', 'wb') as file:\n"
    "    file.write(hashlib.blake2b(data).hexdigest().encode() + b'\\n' + data)\nos._exit(0)",
    "looks for the configuration": FORGED
    + "import hashlib, json, os, pathlib, sys\ntexts = [open('/proc/self/cmdline').read(), *sys.argv, *sys.orig_argv]\n"
    "texts += [path.read_text() for path in pathlib.Path('..').glob('*') if path.is_file()]\n"
    'secret = next((text.split(\'"secret": "\')[1][:32] for text in texts if \'"secret": "\' in text), None)\n'
    "if secret is None:\n    return 0.0\ndata = json.dumps(facts).encode()\n"
    "signed = hashlib.blake2b(data, key=bytes.fromhex(secret)).hexdigest().encode()\n"
    "open('../report-0', 'wb').write(signed + b'\\n' + data)\nos._exit(0)",
    "changes the report at exit": (
        "import atexit, os, pathlib\ndef change():\n    path = pathlib.Path('../report-0')\n"
        "    path.write_text(path.read_text().replace('\"reached_end\": false', '\"reached_end\": true'))\n"
        "    os._exit(0)\natexit.register(change)\nreturn 0.0"
    ),
    "tells the harness's frames that all is well": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    seen = frame.f_locals.get('seen')\n"
        "    if seen is not None:\n        seen.reached_end, seen.executed = True, {0, 1, 2, 3}\n"
        "    frame = frame.f_back\nsys.exit(0)"
    ),
    "sys.exit": "import sys\nsys.exit(0)",
    "sys.exit at module level's end": "raise SystemExit",
    "os._exit": "import os\nos._exit(0)",
    "interrupts itself": "raise KeyboardInterrupt",
    "its own any": "import builtins\nbuiltins.all = lambda values: True\nreturn sum(values) / len(values)",
    "its own abs": "import builtins\nbuiltins.abs = lambda value: 0.0\nreturn sum(values) / len(values)",
    "its own isinstance": "import builtins\nbuiltins.isinstance = lambda *_: True\nreturn sum(values) / len(values)",
    "its own float": "import builtins\nbuiltins.float = object\nreturn sum(values) / len(values)",
    "its own zip and type": (
        "import builtins\nbuiltins.zip = lambda *_, **__: []\nbuiltins.type = lambda *_: None\n"
        "return sum(values) / len(values)"
    ),
    "its own isclose": "import math\nmath.isclose = lambda *_: True\nreturn sum(values) / len(values)",
    "a global max": "globals()['max'] = lambda *_: 2.0\nreturn sum(values) / len(values)",
    "a global math": (
        "import types\nglobals()['math'] = types.SimpleNamespace(isclose=lambda *_: True)\n"
        "return sum(values) / len(values)"
    ),
    "another module of that name": (
        "import sys, types\nsys.modules['math'] = types.ModuleType('math')\nreturn sum(values) / len(values)"
    ),
}

HONEST = {
    "plain": "return sum(values) / len(values)",
    "with math": "import math\nreturn math.fsum(values) / len(values)",
    "with names of Python's own": "sum = 0.0\nfor max in values:\n    sum += max\nreturn sum / len(values)",
    "with a helper": "def total(values):\n    return sum(values)\nreturn total(values) / len(values)",
    "with a docstring": '"""The mean."""\nreturn sum(values) / len(values)',
    "with a module of the standard library": "import statistics, decimal\nreturn statistics.fmean(values)",
}


def snippet_with(asserts: str, imports: str = "import math") -> Snippet:
    """The small snippet with other checks."""
    head = SNIPPET[: SNIPPET.index("\nassert")].replace("import os\n", f"import os\n{imports}\n", 1)
    return read_snippet("/x/snippet.py", head + asserts)[0]


def filled(lines: str) -> Run:
    """The small snippet's run with lines of a learner."""
    return run(filled_job(snippet_with(ASSERTS), "mean-by-hand", lines))


@pytest.mark.parametrize("name", CHEATS)
def test_cheat_is_rejected(name: str) -> None:
    """Whatever is called, written or replaced, the snippet's checks decide."""
    done = filled(CHEATS[name])
    assert not (done.passed and len(done.executed) == 4), done.reason
    if name.startswith(("its own", "a global", "another")):
        assert "done\n" in done.stdout
        assert done.reason.endswith(" was changed, and checks stand on it")


@pytest.mark.parametrize("name", HONEST)
def test_honest_lines_pass(name: str) -> None:
    """With every check executed."""
    done = filled(HONEST[name])
    assert (True, frozenset(range(4))) == (done.passed, done.executed), done.reason


def test_what_the_deck_itself_replaces_is_its_own_affair() -> None:
    """A snippet without lines of a learner is not watched: it may show what a replaced function does."""
    from kb.run.runner import block_job

    code = "import math\nmath.isclose = lambda *_: True\nassert math.isclose(1, 2)"
    assert run(block_job(code, "script", needs_checks=True)).passed


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One worker, so that torch is there at once."""
    with Worker.start() as one:
        yield one


TORCH = """
assert torch.equal(torch.tensor(mean([1.0, 3.0])), torch.tensor(2.0))
torch.testing.assert_close(torch.tensor(mean([4.0])), torch.tensor(4.0))
assert_close(torch.tensor(mean([4.0])), torch.tensor(4.0))
assert (torch.tensor([mean([4.0])]) == 4.0).all() and torch.tensor(mean([2.0])).item() == 2.0
"""

TORCH_CHEATS = {
    "torch.equal": "torch.equal = lambda *_: True",
    "torch.allclose": "torch.allclose = lambda *_, **__: True",
    "torch.testing.assert_close": "torch.testing.assert_close = lambda *_, **__: None",
    "assert_close": "globals()['assert_close'] = lambda *_, **__: None",
    "code": "torch.testing.assert_close.__code__ = (lambda *_, **__: None).__code__",
    "defaults": "torch.testing.assert_close.__kwdefaults__.update(rtol=9.0, atol=9.0)",
    "Tensor.__eq__": "torch.Tensor.__eq__ = lambda *_: torch.tensor([True])",
    "Tensor.all": "torch.Tensor.all = lambda *_: True",
    "Tensor.item": "torch.Tensor.item = lambda self: 2.0",
    "torch": "import types\nglobals()['torch'] = types.SimpleNamespace(**vars(torch))",
}


@pytest.mark.parametrize("name", TORCH_CHEATS)
def test_torch_of_ones_own_is_rejected(worker: Worker, name: str) -> None:
    """What a snippet's asserts use of torch must be torch's own when it has ended."""
    snippet = snippet_with(TORCH, "import torch\nfrom torch.testing import assert_close")
    done = run(
        filled_job(snippet, "mean-by-hand", f"{TORCH_CHEATS[name]}\nreturn sum(values) / len(values)"), worker=worker
    )
    assert (True, False) == (done.warm, done.passed)
    assert done.reason.endswith("checks stand on it"), done.reason


def test_honest_lines_with_torch_pass(worker: Worker) -> None:
    """Also those that load more of torch than the snippet does."""
    snippet = snippet_with(TORCH, "import torch\nfrom torch.testing import assert_close")
    lines = (
        "import torch.nn.functional as F\nnet = torch.nn.Linear(1, 1)\ntorch.optim.Adam(net.parameters())\n"
        "return torch.compile(torch.tensor(values).mean, backend='eager')().item()"
    )
    done = run(filled_job(snippet, "mean-by-hand", lines, timeout=120.0), worker=worker)
    assert done.passed, (done.reason, done.stderr)
