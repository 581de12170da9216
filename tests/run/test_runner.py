"""The runner: what counts as passed, what ends a run, and that nothing is left of it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.run.folder import find_temporary_folder
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.processes import tree_below
from kb.run.runner import block_job, run
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("temporary")

TORTURE = {
    "endless loop": ("while True: pass", Outcome.TIMED_OUT),
    "ignores SIGTERM": ("import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: pass", Outcome.TIMED_OUT),
    "grandchildren in sessions of their own": (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n"
        "        time.sleep(600)\nassert 1",
        Outcome.PASSED,
    ),
    "endless output": ("while True: print('x' * 1000)", Outcome.TOO_MUCH_OUTPUT),
    "no line feed": ("import sys\nsys.stdout.write('x' * 100_000_000)\nassert 1", Outcome.TOO_MUCH_OUTPUT),
    "allocates without end": ("x = []\nwhile True: x.append(bytearray(10_000_000))", Outcome.OUT_OF_MEMORY),
    "segmentation fault": ("import ctypes\nctypes.string_at(0)", Outcome.KILLED),
    "os._exit(0)": ("import os\nassert 1\nos._exit(0)", Outcome.FAILED),
    "os._exit(3)": ("import os\nassert 1\nos._exit(3)", Outcome.FAILED),
    "sys.exit()": ("import sys\nassert 1\nsys.exit()", Outcome.FAILED),
    "sys.exit with a text": ("import sys\nsys.exit('text')", Outcome.FAILED),
    "closed stdout": ("import os\nos.close(1)\nos.close(2)\nassert 1", Outcome.PASSED),
    "deep recursion": ("def f(): f()\nf()", Outcome.FAILED),
    "daemon thread that prints": (
        "import threading\ndef f():\n    while True: print('x')\n"
        "threading.Thread(target=f, daemon=True).start()\nassert 1",
        Outcome.PASSED,
    ),
    "reads stdin": ("import sys\nassert sys.stdin.read() == ''", Outcome.PASSED),
    "deletes its working folder": ("import os, shutil\nshutil.rmtree(os.getcwd())\nassert 1", Outcome.PASSED),
    "takes its own permissions": (
        "import os\nos.mkdir('x')\nos.chmod('x', 0)\nos.chmod('.', 0)\nassert 1",
        Outcome.PASSED,
    ),
    "invalid UTF-8": ("import sys\nsys.stdout.buffer.write(b'\\xff\\xfe')\nassert 1", Outcome.PASSED),
    "syntax error": ("x = (", Outcome.FAILED),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", Outcome.KILLED),
}


def job(code: str, **changes: object) -> Job:
    """A block with limits that a test can wait for."""
    values: dict[str, object] = {"needs_checks": True, "timeout": 5.0, "memory_limit": 400_000_000}
    return block_job(code, "script", **(values | changes))  # type: ignore[arg-type]


def leftovers() -> set[str]:
    """Folders of runs that are still there, and processes below this one: another test's may be among them."""
    folders = (path.name for path in Path(find_temporary_folder()).glob("kb-run-*"))
    return {*folders, *map(str, tree_below(os.getpid()).below())}


def tortured(name: str) -> Run:
    """A torture's run; only one that never ends has to be quick."""
    code, expected = TORTURE[name]
    return run(job(code, timeout=1.0 if expected is Outcome.TIMED_OUT else 60.0))


@pytest.mark.parametrize("name", TORTURE)
def test_torture(name: str) -> None:
    """Whatever a script does, it has an outcome, and nothing of it is left."""
    expected = TORTURE[name][1]
    before = leftovers()
    assert (expected, name) == (tortured(name).outcome, name)
    assert leftovers() - before == set()


