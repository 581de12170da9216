"""Worker: a process that has torch imported and forks for every job, as its clients see it."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from kb.run.handover import READY, TELLING, send_request, stamp
from kb.run.job import Job

ROOT = str(Path(__file__).parents[2])

PRELOADED = ("torch", "torch._dynamo", "torch.testing", "numpy")
"""``torch._dynamo`` because the first optimizer of a process imports it, which takes 1.1 s."""


class Worker:
    """A warm worker as its clients see it.

    Starting it returns at once; torch loads behind. A job that comes before it is ready waits for it.
    """

    def __init__(self, address: str, lifeline: socket.socket | None, folder: str, pid: int) -> None:
        self.address = address
        self._lifeline = lifeline
        self.folder = folder
        self.pid = pid

    @classmethod
    def start(cls, preload: tuple[str, ...] = PRELOADED, environ: Mapping[str, str] | None = None) -> "Worker":
        """Start a worker of this process's own; it ends when this process does.

        Args:
            preload: modules that it imports before the first job.
            environ: variables that it has on top of this process's.
        """
        folder = tempfile.mkdtemp(prefix="kb-worker-")  # mkdtemp: nobody else may enter
        address = str(Path(folder, "socket"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        ours, theirs = socket.socketpair()
        pid = _spawn(listener, theirs, 0, preload, environ or {})
        listener.close()
        theirs.close()
        return cls(address, ours, folder, pid)

    @classmethod
    def keep(cls, address: Path, minutes: float) -> "Worker":
        """Start a worker for other processes of this user; it ends after so many minutes without a job.

        Raises:
            OSError: the socket cannot be made.
        """
        folder = address.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            raise PermissionError(13, "belongs to somebody else or is open to others", str(folder))
        address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        listener.listen(64)
        _spawn(listener, None, minutes, PRELOADED, {})
        listener.close()
        return cls(str(address), None, str(folder), 0)

    @classmethod
    def kept(cls, address: Path) -> "Worker | None":
        """The worker that another process keeps, if there is one that only this user can have made."""
        if address.is_socket() and _is_private(address.parent):
            return cls(str(address), None, str(address.parent), 0)
        return None

    def is_there(self) -> bool:
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(self.address)
            except OSError:
                return False
        return True

    def stop(self) -> None:
        """End a kept worker; it and its socket are gone when this returns, or a minute has passed."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.address)
            send_request(connection, {"stop": True})
            connection.settimeout(60)  # one that is still importing torch answers late
            connection.recv(1)
        until = time.monotonic() + 10
        while Path(self.address).exists() and time.monotonic() < until:
            time.sleep(0.01)

    def connect(self, job: Job) -> socket.socket | None:
        """Hand over a job; None if the worker cannot take it, and a cold run must do."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.address)
            environ = dict(os.environ)
            send_request(connection, {"stamp": stamp(environ | job.environ), "environ": environ, "job": asdict(job)})
            if connection.recv(1) == READY:
                return connection
        except OSError:
            pass
        connection.close()
        return None

    def close(self) -> None:
        """End the worker, at once also while it is still importing torch. Jobs end when their callers hang up."""
        if self._lifeline is not None:
            self._lifeline.close()
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_private(folder: Path) -> bool:
    """Whether a folder is this user's own and nobody else may enter it."""
    try:
        facts = folder.stat(follow_symlinks=False)
    except OSError:
        return False
    return facts.st_uid == os.getuid() and not facts.st_mode & 0o077


class Workers:
    """Workers of this process's own, one for each set of variables that must be there before torch is imported."""

    def __init__(self) -> None:
        self._workers: dict[tuple[tuple[str, str], ...], Worker] = {}
        self._lock = threading.Lock()

    def connect(self, job: Job) -> socket.socket | None:
        """Hand a job to the worker that has its variables; started if it is the first of its kind."""
        key = tuple(sorted((name, value) for name, value in job.environ.items() if name.startswith(TELLING)))
        with self._lock:
            if key not in self._workers:
                self._workers[key] = Worker.start(environ=dict(key))
        return self._workers[key].connect(job)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()


def _spawn(
    listener: socket.socket,
    lifeline: socket.socket | None,
    minutes: float,
    preload: tuple[str, ...],
    environ: Mapping[str, str],
) -> int:
    """Start the worker's process; returns its number. Without a lifeline it outlives its starter."""
    pid = os.fork()
    if pid:
        if lifeline is None:
            os.waitpid(pid, 0)
        return pid
    try:
        os.setsid()
        if lifeline is None and os.fork():
            os._exit(0)  # the grandchild belongs to nobody
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        os.chdir("/")
        for kept in (listener, lifeline):
            if kept is not None:
                os.set_inheritable(kept.fileno(), True)
        os.environ.update(environ)
        os.environ["KB_WORKER_STAMP"] = stamp(dict(os.environ))
        # Threads that wait must not spin: with two busy neighbours a step takes 100 ms instead of 290.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        begin = f"import sys; sys.path.insert(0, {ROOT!r}); from kb.run.worker_server import serve; sys.path.pop(0); "
        line = -1 if lifeline is None else lifeline.fileno()
        call = f"serve({listener.fileno()}, {line}, {minutes!r}, {preload!r})"
        os.execve(sys.executable, [sys.executable, "-P", "-X", "faulthandler", "-c", begin + call], os.environ)  # noqa: S606
    finally:
        os._exit(1)
