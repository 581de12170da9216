"""The warm worker: the same result as a cold run, and it steps aside when it is not fit."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kb.run.handover import STALE, TELLING, send_request, stamp
from kb.run.job import Job
from kb.run.lock import read_holder
from kb.run.outcome import Outcome
from kb.run.runner import block_job, run
from kb.run.worker import PRELOADED, Worker
from tests.conftest import ROOT


@pytest.fixture(scope="module", autouse=True)
def own_variables() -> Iterator[None]:
    """Nothing in the caller's surroundings says how many threads torch may use."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(TELLING) and not name.startswith("PYTHON"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def worker(own_variables: None) -> Iterator[Worker]:
    """One worker for the whole file."""
    with Worker.start() as one:
        yield one


def job(code: str, **changes: object) -> Job:
    """A block that passes without a check."""
    return block_job(code, "script", **changes)  # type: ignore[arg-type]


SAME = {
    "names": "import os, sys\nprint(__name__, os.path.basename(__file__), len(sys.argv), os.listdir('.'))",
    "seeded": "import torch\ntorch.manual_seed(0)\nprint(torch.randn(3), torch.rand(2, 2))",
    "training": (
        "import torch\ntorch.manual_seed(0)\nnet = torch.nn.LSTM(4, 8)\nopt = torch.optim.Adam(net.parameters())\n"
        "for _ in range(3):\n    loss = net(torch.randn(5, 2, 4))[0].square().mean()\n    opt.zero_grad()\n"
        "    loss.backward()\n    opt.step()\n    print(loss.item())"
    ),
    "large operation": "import torch\nprint(torch.ones(1000, 1000).matmul(torch.ones(1000, 1000)).sum().item())",
    "threads": "import torch\nprint(torch.get_num_threads())",
    "atexit": "import atexit\natexit.register(print, 'one')\natexit.register(print, 'two')",
    "threads that end later": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()\n"
        "print('main')"
    ),
    "exit code": "raise SystemExit(3)",
    "exit text": "raise SystemExit('why')",
    "error": "def f():\n    raise KeyError('x')\nf()",
    "stdin": "print(repr(open(0).read()))",
    "loader": (
        "import torch\nfrom torch.utils.data import DataLoader\nif __name__ == '__main__':\n"
        "    for method in ('fork', 'spawn'):\n"
        "        loader = DataLoader(torch.arange(6), 2, num_workers=2, multiprocessing_context=method)\n"
        "        print([one.tolist() for one in loader])"
    ),
}


def own_words(stderr: str) -> str:
    """Without the folder's chance name, and without what multiprocessing's own helper says after the script's end on
    a busy machine: whether it gets to say it is a race in plain Python too."""
    without = re.sub(r".*resource_tracker.*\n(  warnings\.warn.*\n)?", "", stderr)
    return re.sub(r"/kb-run-\w+", "", without)


@pytest.mark.parametrize("name", SAME)
def test_warm_is_cold(worker: Worker, name: str) -> None:
    """Output, exit code and outcome are those of a fresh interpreter."""
    warm, cold = run(job(SAME[name]), worker=worker), run(job(SAME[name]))
    assert (warm.warm, cold.warm) == (True, False)
    assert (cold.outcome, cold.exit_code, cold.stdout) == (warm.outcome, warm.exit_code, warm.stdout)
    assert own_words(cold.stderr) == own_words(warm.stderr)


def test_missing_seed_shows(worker: Worker) -> None:
    """Two jobs without a seed draw different numbers: the fork's copied generators would hide that it is missing."""
    code = "import random, torch\nprint(torch.randn(2).tolist(), random.random())"
    assert run(job(code), worker=worker).stdout != run(job(code), worker=worker).stdout


