"""Start-up: every command that runs no torch answers about as fast as an empty typer program starts.

Medians of interleaved runs in one environment, bytecode on, of two figures: what a user waits, and the CPU time of the
process (user and system), which other processes on the machine disturb far less. What is started is the installed
``kb``, as users start it; ``python -m kb`` where there is none, which takes a millisecond less or more.
Run with ``python -m pytest -m bench -s tests/bench/test_start.py``.
"""

import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import COMMAND, ROOT

pytestmark = pytest.mark.bench

ROUNDS = 40

EMPTY = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str = "x"):
    print("hello", name)
@app.command()
def bye(name: str):
    print("bye", name)
app()
"""

LIMITS = {
    ("search", "lstm"): 0.95,
    ("search", "梯度消失"): 1.0,
    ("search", "lstm", "--limit", "3"): 1.25,
    ("show", "62"): 1.2,
    ("list",): 1.2,
    ("--help",): 1.2,
}
"""How many times as long as the empty program a command may take. Plain words to search for need no parser, which is
most of what the empty program loads; traditional characters are what Chinese costs more."""


class Taken(NamedTuple):
    """What one run took."""

    wall: float
    """Seconds until it ended."""
    cpu: float
    """Seconds of CPU, its own and the system's."""


def installed() -> list[str]:
    """The command that users start."""
    script = Path(sys.executable).with_name("kb")
    return [str(script)] if script.exists() else list(COMMAND)


def run(call: list[str], environ: dict[str, str]) -> Taken:
    """Start a program, its output thrown away, and wait for it."""
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    started = time.perf_counter()
    process = os.posix_spawn(call[0], call, environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    wall = time.perf_counter() - started
    assert status == 0, call
    return Taken(wall, used.ru_utime + used.ru_stime)


def medians_of(calls: dict[str, list[str]], environ: dict[str, str], rounds: int = ROUNDS) -> dict[str, Taken]:
    """What each call takes, run in turns."""
    taken: dict[str, list[Taken]] = {name: [] for name in calls}
    for round_ in range(rounds + 2):
        for name, call in calls.items():
            one = run(call, environ)
            if round_ >= 2:  # the first rounds compile modules and fill the cache
                taken[name].append(one)
    return {name: Taken(*map(statistics.median, zip(*values, strict=True))) for name, values in taken.items()}


def test_commands_start_about_as_fast_as_an_empty_program(tmp_path: Path) -> None:
    """search, show, list and --help against a two-command typer program, each within its limit, by both figures."""
    program = tmp_path / "empty.py"
    program.write_text(EMPTY)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"KB_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    calls = {"typer": [sys.executable, str(program), "hello"]}
    calls |= {" ".join(arguments): [*installed(), *arguments] for arguments in LIMITS}
    medians = medians_of(calls, environ)
    empty = medians["typer"]
    ratios = {name: Taken(one.wall / empty.wall, one.cpu / empty.cpu) for name, one in medians.items()}
    print(f"\n{' '.join(installed())}")
    for name, one in medians.items():
        print(
            f"{name:24} {1000 * one.wall:6.1f} ms {ratios[name].wall:.2f}x   "
            f"{1000 * one.cpu:6.1f} ms of CPU {ratios[name].cpu:.2f}x"
        )
    late = {arguments for arguments, limit in LIMITS.items() if max(ratios[" ".join(arguments)]) > limit}
    assert not late, ratios
