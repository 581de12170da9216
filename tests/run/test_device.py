"""The table of devices: its rows say all there is to know, and torch is asked in a process of its own."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from kb.errors import KbError, UsageError
from kb.run.detection import find_device
from kb.run.device import BOTH, CHOICES, CPU, DEVICES, check_device, public, torch_version
from kb.run.runner import block_job, run
from tests.conftest import COMMAND, ROOT

TORCH = """
class cuda:
    is_available = lambda: {cuda}
    is_initialized = lambda: {used}
    get_device_name = lambda: "Some GPU"
    max_memory_allocated = lambda: 3 << 20

class backends:
    class mps:
        is_available = lambda: {mps}
"""

PretendTorch = Callable[..., None]


@pytest.fixture
def pretend_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretendTorch:
    """A torch with devices that this machine lacks, for the processes that ask it."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(text: str = TORCH, *, cuda: bool = False, mps: bool = False, used: bool = False) -> None:
        (tmp_path / "torch.py").write_text(text.format(cuda=cuda, mps=mps, used=used))

    return write


def test_names_differ_and_the_processor_is_first() -> None:
    """``--device`` takes each row's name, then what stands for several."""
    names = [one.name for one in DEVICES]
    assert CPU == names[0] == "cpu"
    assert len({*CHOICES, BOTH}) == len(DEVICES) + 2
    assert CHOICES == ("cpu", "cuda", "mps", "auto")


def test_rows_are_python() -> None:
    """Each expression is one, and names nothing but torch."""
    for one in DEVICES:
        for text in (one.is_there, one.is_used, one.model, one.peak_bytes):
            assert set(compile(text or "True", one.name, "eval").co_names[:1]) <= {"torch"}


def test_unknown_device_is_told() -> None:
    """With those that there are; ``both`` is known where two are compared alone."""
    with pytest.raises(UsageError, match=re.escape("no device 'both'; choose cpu, cuda, mps, auto")):
        check_device(BOTH)
    check_device(BOTH, (*CHOICES, BOTH))


@pytest.mark.parametrize(
    ("cuda", "mps", "asked", "found"),
    [
        (False, False, "cpu", "cpu"),
        (False, False, "auto", "cpu"),
        (True, False, "auto", "cuda"),
        (False, True, "auto", "mps"),
        (True, True, "auto", "cuda"),
        (True, True, "mps", "mps"),
    ],
)
def test_device_is_found(pretend_torch: PretendTorch, cuda: bool, mps: bool, asked: str, found: str) -> None:
    """``auto`` is the first of the table that is there, and the processor last."""
    pretend_torch(cuda=cuda, mps=mps)
    assert found == find_device(asked)


def test_missing_device_is_told(pretend_torch: PretendTorch) -> None:
    """With those that this machine has."""
    pretend_torch(mps=True)
    with pytest.raises(UsageError, match="no cuda device here; use --device cpu, mps"):
        find_device("cuda")


def test_broken_torch_is_told(pretend_torch: PretendTorch) -> None:
    """One that is there and does not start."""
    pretend_torch("raise OSError('a library is missing')")
    with pytest.raises(KbError, match=r"torch does not start: .*a library is missing"):
        find_device("auto")


def test_interrupt_while_torch_is_asked(
    pretend_torch: PretendTorch, home: Path, tmp_path: Path, deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C then is Ctrl-C, and no fault of torch's."""
    begun = tmp_path / "begun"
    pretend_torch(f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(600)")
    call = [*COMMAND, "run", "61", "--device", "auto", "--deck", str(deck)]
    free = os.environ | {"KB_ISOLATION": "off"}  # to write that it has begun
    with subprocess.Popen(
        call, env=free, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as program:
        deadline = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    assert (130, "", "kb: interrupted; nothing is lost\n") == (program.returncode, out, err)


@pytest.mark.parametrize(("used", "model", "peak"), [(True, "Some GPU", 3.0), (False, "", 0.0)])
def test_what_was_used_is_told(pretend_torch: PretendTorch, used: bool, model: str, peak: float) -> None:
    """A run tells model and memory of the device that its script used, and the processor where it used none."""
    pretend_torch(cuda=True, used=used)
    done = run(block_job("import torch", "script"))
    assert (model or run(block_job("", "script")).device_name, peak) == (done.device_name, done.gpu_peak_mb)


def test_broken_driver_changes_nothing(pretend_torch: PretendTorch) -> None:
    """A device that cannot be asked is not told, and the script has passed."""
    pretend_torch("class cuda:\n    is_available = lambda: 1 / 0\n")
    assert run(block_job("import torch", "script")).passed


def test_torch_version_is_the_installed_one() -> None:
    """Found without importing torch."""
    assert public(torch_version()) == public(version("torch"))
