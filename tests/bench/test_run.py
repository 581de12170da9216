"""Running: what kb adds to a cold run, what a warm worker saves, and how long a whole verification takes.

Medians of interleaved runs. Run with ``python -m pytest -m bench tests/bench``.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.deck.library import Library
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import COMMAND, CONTENT, ROOT, SNIPPET, write_entry

pytestmark = pytest.mark.bench

TRIVIAL = SNIPPET.replace("import os\n", "import os\n\nimport torch\n", 1) + "assert torch.ones(2).sum() == 2\n"


def environment(home: Path) -> dict[str, str]:
    """A home of its own, bytecode on."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environ | {"KB_HOME": str(home), "PYTHONPATH": str(ROOT)}


def seconds(call: list[str], environ: dict[str, str], cwd: Path) -> float:
    """How long a process takes."""
    started = time.perf_counter()
    subprocess.run(call, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, cwd=cwd)
    return time.perf_counter() - started


def test_cold_run_costs_little_more_than_python(tmp_path: Path) -> None:
    """kb run 61 against python snippet.py."""
    environ = environment(tmp_path / "home")
    ours = [*COMMAND, "run", "61"]
    plain = [sys.executable, str(CONTENT / "061-multi-task-heads" / "snippet.py")]
    seconds(ours, environ, tmp_path)
    times = [(seconds(ours, environ, tmp_path), seconds(plain, environ, tmp_path)) for _ in range(7)]
    ratio = statistics.median(one for one, _ in times) / statistics.median(other for _, other in times)
    print(f"\ncold kb run: {ratio:.3f} times python snippet.py")
    assert ratio <= 1.05


def test_warm_run_is_eight_times_faster(deck: Path, tmp_path: Path) -> None:
    """kb run of a trivial torch snippet on a kept worker against python snippet.py."""
    write_entry(deck, snippet=TRIVIAL)
    environ = environment(tmp_path / "home") | {"KB_DECK": str(deck)}
    subprocess.run([*COMMAND, "warm"], env=environ, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        ours = [*COMMAND, "run", "61"]
        plain = [sys.executable, str(deck / "061-mean" / "snippet.py")]
        for _ in range(2):
            seconds(ours, environ, tmp_path)
        times = [(seconds(ours, environ, tmp_path), seconds(plain, environ, tmp_path)) for _ in range(9)]
    finally:
        subprocess.run([*COMMAND, "warm", "--stop"], env=environ, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    warm, cold = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"\nwarm kb run: {1000 * warm:.0f} ms, python: {1000 * cold:.0f} ms, {cold / warm:.1f} times faster")
    assert cold / warm >= 8
    assert warm <= 0.2


def test_mutants_of_a_snippet_take_little_more_than_its_runs(tmp_path: Path) -> None:
    """kb verify --mutants all of an entry with a training: a mutant takes about as long as the snippet, warm."""
    import json

    environ = environment(tmp_path / "home")
    ours = [*COMMAND, "verify", "61", "--mutants", "all", "--jobs", "2", "--json"]
    begun = time.perf_counter()
    done = subprocess.run(ours, env=environ, cwd=tmp_path, capture_output=True, check=False, text=True)
    whole = time.perf_counter() - begun
    results = json.loads(done.stdout)["results"]
    (alone,) = [one for path in (tmp_path / "home/cache/mutants").glob("*.jsonl") for one in _reached(path)]
    each = 2 * whole / len(results)
    print(
        f"\n{len(results)} mutants in {whole:.0f} s: {each:.2f} s of a core for each, the snippet alone {alone:.2f} s"
    )
    assert each <= 1.5 * alone + 0.2
    assert whole <= 120
    begun = time.perf_counter()
    subprocess.run(ours, env=environ, cwd=tmp_path, capture_output=True, check=False, text=True)
    again = time.perf_counter() - begun
    print(f"known: {again:.2f} s")
    assert again <= 3


def _reached(path: Path) -> list[float]:
    """Seconds of the runs that looked for what is reached, in a ledger of mutants."""
    import json

    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row["seconds"] for row in rows if "places" in row]


def test_two_hundred_tortures_leave_nothing() -> None:
    """The whole torture set over and over, eight at once: each has its outcome, no process and no folder is left."""
    from concurrent.futures import ThreadPoolExecutor

    from kb.run.outcome import Outcome
    from kb.run.processes import tree_below
    from kb.run.runner import run
    from tests.run.test_runner import TORTURE, job, leftovers

    before = set(leftovers())
    names = (list(TORTURE) * 10)[:200]

    def outcome(name: str) -> Outcome:
        timeout = 2.0 if TORTURE[name][1] is Outcome.TIMED_OUT else 60.0
        return run(job(TORTURE[name][0], timeout=timeout)).outcome

    started = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(outcome, names))
    print(f"\n{len(names)} tortures in {time.perf_counter() - started:.0f} s")
    assert [TORTURE[name][1] for name in names] == found
    assert tree_below(os.getpid()).below() == []
    assert set(leftovers()) - before == set()


def test_verification_is_four_times_faster_than_a_loop(tmp_path: Path) -> None:
    """kb verify --jobs 2 against a shell loop of python over the very same scripts."""
    environ = environment(tmp_path / "home")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    library = Library.open(CONTENT, None, all_kinds)
    entry = library.entry(63)
    from kb.verify.tasks import tasks_of

    for at, task in enumerate(tasks_of(entry, KINDS)):
        source = task.job.source if task.job.source is not None else Path(task.job.path).read_text(encoding="utf-8")
        (scripts / f"{at:03}.py").write_text(source, encoding="utf-8")
    loop = ["bash", "-c", f"for script in {scripts}/*.py; do {sys.executable} $script; done; true"]
    ours = [*COMMAND, "verify", "63", "--jobs", "2"]
    seconds(ours, environ, tmp_path)
    times = [(seconds(ours, environ, tmp_path), seconds(loop, environ, tmp_path)) for _ in range(3)]
    fast, slow = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"\nverify: {fast:.1f} s, loop: {slow:.1f} s, {slow / fast:.1f} times faster")
    assert slow / fast >= 4
