"""Worker: a process that has torch imported and forks for every job, as its clients see it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from kb.errors import KbError
from kb.run.cold import ROOT
from kb.run.folder import find_temporary_folder, make_folder, remove_folder
from kb.run.handover import READY, TELLING, send_request, stamp
from kb.run.job import Job
from kb.run.lock import Lock, clear_address, is_held, lock_path, read_holder
from kb.run.processes import wait_passively

PRELOADED = ("torch", "torch._dynamo", "torch.testing", "numpy")
"""``torch._dynamo`` because the first optimizer of a process imports it, which takes 1.1 s."""

PATIENCE = 10.0
"""Seconds that a worker which is ready has to answer, before a cold run takes its place."""
LOADING = 120.0
"""Seconds that it has to import torch."""
ENDING = 10.0
"""Seconds that a killed worker has to be gone."""


class Worker:
    """A warm worker as its clients see it.

    Starting it returns at once; torch loads behind. A job that comes before it is ready waits for it.
    """

    def __init__(self, address: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.address = address
        self._process = process
        self._lifeline: socket.socket | None = None

    @property
    def folder(self) -> Path:
        """Its own: nobody else may enter."""
        return self.address.parent

    @property
    def lock(self) -> Path:
        """What it holds while it lives."""
        return lock_path(self.address)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid if self._process else read_holder(self.lock)[0]

    @classmethod
    def start(cls, preload: tuple[str, ...] = PRELOADED, environ: Mapping[str, str] | None = None) -> "Worker":
        """Start a worker of this process's own; it ends when this process does.

        Args:
            preload: modules that it imports before the first job.
            environ: variables that it has on top of this process's.

        Raises:
            KbError: its folder cannot be made, or Python does not start.
        """
        parent = find_temporary_folder()
        try:
            worker = cls(Path(make_folder(parent, "kb-worker-"), "socket"))
        except OSError as error:
            raise KbError(
                "{path}: {reason}", "set TMPDIR to a folder that can be written", path=parent, reason=error.strerror
            ) from None
        try:
            worker._lifeline, theirs = socket.socketpair()
            with theirs:
                worker._spawn(theirs, 0, preload, environ or {})
        except BaseException as error:
            worker.close()
            if isinstance(error, OSError):
                raise KbError(
                    "no worker starts: {reason}", "see that Python is still there", reason=error.strerror
                ) from None
            raise
        return worker

    @classmethod
    def keep(cls, address: Path, minutes: float) -> "Worker":
        """Start a worker for other processes of this user, unless there is one; it ends after so many minutes without
        a job.

        Raises:
            OSError: its folder cannot be made, or is not this user's own.
        """
        worker = cls(address)
        worker.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(worker.folder):
            raise PermissionError(13, "belongs to somebody else or is open to others", str(worker.folder))
        worker._spawn(None, minutes, PRELOADED, {})
        return worker

    @classmethod
    def kept(cls, address: Path) -> "Worker | None":
        """The worker that another process keeps, if there is one that only this user can have made."""
        return cls(address) if address.parent.is_dir() and _is_private(address.parent) else None

    def is_there(self) -> bool:
        """Whether it lives."""
        return is_held(self.lock)

    def stop(self) -> None:
        """End a kept worker, whatever state it is in; it and its socket are gone when this returns. Jobs that are under
        way go on: their callers wait for them."""
        until = time.monotonic() + ENDING
        while is_held(self.lock) and time.monotonic() < until:
            if pid := self.pid:  # it writes it down as the first thing it does
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        if (lock := Lock.take(self.lock)) is not None:
            clear_address(self.address)
            lock.let_go()

    def connect(self, job: Job) -> socket.socket | None:
        """Hand over a job; None if the worker cannot take it, and a cold run must do."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(self.address))
            environ = dict(os.environ)
            request = {"stamp": stamp(environ | job.environ), "environ": environ, "job": asdict(job)}
            send_request(connection, {**request, "folder": find_temporary_folder()})
            if self._answer(connection) == READY:
                connection.settimeout(None)
                return connection
        except OSError:
            pass
        connection.close()
        return None

    def _answer(self, connection: socket.socket) -> bytes:
        """The worker's first word. One that imports torch is waited for as long as it lives; one that has, not long:
        it may have been stopped."""
        connection.settimeout(0.5)
        loaded_at = begun = time.monotonic()
        while (now := time.monotonic()) - begun < LOADING and now - loaded_at < PATIENCE:
            try:
                return connection.recv(1)
            except TimeoutError:
                if not is_held(self.lock):
                    break
                if not read_holder(self.lock)[1]:
                    loaded_at = time.monotonic()
        return b""

    def close(self) -> None:
        """End the worker, at once also while it is still importing torch. Jobs end when their callers hang up."""
        if self._lifeline is not None:
            self._lifeline.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._lifeline is not None:
            remove_folder(str(self.folder))

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(
        self, lifeline: socket.socket | None, minutes: float, preload: tuple[str, ...], environ: Mapping[str, str]
    ) -> None:
        """Start the worker's process, which holds the lock from its first moment; nothing if another holds it. Without
        a lifeline it outlives its starter.

        Not by os.fork(), as other threads of this process may be importing: their locks would be held for ever.
        """
        if (lock := Lock.take(self.lock)) is None:
            return
        variables = {**os.environ, **environ}
        variables["KB_WORKER_STAMP"] = stamp(variables)
        wait_passively(variables)
        begin = f"import sys; sys.path.insert(0, {ROOT!r}); from kb.run.worker_server import serve; sys.path.pop(0); "
        try:
            with _listening(self.address) as listener:
                kept = [listener.fileno(), lock.descriptor, *([lifeline.fileno()] if lifeline else [])]
                call = f"serve({str(self.address)!r}, {kept!r}, {minutes!r}, {preload!r})"
                process = subprocess.Popen(
                    [sys.executable, "-P", "-X", "faulthandler", "-c", begin + call],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=kept,
                    cwd="/",
                    env=variables,
                    start_new_session=True,
                )
        except BaseException:
            clear_address(self.address)
            raise
        finally:
            lock.let_go()
        if lifeline is None:
            process.wait()  # it has left the work to a child that belongs to nobody
        else:
            self._process = process


def _listening(address: Path) -> socket.socket:
    address.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(address))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


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
