"""Worker's server: the process itself, from its import of torch to the fork that becomes a script.

It runs no operation and touches no GPU itself: after an operation on more than 32,768 elements OpenMP's pool of
threads exists here and not in the children, and their first parallel operation would hang. It compares its number of
threads with the one after the import before every fork, and gives up if there are more.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from kb.run.handover import READY, STALE, is_same_torch, receive_request
from kb.run.isolation import Isolation, find_isolation
from kb.run.lock import Lock, clear_address, lock_path
from kb.run.processes import thread_count, wait_passively
from kb.run.supervisor import supervise

PATIENCE = 2.0
"""Seconds that a client has to say what it wants: fewer than the next one waits."""


def serve(address: str, kept: list[int], minutes: float, preload: tuple[str, ...]) -> NoReturn:
    """The worker's own loop: import torch, then fork for every job until the owner or the time has gone.

    Args:
        address: of its socket.
        kept: descriptors of the listening socket and of the lock; with an owner also of the line to it.
        minutes: after so many without a job it ends; 0 for never.
        preload: modules to import.
    """
    import importlib

    if len(kept) == 2 and os.fork():
        os._exit(0)  # who starts a worker for others need not stay
    for descriptor in kept:
        os.set_inheritable(descriptor, False)
    lock = Lock(lock_path(Path(address)), kept[1])
    lock.write(f"{os.getpid()} ")
    own_stamp = os.environ.pop("KB_WORKER_STAMP")
    isolation = find_isolation(os.path.dirname(address), os.environ)  # noqa: PTH120 now, as long as forks are cheap
    for name in preload:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    listener = socket.socket(fileno=kept[0])
    threads = _settled_thread_count()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    lock.write(f"{os.getpid()} ready")
    lifelines = kept[2:]
    patience = 60 * minutes if minutes else float("inf")
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        ready, _, _ = select.select([kept[0], *lifelines], [], [], 1.0)
        if any(one in ready for one in lifelines):
            break  # its other end is closed: the owner has gone
        if kept[0] in ready:
            connection, _ = listener.accept()
            with connection:
                goes_on = _take(connection, own_stamp, kept, isolation, is_fit=thread_count() <= threads)
            threads = min(threads, thread_count())
            until = time.monotonic() + patience
            if not goes_on:
                break
    # The owner may be gone without a word: whoever leaves last takes the folder along.
    clear_address(Path(address))
    os._exit(0)


def _take(connection: socket.socket, own_stamp: str, kept: list[int], isolation: Isolation, is_fit: bool) -> bool:
    """Answer one client; says whether the worker goes on afterwards."""
    connection.settimeout(PATIENCE)
    try:
        request = receive_request(connection)
        if not is_fit or request["stamp"] != own_stamp:
            connection.sendall(STALE)
            # Another Python or torch was installed meanwhile: nobody will ever fit again.
            return is_fit and is_same_torch(request["stamp"], own_stamp)
        connection.sendall(READY)
    except (OSError, ValueError):
        return True
    pid = os.fork()
    if pid == 0:
        for descriptor in kept:
            os.close(descriptor)  # a job that outlives the worker neither holds its lock nor keeps its clients waiting
        environ = request["environ"]

        def start(config: dict[str, Any]) -> NoReturn:
            become_script(config, environ)

        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        supervise(connection, request["job"], request["folder"], start, isolation)
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
    wait_passively(os.environ)
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
            report = str(Path(config["report"]).with_name(f"report-{rank}"))
            os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
            if torch := sys.modules.get("torch"):
                torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
            return {**config, "rank": rank, "report": report}
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


def _settled_thread_count() -> int:
    """How many threads there are once those that only helped to import have ended."""
    for _ in range(100):
        if thread_count() == 1:
            break
        time.sleep(0.005)
    return thread_count()
