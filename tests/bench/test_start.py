"""Start-up: every command that runs no torch answers about as fast as an empty typer program starts.

Medians of interleaved runs in one environment, bytecode on. Run with ``python -m pytest -m bench tests/bench``.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import COMMAND, ROOT

pytestmark = pytest.mark.bench

ROUNDS = 15
LIMIT = 1.5
"""A command may take so many times as long as the empty program."""

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

CALLS = {
    "search": ("search", "lstm"),
    "show": ("show", "62"),
    "list": ("list",),
    "help": ("--help",),
}


def test_commands_start_about_as_fast_as_an_empty_program(tmp_path: Path) -> None:
    """search, show, list and --help against a two-command typer program."""
    program = tmp_path / "empty.py"
    program.write_text(EMPTY)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"KB_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    calls: dict[str, list[str]] = {"typer": [sys.executable, str(program), "hello"]}
    calls |= {name: [*COMMAND, *arguments] for name, arguments in CALLS.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(ROUNDS + 2):
        for name, call in calls.items():
            started = time.perf_counter()
            subprocess.run(call, env=environ, stdout=subprocess.DEVNULL, check=True, cwd=tmp_path)
            if round_ >= 2:  # the first rounds compile modules and fill the cache
                times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratios = {name: medians[name] / medians["typer"] for name in CALLS}
    print("\n" + "\n".join(f"{name:8} {1000 * medians[name]:6.0f} ms  {ratio:.2f}x" for name, ratio in ratios.items()))
    print(f"typer    {1000 * medians['typer']:6.0f} ms")
    assert all(ratio <= LIMIT for ratio in ratios.values()), ratios