def test_environment_is_the_callers(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set after the worker's start reaches the script."""
    monkeypatch.setenv("KB_TEST_VARIABLE", "later")
    assert (
        run(job("import os\nprint(os.environ['KB_TEST_VARIABLE'], os.environ['KB_DEVICE'])"), worker=worker).stdout
        == "later cpu\n"
    )


def test_changed_environment_makes_it_step_aside(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another OMP_NUM_THREADS the warm torch is not the one that a fresh process would have."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = run(job("import torch\nprint(torch.get_num_threads())"), worker=worker)
    assert (done.warm, done.stdout) == (False, "1\n")


def test_limits_hold_in_a_warm_run(worker: Worker) -> None:
    """Time, memory and output are limited as in a cold one."""
    assert Outcome.TIMED_OUT is run(job("while True: pass", timeout=1.0), worker=worker).outcome
    assert Outcome.TOO_MUCH_OUTPUT is run(job("while True: print('x' * 999)"), worker=worker).outcome
    greedy = job("x = []\nwhile True: x.append(bytearray(10_000_000))", memory_limit=700_000_000)
    assert Outcome.OUT_OF_MEMORY is run(greedy, worker=worker).outcome
    assert Outcome.PASSED is run(job("print(1)"), worker=worker).outcome


POISON = """
import pathlib
import signal
import torch

def take(*_):
    torch.ones(1000, 1000).matmul(torch.ones(1000, 1000))
    pathlib.Path(__file__).with_name("taken").touch()

signal.signal(signal.SIGUSR1, take)
"""


def test_poisoned_worker_steps_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker in which a large operation ran takes no job: its children could hang in theirs."""
    (tmp_path / "poison.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "import torch\nprint(torch.ones(200_000).sum().item())"
    with Worker.start((*PRELOADED, "poison")) as poisoned:
        assert run(job(code), worker=poisoned).warm
        os.kill(poisoned.pid, signal.SIGUSR1)
        deadline = time.monotonic() + 60
        while not (tmp_path / "taken").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        done = run(job(code), worker=poisoned)
    assert (done.warm, done.stdout) == (False, "200000.0\n")


def test_it_ends_with_its_owner() -> None:
    """Closed or killed, the worker's process and folder are gone."""
    one = Worker.start()
    run(job("print(1)"), worker=one)
    pid, folder = one.pid, Path(one.folder)
    one.close()
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_nothing_is_left_when_its_owner_is_killed() -> None:
    """SIGKILL of the owner: the worker notices, and takes its folder along."""
    code = "from kb.run.worker import Worker\nw = Worker.start()\nprint(w.pid, w.folder, flush=True)\ninput()"
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() or Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_another_torch_ends_it() -> None:
    """A client with another torch or Python is turned away, and the worker, which fits nobody any more, ends."""
    with Worker.start() as one:
        assert run(job("print(1)"), worker=one).warm
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(one.address))
            request = {"stamp": json.dumps(["3.99", "python", "torch", []]), "environ": {}, "job": {}}
            send_request(client, request)
            assert client.recv(1) == STALE
        os.waitpid(one.pid, 0)
        assert not run(job("print(1)"), worker=one).warm


def test_stamp_tells_pythons_and_torches_apart() -> None:
    """Another variable that counts at import is another stamp; one that does not is the same."""
    assert stamp({"A": "1"}) == stamp({})
    assert stamp({"OMP_NUM_THREADS": "1"}) != stamp({})


def processes_at(address: Path) -> list[int]:
    """The workers of an address."""
    found = []
    for one in psutil.process_iter(["cmdline", "status"]):
        words = one.info["cmdline"] or []
        if one.info["status"] != psutil.STATUS_ZOMBIE and any(f"serve({str(address)!r}" in word for word in words):
            found.append(one.pid)
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a sign."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def kept(temporary: Path) -> Iterator[Worker]:
    """A worker that is kept for others, with torch imported."""
    one = Worker.keep(temporary / "kept" / "worker", minutes=5)
    assert run(job("print(1)"), worker=one).warm
    yield one
    with suppress(ProcessLookupError):
        os.kill(one.pid, signal.SIGCONT)
    one.stop()


def test_one_worker_an_address(temporary: Path) -> None:
    """Several that are started at once are one, and no other removes its socket."""
    address = temporary / "kept" / "worker"
    with ThreadPoolExecutor(6) as pool:
        workers = list(pool.map(lambda _: Worker.keep(address, minutes=5), range(6)))
    try:
        assert run(job("print(1)"), worker=workers[0]).warm
        wait_until(lambda: processes_at(address) == [workers[0].pid])  # the job's own process is a fork of it
        again = Worker.keep(address, minutes=0.001)
        assert (True, workers[0].pid) == (run(job("print(1)"), worker=again).warm, again.pid)
    finally:
        workers[0].stop()
    wait_until(lambda: processes_at(address) == [])
    assert not address.parent.exists()


def test_what_a_killed_worker_left_is_cleaned_up_at_once(kept: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for; another can be kept at its address, too."""
    os.kill(kept.pid, signal.SIGKILL)
    wait_until(lambda: not kept.is_there())
    assert not run(job("print(1)"), worker=kept).warm
    again = Worker.keep(kept.address, minutes=5)
    assert run(job("print(1)"), worker=again).warm
    os.kill(again.pid, signal.SIGKILL)
    wait_until(lambda: not again.is_there())

    def sleep(seconds: float) -> None:
        raise AssertionError

    monkeypatch.setattr("kb.run.worker.time.sleep", sleep)
    kept.stop()
    assert not kept.folder.exists()


def test_stopped_worker_is_passed_by_and_can_be_ended(kept: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGSTOP: it takes connections and never answers."""
    monkeypatch.setattr("kb.run.worker.PATIENCE", 0.2)
    os.kill(kept.pid, signal.SIGSTOP)
    assert not run(job("print(1)"), worker=kept).warm
    kept.stop()
    assert [False, False] == [kept.is_there(), kept.folder.exists()]


def test_worker_killed_during_a_job_of_another(kept: Worker, temporary: Path) -> None:
    """That job goes on; the next one finds nobody at the address, and runs cold."""
    begun, ended = temporary / "begun", temporary / "ended"
    code = (
        f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\n"
        f"while not pathlib.Path({str(ended)!r}).exists():\n    time.sleep(0.01)\nprint('whole')"
    )
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: run(job(code, writable=(str(temporary),)), worker=kept))
        wait_until(begun.exists)
        os.kill(kept.pid, signal.SIGKILL)
        wait_until(lambda: not kept.is_there())
        assert not run(job("print(1)"), worker=kept).warm
        ended.touch()
        assert (True, "whole\n") == (other.result().warm, other.result().stdout)


def test_job_that_comes_while_torch_is_loading_waits(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the worker lives, and longer than for one that is ready."""
    (temporary / "slow.py").write_text(
        "import pathlib, time\nwhile not pathlib.Path(__file__).with_name('go').exists():\n    time.sleep(0.01)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(temporary))
    monkeypatch.setattr("kb.run.worker.PATIENCE", 0.2)
    looks = []

    def counted(path: Path) -> tuple[int, bool]:
        looks.append(path)
        if len(looks) == 3:  # by now a worker that is ready would have been given up
            monkeypatch.setattr("kb.run.worker.PATIENCE", 60.0)
            (temporary / "go").touch()
        return read_holder(path)

    monkeypatch.setattr("kb.run.worker.read_holder", counted)
    with Worker.start(("slow",)) as one:
        assert run(job("print(1)"), worker=one).warm
    assert len(looks) >= 3


def test_worker_that_dies_while_loading_is_not_waited_for(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is a cold one then."""
    (temporary / "deadly.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setenv("PYTHONPATH", str(temporary))
    with Worker.start(("deadly",)) as one:
        assert not run(job("print(1)"), worker=one).warm


def test_one_environment_has_one_stamp() -> None:
    """However its Python was called, and whoever asks; another environment's differs."""
    code = "import os; from kb.run.handover import stamp; print(stamp({}))"
    folder = Path(sys.executable).parent
    names = [path for path in folder.glob("python*") if os.access(path, os.X_OK) and "-config" not in path.name]
    stamps = {subprocess.check_output([path, "-c", code], cwd=ROOT, text=True) for path in names}
    assert len(names) > 1
    assert len(stamps) == 1


def test_two_environments_have_two_stamps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each has modules of its own."""
    before = stamp({})
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert before != stamp({})


PASSIVE = "import os, sys\nsys.stdout.write(os.environ.get('OMP_WAIT_POLICY', 'nothing') + ' ')"


@pytest.mark.parametrize("policy", ["PASSIVE", "ACTIVE"])
def test_waiting_threads_are_passive_however_a_run_is_started(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    """Cold, warm, and by the two launchers; unless the user wants it otherwise."""
    if policy != "PASSIVE":
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
    for given, of in (("", 1), ("torchrun", 2)):
        for started in (None, worker):
            done = run(job(PASSIVE, launcher=given, processes=of), worker=started)
            assert ([policy] * of, given) == (done.stdout.split(), given), done.stderr
    with open(f"/proc/{worker.pid}/environ", encoding="utf-8") as file:
        assert "OMP_WAIT_POLICY=PASSIVE" in file.read()


def test_nothing_is_forked_where_other_threads_may_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork would inherit the lock of an import under way, held by nobody, and hang where no limit ends it."""

    def fork() -> int:
        raise AssertionError

    monkeypatch.setattr(os, "fork", fork)
    assert run(job("print(1)")).passed
    with Worker.start(()) as one:
        assert run(job("print(1)"), worker=one).warm


def test_no_job_imports_torch_again(worker: Worker) -> None:
    """What takes a second and more in a cold run is there before the script's first line."""
    done = run(job("import sys\nprint([name in sys.modules for name in ('torch', 'torch._dynamo')])"), worker=worker)
    assert (True, "[True, True]\n") == (done.warm, done.stdout)
