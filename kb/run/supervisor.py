"""Supervisor: the process between ``kb`` and a script. It starts the script, watches it, and leaves nothing behind.

It is a fork of its caller (of the command line for a cold run, of the worker for a warm one), so one piece of code
contains both. It talks to the caller over a socket: pieces of output as they come, and the result at the end. If the
caller goes away, even by SIGKILL, the socket ends and the supervisor kills everything it started.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

OUT, ERR, END = b"o", b"e", b"r"
"""Kinds of messages to the caller: output, errors, the result."""

HEADER = struct.Struct("!cI")
"""Before each message: its kind, its length in bytes."""

INTERRUPT = b"i"
"""The caller's only word: the user pressed Ctrl-C."""

LINUX = sys.platform == "linux"
TICK = 0.02
"""Seconds between two looks at the clock."""
MEMORY_TICK = 0.05
"""Seconds between two looks at the memory."""
GRACE = (signal.SIGINT, 1.0), (signal.SIGTERM, 0.5), (signal.SIGKILL, 5.0)
"""What an interrupted script gets, and how long it has after each."""
BACKLOG = 1 << 20
"""Bytes that may wait for a slow caller before the script is made to wait too."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


Start = Callable[[dict[str, Any]], NoReturn]
"""Becomes the script: called in the child with its configuration."""


def supervise(connection: socket.socket, job: dict[str, Any], start: Start) -> NoReturn:
    """Run a job to its end in a child of this process, and exit.

    Args:
        connection: to the caller.
        job: the fields of a Job.
        start: what the child does.
    """
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        _prctl(_PR_SET_CHILD_SUBREAPER)
        folder = tempfile.mkdtemp(prefix="kb-run-")
        try:
            result = _Supervisor(connection, job, start, folder).run()
        finally:
            kill_descendants()
            _remove(folder)
        _send_last(connection, result)
    except BaseException as error:
        with contextlib.suppress(OSError, ValueError):
            _send_last(connection, {"trouble": f"{type(error).__name__}: {error}"})
    os._exit(0)


class _Supervisor:
    def __init__(self, connection: socket.socket, job: dict[str, Any], start: Start, folder: str) -> None:
        self.connection = connection
        self.job = job
        self.start = start
        self.folder = folder
        self.report = f"{folder}/report"
        self.nonce = os.urandom(8).hex()
        self.waiting = bytearray()
        self.held = b""
        self.sent = 0
        self.ended_by = ""
        self.peak = 0
        self.looked = 0.0
        self.memory_limit = job["memory_limit"] or int(0.75 * _machine_memory())

    def run(self) -> dict[str, Any]:
        work, scratch = Path(self.folder, "work"), Path(self.folder, "tmp")
        work.mkdir()
        scratch.mkdir()
        path = self.job["path"]
        if self.job["source"] is not None:
            path = str(Path(self.folder, Path(path).name))
            Path(path).write_text(self.job["source"], encoding="utf-8")
        self.out, out_end = os.pipe()
        self.err, err_end = os.pipe()
        config = {
            "path": path,
            "report": self.report,
            "nonce": self.nonce,
            "tagged": out_end,
            "own_lines": self.job["own_lines"],
            "seed": self.job["seed"],
            "threads": self.job["threads"],
            "launcher": self.job["launcher"],
            "processes": self.job["processes"],
            # What the script puts into a temporary folder goes away with the rest.
            "environ": {**self.job["environ"], "KB_DEVICE": self.job["device"], "TMPDIR": str(scratch)},
        }
        self.started = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            self.become_script(str(work), out_end, err_end, config)
        os.close(out_end)
        os.close(err_end)
        for end in (self.out, self.err):
            os.set_blocking(end, False)
        self.connection.setblocking(False)
        status, usage = self.watch()
        seconds = time.monotonic() - self.started
        _signal_group(self.child, signal.SIGKILL)
        kill_descendants()
        self.read_rest()
        self.peak = max(self.peak, usage.ru_maxrss * (1024 if LINUX else 1))
        return {
            "exit_code": os.waitstatus_to_exitcode(status),
            "ended_by": self.ended_by,
            "seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_mb": self.peak / 2**20,
            "reports": self.reports(),
        }

    def become_script(self, work: str, out_end: int, err_end: int, config: dict[str, Any]) -> NoReturn:
        try:
            parent = os.getppid()
            os.setsid()
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)  # the supervisor died before it could be watched
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            self.connection.close()
            os.close(self.out)
            os.close(self.err)
            empty = os.open(os.devnull, os.O_RDONLY)
            os.dup2(empty, 0)
            os.close(empty)
            os.dup2(out_end, 1)
            os.dup2(err_end, 2)
            os.close(err_end)
            os.set_inheritable(out_end, True)
            os.chdir(work)
            os.environ.update(config["environ"])
            self.start(config)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(127)

    def watch(self) -> tuple[int, Any]:
        """Pass output on and enforce the limits until the script's own process has ended."""
        steps: list[tuple[int, float]] = []
        next_step = 0.0
        while True:
            pid, status, usage = os.wait4(self.child, os.WNOHANG)
            if pid:
                return status, usage
            reading: list[Any] = [self.connection]
            if len(self.waiting) < BACKLOG:
                reading += [self.out, self.err]
            writing = [self.connection] if self.waiting else []
            try:
                ready, can_write, _ = select.select(reading, writing, [], TICK)
            except InterruptedError:
                continue
            if can_write:
                self.flush()
            if self.connection in ready:
                word = self.hear()
                if word == b"" and self.ended_by != "gone":
                    self.end("gone")
                elif word == INTERRUPT and not self.ended_by:
                    self.ended_by, steps = "interrupted", list(GRACE)
            for end, kind in ((self.out, OUT), (self.err, ERR)):
                if end in ready:
                    self.pass_on(end, kind)
            now = time.monotonic()
            if steps and now >= next_step:
                number, patience = steps.pop(0)
                _signal_group(self.child, number)
                next_step = now + patience
            if not self.ended_by:
                self.check_limits(now)

    def check_limits(self, now: float) -> None:
        if now - self.started > self.job["timeout"]:
            self.end("timed out")
        elif self.sent > self.job["output_limit"]:
            self.end("too much output")
        elif now - self.looked > MEMORY_TICK:
            self.looked = now
            used = tree_memory(os.getpid())
            self.peak = max(self.peak, used)
            if used > self.memory_limit:
                self.end("out of memory")

    def end(self, why: str) -> None:
        self.ended_by = why
        _signal_group(self.child, signal.SIGKILL)
        kill_descendants(reap=False)

    def hear(self) -> bytes:
        try:
            return self.connection.recv(1)
        except BlockingIOError:
            return b" "
        except OSError:
            return b""

    def pass_on(self, end: int, kind: bytes) -> bool:
        """Take what a pipe holds and put it before the caller; says whether there was anything."""
        try:
            data = os.read(end, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            time.sleep(TICK / 4)  # both ends closed by a script that lives on: do not spin
            return False
        room = self.job["output_limit"] - self.sent
        self.sent += len(data)
        if room <= 0:
            return True
        if kind == ERR:
            self.put(ERR, data[:room])
        else:
            self.demultiplex(data[:room])
        self.flush()
        return True

    def demultiplex(self, data: bytes, last: bool = False) -> None:
        """Tell framed errors from plain output; what may be the beginning of a frame waits for its rest."""
        data = self.held + data
        self.held = b""
        mark = b"\x1e" + self.nonce.encode() + b":"
        while data:
            before, found, after = data.partition(mark)
            if not found:
                keep = 0 if last else _overlap(data, mark)
                self.put(OUT, data[: len(data) - keep])
                self.held = data[len(data) - keep :]
                return
            length, line_feed, rest = after.partition(b"\n")
            if len(length) > 5 or (line_feed and not length.isdigit()):
                self.put(OUT, before + mark)  # the script printed the mark itself
                data = after
                continue
            if last and not line_feed:
                self.put(OUT, data)
                return
            if not last and (not line_feed or len(rest) < int(length)):
                self.put(OUT, before)
                self.held = mark + after
                return
            self.put(OUT, before)
            size = int(length)
            self.put(ERR, rest[:size])
            data = rest[size:]

    def put(self, kind: bytes, data: bytes) -> None:
        if data:
            self.waiting += HEADER.pack(kind, len(data)) + data

    def flush(self) -> None:
        if not self.waiting:
            return
        try:
            count = self.connection.send(self.waiting)
        except BlockingIOError:
            return
        except OSError:
            self.waiting.clear()
            return
        del self.waiting[:count]

    def read_rest(self) -> None:
        for end, kind in ((self.out, OUT), (self.err, ERR)):
            while self.pass_on(end, kind):
                pass
            os.close(end)
        self.demultiplex(b"", last=True)
        self.connection.setblocking(True)
        self.connection.settimeout(30)
        with contextlib.suppress(OSError):
            self.connection.sendall(self.waiting)

    def reports(self) -> list[Any]:
        found = []
        for path in sorted(Path(self.folder).glob("report*")):
            with contextlib.suppress(OSError, ValueError):
                found.append(json.loads(path.read_text(encoding="utf-8")))
        return found


def kill_descendants(reap: bool = True) -> None:
    """SIGKILL everything below this process, whatever session it moved to, until nothing is left.

    Orphans are re-parented to this process, the subreaper, so they are found too.
    """
    for _ in range(200):
        below = descendants(os.getpid())
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not reap:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not below:
            return
        time.sleep(0.002)


def descendants(pid: int) -> list[int]:
    """All processes below one, nearest first."""
    if not LINUX:
        return []  # the process group is all that can be named there, see _signal_group
    found: list[int] = []
    queue = [pid]
    while queue:
        below = _children(queue.pop(0))
        found += below
        queue += below
    return found


def _children(pid: int) -> list[int]:
    below: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                below += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    return below


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # this runs twenty times a second
        return file.read()


def tree_memory(pid: int) -> int:
    """Resident bytes of everything below a process. Pages that several share count for each."""
    total = 0
    for below in descendants(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(_read(f"/proc/{below}/statm").split()[1])
    return total * os.sysconf("SC_PAGE_SIZE")


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _overlap(data: bytes, mark: bytes) -> int:
    """Length of the longest end of ``data`` that is a beginning of ``mark``."""
    for size in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:size]):
            return size
    return 0


def _send_last(connection: socket.socket, result: dict[str, Any]) -> None:
    data = json.dumps(result).encode()
    connection.setblocking(True)
    connection.settimeout(30)
    with contextlib.suppress(OSError):
        connection.sendall(HEADER.pack(END, len(data)) + data)


def _prctl(option: int, value: int = 1) -> None:
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _remove(folder: str) -> None:
    """Remove a folder, also one whose owner took away his own permission."""

    def force(function: Callable[..., Any], path: str, _: Any) -> None:
        with contextlib.suppress(OSError):
            Path(path).parent.chmod(0o700)
            Path(path).chmod(0o700)
            function(path)

    shutil.rmtree(folder, onerror=force)
