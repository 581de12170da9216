"""Worker: a process that has torch imported and forks for every job.

It runs no operation and touches no GPU itself: after an operation on more than 32,768 elements OpenMP's pool of
threads exists here and not in the children, and their first parallel operation would hang. It compares its number of
threads with the one after the import before every fork, and gives up if there are more.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from kb.job import Job
from kb.supervise import LINUX, supervise

READY, STALE = b"y", b"n"
"""The worker's first byte to a client: it takes the job, or it cannot."""

LENGTH = struct.Struct("!I")

TELLING = ("OMP_", "MKL_", "KMP_", "ATEN_", "TORCH", "PYTORCH_", "CUDA_", "HIP_", "LD_", "PYTHON")
"""Beginnings of the variables that count at import: a worker started under others is not the same torch."""

ROOT = str(Path(__file__).parent.parent)

PRELOADED = ("torch", "torch._dynamo", "torch.testing", "numpy")
"""``torch._dynamo`` because the first optimizer of a process imports it, which takes 1.1 s."""


def stamp(environ: dict[str, str]) -> str:
    """What must be the same in client and worker for a warm run to be the same as a cold one."""
    telling = sorted(f"{key}={value}" for key, value in environ.items() if key.startswith(TELLING))
    return json.dumps([sys.version, sys.executable, _torch_stamp(), telling])


def _torch_stamp() -> str:
    """Changes with the installed torch, without importing it."""
    for folder in sys.path:
        file = Path(folder, "torch", "version.py")
        with contextlib.suppress(OSError):
            return f"{file}:{file.stat().st_mtime_ns}"
    return ""


class Worker:
    """A warm worker as its clients see it.

    Starting it returns at once; torch loads behind. A job that comes before it is ready waits for it.
    """

    def __init__(self, address: str, lifeline: socket.socket | None, folder: str, pid: int) -> None:
        self.address = address
        self._lifeline = lifeline
        self._folder = folder
        self._pid = pid

    @classmethod
    def start(cls, preload: tuple[str, ...] = PRELOADED) -> "Worker":
        """Start a worker of this process's own; it ends when this process does.

        Args:
            preload: modules that it imports before the first job.
        """
        folder = tempfile.mkdtemp(prefix="kb-worker-")  # mkdtemp: nobody else may enter
        address = str(Path(folder, "socket"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        ours, theirs = socket.socketpair()
        pid = _spawn(listener, theirs, 0, preload)
        listener.close()
        theirs.close()
        return cls(address, ours, folder, pid)

    def connect(self, job: Job) -> socket.socket | None:
        """Hand over a job; None if the worker cannot take it, and a cold run must do."""
        if job.launcher:
            return None  # torchrun starts interpreters of its own
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.address)
            data = json.dumps(
                {"stamp": stamp(dict(os.environ) | job.environ), "environ": dict(os.environ), "job": asdict(job)}
            ).encode()
            connection.sendall(LENGTH.pack(len(data)) + data)
            if connection.recv(1) == READY:
                return connection
        except OSError:
            pass
        connection.close()
        return None

    def close(self) -> None:
        """End the worker and what it runs."""
        if self._lifeline is not None:
            self._lifeline.close()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _spawn(listener: socket.socket, lifeline: socket.socket, minutes: float, preload: tuple[str, ...]) -> int:
    """Start the worker's process; returns its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        for kept in (listener, lifeline):
            os.set_inheritable(kept.fileno(), True)
        os.environ["KB_WORKER_STAMP"] = stamp(dict(os.environ))
        # Threads that wait must not spin: with two busy neighbours a step takes 100 ms instead of 290.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        begin = f"import sys; sys.path.insert(0, {ROOT!r}); from kb.worker import serve; sys.path.pop(0); "
        call = f"serve({listener.fileno()}, {lifeline.fileno()}, {minutes!r}, {preload!r})"
        os.execve(sys.executable, [sys.executable, "-P", "-X", "faulthandler", "-c", begin + call], os.environ)  # noqa: S606
    finally:
        os._exit(1)


def serve(listener_fd: int, lifeline_fd: int, minutes: float, preload: tuple[str, ...]) -> NoReturn:
    """The worker's own loop: import torch, then fork for every job until the owner or the time has gone."""
    import importlib

    own_stamp = os.environ.pop("KB_WORKER_STAMP")
    for name in preload:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    listener = socket.socket(fileno=listener_fd)
    threads = _settled_thread_count()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    until = time.monotonic() + 60 * minutes if minutes else float("inf")
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        ready, _, _ = select.select([listener_fd, lifeline_fd], [], [], 1.0)
        if lifeline_fd in ready:
            break  # its other end is closed: the owner has gone
        if listener_fd in ready:
            connection, _ = listener.accept()
            with connection:
                _take(connection, own_stamp, is_fit=_thread_count() <= threads)
                threads = min(threads, _thread_count())
    os._exit(0)


def _take(connection: socket.socket, own_stamp: str, is_fit: bool) -> None:
    connection.settimeout(5)
    try:
        size = LENGTH.unpack(_receive(connection, LENGTH.size))[0]
        request = json.loads(_receive(connection, size))
        if not is_fit or request["stamp"] != own_stamp:
            connection.sendall(STALE)
            return
        connection.sendall(READY)
    except (OSError, ValueError, struct.error):
        return
    pid = os.fork()
    if pid == 0:
        environ = request["environ"]

        def start(config: dict[str, Any]) -> NoReturn:
            become_script(config, environ)

        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        supervise(connection, request["job"], start)


def become_script(config: dict[str, Any], environ: dict[str, str]) -> NoReturn:
    """Run the script in this fork as a fresh interpreter would."""
    import atexit
    import random
    import threading

    from kb.harness import run_script

    tagged = config["tagged"]
    os.closerange(3, tagged)
    os.closerange(tagged + 1, 65536)
    os.environ.clear()
    os.environ.update(environ)
    os.environ.update(config["environ"])
    tempfile.tempdir = None  # asked for before the fork, it would be remembered
    # The worker's own handlers are not the script's.
    atexit._clear()
    # Forks share the generators' state; without seeds of its own a script would be "reproducible" by accident.
    random.seed()
    if torch := sys.modules.get("torch"):
        torch.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    status = run_script(config)
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    finally:
        for name in ("stdout", "stderr"):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                getattr(sys, name).flush()
        os._exit(status)


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("the client has gone")
        data += piece
    return data


def _settled_thread_count() -> int:
    """How many threads there are once those that only helped to import have ended."""
    for _ in range(100):
        if _thread_count() == 1:
            break
        time.sleep(0.005)
    return _thread_count()


def _thread_count() -> int:
    if LINUX:
        return len(os.listdir("/proc/self/task"))
    import threading

    return threading.active_count()
