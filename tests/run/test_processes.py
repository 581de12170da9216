"""Trees of processes: found, weighed and ended, by /proc and by psutil alike."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from kb.run import supervisor
from kb.run.cold_supervisor import become_python
from kb.run.folder import find_temporary_folder
from kb.run.isolation import Isolation
from kb.run.job import Job
from kb.run.outcome import Outcome
from kb.run.processes import LINUX, ProcTree, PsutilTree, Tree
from kb.run.runner import block_job, run
from kb.run.supervisor import supervise
from tests.run.test_runner import TORTURE, leftovers

KINDS = [ProcTree, PsutilTree] if LINUX else [PsutilTree]

FAMILY = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        filled = bytearray(50_000_000)
        print(os.getppid(), os.getpid(), flush=True)
    time.sleep(600)
sys.stdin.read()
"""
"""A child in a session of its own, a grandchild that holds 50 MB; ends itself when its input does."""


class Family:
    """Three generations below this test."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.child, self.grandchild = map(int, self.process.stdout.readline().split())

    @property
    def numbers(self) -> set[int]:
        """All three."""
        return {self.process.pid, self.child, self.grandchild}

    def leave(self) -> None:
        """End the eldest; the others are orphans then, and hold its output open."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


def lives(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def family() -> Iterator[Family]:
    """A family; none of it outlives the test."""
    one = Family()
    yield one
    for pid in one.numbers:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)
    one.leave()


@pytest.mark.parametrize("kind", KINDS)
def test_tree_is_found_and_weighed(kind: type[Tree], family: Family) -> None:
    """Whatever session they moved to, with the memory of all."""
    tree = kind(os.getpid())
    assert family.numbers <= set(tree.below())
    assert 50_000_000 < tree.memory()
    assert kind(family.process.pid).memory() < 500_000_000  # nothing else of this process's is weighed
    assert family.numbers - {family.process.pid} == set(kind(family.process.pid).below())


@pytest.mark.parametrize("kind", KINDS)
def test_sweep_leaves_nothing(kind: type[Tree], family: Family) -> None:
    """Children and grandchildren are gone when it returns."""
    kind(family.process.pid).sweep()
    assert [lives(family.child), lives(family.grandchild)] == [False, False]


def test_orphans_are_remembered(family: Family) -> None:
    """Without a subreaper they are below nobody; who was seen there once is found again, and ended."""
    tree = PsutilTree(family.process.pid)
    assert {family.child, family.grandchild} == set(tree.below())
    family.leave()
    assert {family.child, family.grandchild} == set(tree.below())
    tree.sweep()
    deadline = time.monotonic() + 30
    while lives(family.child) or lives(family.grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert tree.below() == []


def test_root_that_is_gone_has_nothing_below(family: Family) -> None:
    """No error: it may have ended between two looks."""
    family.leave()
    for kind in KINDS:
        assert ([], 0) == (kind(family.process.pid).below(), kind(family.process.pid).memory())


@pytest.mark.parametrize(
    "name",
    [
        "endless loop",
        "grandchildren in sessions of their own",
        "allocates without end",
        "takes its own permissions",
        "kills itself",
    ],
)
def test_runs_are_contained_by_psutil(name: str, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no /proc the same scripts come to the same ends."""
    monkeypatch.setattr(supervisor, "tree_below", PsutilTree)
    code, expected = TORTURE[name]
    timeout = 1.0 if expected is Outcome.TIMED_OUT else 60.0
    job = block_job(code, "script", needs_checks=True, timeout=timeout, memory_limit=400_000_000)
    before = leftovers()
    with Forked() as forked:
        assert expected is run(job, worker=forked).outcome
    assert leftovers() - before == set()


class Forked:
    """Starts supervisors as forks of this process, which have what a test has changed in it."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def connect(self, job: Job) -> socket.socket:
        """A socket to the job's supervisor."""
        ours, theirs = socket.socketpair()
        if (pid := os.fork()) == 0:
            ours.close()
            supervise(theirs, asdict(job), find_temporary_folder(), become_python, Isolation())
        self.numbers.append(pid)
        theirs.close()
        return ours

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.numbers:
            os.waitpid(pid, 0)


COMPUTING = """
import os, sys, time
if os.fork() == 0:
    while time.process_time() < 0.3:
        pass
    os._exit(0)
os.wait()
while time.process_time() < 0.3:
    pass
print("computed", flush=True)
sys.stdin.read()
"""
"""Computes for 0.6 s, half of it in a child that has ended."""


@pytest.mark.parametrize("kind", KINDS)
def test_computing_is_counted(kind: type[Tree]) -> None:
    """That of all processes below, also of those that have ended meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-c", COMPUTING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        tree = kind(os.getpid())
        assert process.stdout is not None
        watching = threading.Event()
        seen = [tree.cpu_seconds()]

        def watch() -> None:
            while not watching.wait(0.01):
                seen.append(tree.cpu_seconds())

        thread = threading.Thread(target=watch)
        thread.start()
        assert process.stdout.readline() == "computed\n"
        watching.set()
        thread.join()
        computed = tree.cpu_seconds()
        process.communicate("")
    assert 0.5 < computed - seen[0] < 5
    assert seen == sorted(seen)