@pytest.mark.usefixtures("not_isolated")
def test_nothing_is_left_where_the_supervisor_is_killed() -> None:
    """By a script that nothing isolates, or by a system that runs out of memory: the caller tells it, and removes the
    folder."""
    before = leftovers()
    code = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)"
    done = run(job(code, timeout=60.0))
    assert (Outcome.FAILED, False) == (done.outcome, done.is_own_doing)
    assert done.reason == "the run could not be supervised: the supervisor is gone"
    assert leftovers() - before == set()


def test_eight_tortures_at_once() -> None:
    """Runs beside each other do not touch each other."""
    names = [name for name, (_, outcome) in TORTURE.items() if outcome is not Outcome.OUT_OF_MEMORY][:16]
    before = leftovers()
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(tortured, names))
    assert {name: TORTURE[name][1] for name in names} == {
        name: one.outcome for name, one in zip(names, runs, strict=True)
    }
    assert leftovers() - before == set()


def test_order_of_the_two_streams_is_kept() -> None:
    """stdout and stderr arrive as they were written, line by line."""
    code = "import sys\nfor i in range(200):\n    print(i)\n    print('e', i, file=sys.stderr)\nassert 1"
    pieces: list[tuple[str, str]] = []
    done = run(job(code), on_output=lambda stream, text: pieces.append((stream, text)))
    assert Outcome.PASSED is done.outcome
    assert "".join(f"{i}\n" for i in range(200)) == done.stdout
    assert "".join(f"e {i}\n" for i in range(200)) == done.stderr
    assert "".join(f"{i}\ne {i}\n" for i in range(200)) == "".join(text for _, text in pieces)


def test_output_streams_while_it_runs(tmp_path: Path) -> None:
    """A line is passed on when it is printed, not at the end: the script goes on only when its first line was seen."""
    seen = tmp_path / "seen"
    code = (
        f"import os, time\nprint('one')\nwhile not os.path.exists({str(seen)!r}):\n    time.sleep(0.01)\n"
        "print('two')\nassert 1"
    )
    done = run(job(code, timeout=60.0), on_output=lambda *_: seen.touch())
    assert (Outcome.PASSED, "one\ntwo\n") == (done.outcome, done.stdout)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print(1)", "no check was executed"),
        ("if False:\n    assert 1", "no check was executed"),
        ("assert 1\nraise SystemExit", "it left before its last statement"),
        ("assert 1\nraise SystemExit(0)", "it left before its last statement"),
        ("x = 2\nassert x == 3, 'two is not three'", "line 2: AssertionError: two is not three"),
        ("def f():\n    raise ValueError('inside')\nf()", "line 2: ValueError: inside"),
    ],
)
def test_reason(code: str, reason: str) -> None:
    """What did not pass says why."""
    done = run(job(code))
    assert Outcome.FAILED is done.outcome
    assert reason in done.reason


def test_failed_assert_tells_its_values() -> None:
    """Message, line and the values that took part; the traceback holds nothing of the harness."""
    done = run(job("left = [1, 2]\nright = 3\nassert len(left) == right, 'lengths'\n"))
    assert done.failure is not None
    assert (done.failure.type, done.failure.message, done.failure.line) == ("AssertionError", "lengths", 3)
    assert done.failure.values == {"left": "[1, 2]", "right": "3"}
    assert "harness" not in done.stderr
    assert "assert len(left) == right" in done.stderr


def test_script_sees_what_plain_python_gives_it(tmp_path: Path) -> None:
    """Name, file, arguments, line of a traceback, atexit, exit code: as with ``python script.py``."""
    code = (
        "import atexit, os, sys\natexit.register(lambda: print('bye'))\n"
        "print(__name__, os.path.basename(__file__), [os.path.basename(a) for a in sys.argv], len(sys.argv))\n"
        "print(__doc__, __builtins__ is not None, sys.modules['__main__'].__dict__ is globals())\n"
        "print(sys.stdin.read() == '', os.listdir('.'))\n"
        "assert True\n"
    )
    script = tmp_path / "script.py"
    script.write_text('"""Doc."""\n' + code)
    work = tmp_path / "work"
    work.mkdir()
    plain = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=work, check=True
    )
    ours = run(job('"""Doc."""\n' + code))
    assert (plain.stdout, plain.stderr) == (ours.stdout, ours.stderr)


