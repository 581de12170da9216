"""Scripts run by plain Python, one after the other, without the time that importing torch takes each of them.

A process that knows nothing of kb imports torch and forks for each script; the fork runs it as ``python -I script.py``
would, to the interpreter's own end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

FORKER = """
import json, os, runpy, sys
import torch

for line in sys.stdin:
    path, folder, out, err = json.loads(line)
    pid = os.fork()
    if not pid:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
else:
    sys.exit()
for descriptor, name in enumerate((os.devnull, out, err)):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), descriptor)
os.chdir(folder)
sys.argv = [path]
runpy.run_path(path, run_name="__main__")
"""


class Ended(NamedTuple):
    """How a script ended."""

    code: int
    stderr: str


def clean_environ() -> dict[str, str]:
    """The environment without anything that is for kb or for Python; threads that wait let others work meanwhile."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KB_", "PYTHON", "COVERAGE"))}
    return environ | {"OMP_WAIT_POLICY": "PASSIVE"}


def run_cold(path: str, folder: Path) -> Ended:
    """Run a script in a folder, by an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-I", path], capture_output=True, text=True, cwd=folder, env=clean_environ(), check=False
    )
    return Ended(done.returncode, done.stderr)


class PlainPython:
    """An interpreter that has torch imported and forks for each script."""

    def __enter__(self) -> "PlainPython":
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", FORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environ(),
        )
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.communicate()

    def run(self, path: str, folder: Path, notes: Path) -> Ended:
        """Run a script in a folder; what it prints goes to files in another."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        out, err = notes / "stdout", notes / "stderr"
        self.process.stdin.write(json.dumps([path, str(folder), str(out), str(err)]) + "\n")
        self.process.stdin.flush()
        return Ended(int(self.process.stdout.readline()), err.read_text(encoding="utf-8"))
