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
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from kb.run.job import Job
from kb.run.supervisor import LINUX, supervise

READY, STALE = b"y", b"n"
"""The worker's first byte to a client: it takes the job, or it cannot."""

LENGTH = struct.Struct("!I")

TELLING = ("OMP_", "MKL_", "KMP_", "ATEN_", "TORCH", "PYTORCH_", "CUDA_", "HIP_", "LD_", "PYTHON")
"""Beginnings of the variables that count at import: a worker started under others is not the same torch."""

ROOT = str(Path(__file__).parents[2])

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
            data = json.dumps({"stop": True}).encode()
            connection.sendall(LENGTH.pack(len(data)) + data)
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
        """End the worker, at once also while it is still importing torch. Jobs end when their callers hang up."""
        if self._lifeline is not None:
            self._lifeline.close()
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            shutil.rmtree(self._folder, ignore_errors=True)

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
        begin = f"import sys; sys.path.insert(0, {ROOT!r}); from kb.run.worker import serve; sys.path.pop(0); "
        line = -1 if lifeline is None else lifeline.fileno()
        call = f"serve({listener.fileno()}, {line}, {minutes!r}, {preload!r})"
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
    watched = [listener_fd] if lifeline_fd < 0 else [listener_fd, lifeline_fd]
    patience = 60 * minutes if minutes else float("inf")
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        ready, _, _ = select.select(watched, [], [], 1.0)
        if lifeline_fd in ready:
            break  # its other end is closed: the owner has gone
        if listener_fd in ready:
            connection, _ = listener.accept()
            with connection:
                goes_on = _take(connection, own_stamp, is_fit=_thread_count() <= threads)
            threads = min(threads, _thread_count())
            until = time.monotonic() + patience
            if not goes_on:
                break
    # The owner may be gone without a word: whoever leaves last takes the folder along.
    with contextlib.suppress(OSError):
        address = Path(listener.getsockname())
        address.unlink()
        address.parent.rmdir()
    os._exit(0)


def _take(connection: socket.socket, own_stamp: str, is_fit: bool) -> bool:
    """Answer one client; says whether the worker goes on afterwards."""
    connection.settimeout(5)
    try:
        size = LENGTH.unpack(_receive(connection, LENGTH.size))[0]
        request = json.loads(_receive(connection, size))
        if request.get("stop"):
            connection.sendall(STALE)
            return False
        if not is_fit or request["stamp"] != own_stamp:
            connection.sendall(STALE)
            # Another Python or torch was installed meanwhile: nobody will ever fit again.
            return is_fit and json.loads(request["stamp"])[:3] == json.loads(own_stamp)[:3]
        connection.sendall(READY)
    except (OSError, ValueError, struct.error):
        return True
    pid = os.fork()
    if pid == 0:
        environ = request["environ"]

        def start(config: dict[str, Any]) -> NoReturn:
            become_script(config, environ)

        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        supervise(connection, request["job"], start)
    return True


def become_script(config: dict[str, Any], environ: dict[str, str]) -> NoReturn:
    """Run the script in this fork as a fresh interpreter would."""
    import atexit
    import random

    from kb.run.harness import run_script

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
    if config["launcher"] == "torchrun":
        config = become_rank(config)
    status = run_script(config)
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    finally:
        for name in ("stdout", "stderr"):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                getattr(sys, name).flush()
        os._exit(status)


def become_rank(config: dict[str, Any]) -> dict[str, Any]:
    """What torchrun does, by forks: one process a rank, with the variables that it sets.

    Returns in the ranks, with the configuration of each. This process waits for them; the first that fails takes
    the others with it.
    """
    count = config["processes"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ.update(
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        WORLD_SIZE=str(count),
        LOCAL_WORLD_SIZE=str(count),
        GROUP_RANK="0",
    )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    ranks: dict[int, int] = {}
    for rank in range(count):
        pid = os.fork()
        if pid == 0:
            os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
            if torch := sys.modules.get("torch"):
                torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
            return {**config, "rank": rank, "report": f"{config['report']}-{rank}"}
        ranks[pid] = rank
    status = 0
    while ranks:
        pid, ended = os.wait()
        rank = ranks.pop(pid)
        if ended and not status:
            status = 1
            print(
                f"rank {rank} ended with {os.waitstatus_to_exitcode(ended)}; the others are ended too", file=sys.stderr
            )
            time.sleep(0.5)  # their own messages may be on the way
            for other in ranks:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other, signal.SIGTERM)
    sys.stderr.flush()
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