def test_module_named_like_the_standard_library_is_not_picked_up() -> None:
    """The working folder is empty and not on the path."""
    done = run(job("import os\nopen('random.py', 'w').write('1/0')\nimport random\nassert random.random() < 1"))
    assert Outcome.PASSED is done.outcome, done.stderr


def test_warnings_are_part_of_the_result() -> None:
    """What the script's own lines raise is noted with its line."""
    done = run(job("import warnings\nwarnings.warn('old', DeprecationWarning)\nwarnings.warn('odd')\nassert 1"))
    assert [(one.category, one.file, one.line, one.deprecation) for one in done.warnings] == [
        ("DeprecationWarning", "snippet", 2, True),
        ("UserWarning", "snippet", 3, False),
    ]


def test_checks_are_counted_outside_of_the_learners_lines() -> None:
    """An assert of the learner's own proves nothing."""
    code = "x = 1\nassert x\nassert x == 1\n"
    assert frozenset({0, 1}) == run(job(code)).executed
    assert frozenset({0}) == run(job(code, own_lines=(2, 2))).executed
    assert Outcome.FAILED is run(job("x = 1\nassert x\n", own_lines=(2, 2))).outcome


def test_memory_counts_children() -> None:
    """Memory of the whole tree, not of one process alone: none of these holds as much as all may."""
    code = (
        "import os, time\nfor _ in range(2):\n    if os.fork() == 0:\n        x = bytearray(60_000_000)\n"
        "        time.sleep(600)\ntime.sleep(600)"
    )
    done = run(job(code, memory_limit=115_000_000, timeout=60.0))
    assert Outcome.OUT_OF_MEMORY is done.outcome
    assert done.peak_mb > 109


def running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="process numbers are read from /proc")
def test_nothing_survives_sigkill_of_the_caller(tmp_path: Path) -> None:
    """Even if kb itself is killed, the script, its children and its folder go."""
    note = tmp_path / "pids"
    script = (
        "import os, time\nchild = os.fork()\nif child == 0:\n    os.setsid()\n    time.sleep(600)\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child}} {{os.getcwd()}}')\ntime.sleep(600)\n"
    )
    lines = f"run(block_job({script!r}, 'script', writable=({str(tmp_path)!r},)))"
    caller = f"from kb.run.runner import block_job, run\n{lines}\n"
    process = subprocess.Popen([sys.executable, "-c", caller], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not (note.exists() and len(note.read_text().split()) == 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one, two, folder = note.read_text().split()
    assert running(int(one))
    assert running(int(two))
    process.kill()
    process.wait()
    while running(int(one)) or running(int(two)) or Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_interrupt_ends_the_script_and_says_so() -> None:
    """Ctrl-C in the caller reaches the script; its own handling is given time."""
    script = "import time\ntry:\n    print('begun')\n    time.sleep(600)\nfinally:\n    print('cleaned up')\n"
    caller = (
        # Whoever runs the tests behind a shell has Ctrl-C ignored, and so would this process.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from kb.run.runner import block_job, run\n"
        f"done = run(block_job({script!r}, 'script'), on_output=lambda s, t: print(t, end='', flush=True))\n"
        "print('OUTCOME', done.outcome)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", caller], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(timeout=30) == 0
    assert "cleaned up" in rest
    assert "OUTCOME interrupted" in rest


def test_runs_are_values() -> None:
    """A Run can be compared and printed; its JSON holds what the contract names."""
    done: Run = run(job("assert 1"))
    needed = {"outcome", "exit_code", "seconds", "peak_mb", "device", "torch", "stdout", "stderr"}
    assert needed <= done.to_json().keys()
