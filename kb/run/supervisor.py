"""Supervisor: the process between ``kb`` and a script. It starts the script, watches it, and leaves nothing behind.

A cold run's is a small interpreter of its own, a warm one's is a fork of the worker: neither has ever a second thread,
so it may fork. It talks to the caller over a socket: pieces of output as they come, and the result at the end. If the
caller goes away, even by SIGKILL, the socket ends and the supervisor kills everything it started.
"""

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from kb.run.channel import ERR, FOLDER, GONE, INTERRUPT, OUT, Sender
from kb.run.demultiplexer import Demultiplexer
from kb.run.device import FACTS
from kb.run.folder import SCRATCH, WORK, make_folder, remove_folder
from kb.run.isolation import Isolation, enter
from kb.run.limits import Limits
from kb.run.outcome import Outcome
from kb.run.processes import LINUX, Tree, adopt_orphans, die_with_parent, signal_group, tree_below

TICK = 0.02
"""Seconds between two looks at the clock."""
GRACE = (signal.SIGINT, 1.0), (signal.SIGTERM, 0.5), (signal.SIGKILL, 5.0)
"""What an interrupted script gets, and how long it has after each."""
BACKLOG = 1 << 20
"""Bytes that may wait for a slow caller before the script is made to wait too."""
HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
"""What the supervisor ignores, so that it outlives what it watches, and the script gets back."""
TOLD = "own_lines", "wanted", "forbid", "seed", "threads", "launcher", "processes"
"""Fields of a job that its script's process is told as they are."""

Start = Callable[[dict[str, Any]], NoReturn]
"""Becomes the script: called in the child with its configuration."""


def supervise(
    connection: socket.socket, job: dict[str, Any], parent: str, start: Start, isolation: Isolation
) -> NoReturn:
    """Run a job to its end in a child of this process, and exit.

    Args:
        connection: to the caller.
        job: the fields of a Job.
        parent: the folder in which the run gets one of its own.
        start: what the child does.
        isolation: what the child is to enter before that.
    """
    sender = Sender(connection)
    folder = ""
    try:
        with contextlib.suppress(PermissionError):
            os.setsid()  # refused where it has begun its session already
        for number in HANDLED:
            signal.signal(number, signal.SIG_IGN)
        adopt_orphans()
        tree = tree_below(os.getpid())
        try:
            folder = make_folder(parent)
            sender.put(FOLDER, folder.encode())
            sender.flush()
            one = _Supervisor(sender, job, start, folder, tree, isolation)
            one.prepare()
        except OSError as error:
            result = {"unwritable": f"{error.filename or folder}: {error.strerror}"}
        else:
            result = one.run()
        finally:
            tree.sweep()
            if folder:
                remove_folder(folder)
        sender.end(result)
    except BaseException as error:
        with contextlib.suppress(OSError, ValueError):
            sender.end({"trouble": f"{type(error).__name__}: {error}"})
    os._exit(0)


class _Supervisor:
    def __init__(
        self, sender: Sender, job: dict[str, Any], start: Start, folder: str, tree: Tree, isolation: Isolation
    ) -> None:
        self.sender = sender
        self.job = job
        self.start = start
        self.folder = folder
        self.tree = tree
        self.isolation = isolation
        self.nonce = os.urandom(8).hex()
        self.secret = os.urandom(16)
        self.demultiplexer = Demultiplexer(self.nonce)
        self.taken = 0
        """Bytes of output so far."""
        self.ended_by: Outcome | None = None
        """What cut the script off, if anything did."""
        self.is_alone = False
        """Whether the caller has left."""
        self.limits = Limits(job, tree)

    def prepare(self) -> None:
        """Make what the script finds on the disk; a source that is given is written down for it."""
        for name in (WORK, SCRATCH):
            Path(self.folder, name).mkdir()
        self.path = self.job["path"]
        if self.job["source"] is not None:
            self.path = f"{self.folder}/{self.path.rpartition('/')[2]}"
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(self.job["source"])

    def run(self) -> dict[str, Any]:
        """Run the script to its end, whatever that is."""
        self.out, out_end = os.pipe()
        self.err, err_end = os.pipe()
        self.refused, refused_end = os.pipe()
        config = self.config(out_end)
        self.limits.begin(time.monotonic())
        self.child = os.fork()
        if self.child == 0:
            self.become_script(out_end, err_end, refused_end, config)
        for end in (out_end, err_end, refused_end):
            os.close(end)
        for end in (self.out, self.err):
            os.set_blocking(end, False)
        status, usage = self.watch()
        seconds = time.monotonic() - self.limits.started
        signal_group(self.child, signal.SIGKILL)
        self.tree.sweep()
        self.read_rest()
        refusal = os.read(self.refused, 1 << 12).decode("utf-8", "replace")
        os.close(self.refused)
        if refusal:
            return {"trouble": refusal}
        peak = max(self.limits.peak, usage.ru_maxrss * (1024 if LINUX else 1))
        return {
            "exit_code": os.waitstatus_to_exitcode(status),
            "ended_by": self.ended_by or "",
            "seconds": seconds,
            "cpu_seconds": max(self.limits.computed, usage.ru_utime + usage.ru_stime),
            "has_computed_enough": self.limits.has_computed_enough,
            "peak_mb": peak / 2**20,
            "reports": self.reports(),
        }

    def config(self, tagged: int) -> dict[str, Any]:
        """What the script's process is told."""
        scratch = f"{self.folder}/{SCRATCH}"  # what is put there goes away with the rest
        return {
            "path": self.path,
            "report": f"{self.folder}/report-0",
            "secret": self.secret.hex(),
            "nonce": self.nonce,
            "tagged": tagged,
            "device_facts": FACTS,
            **{name: self.job[name] for name in TOLD},
            "environ": {
                **self.job["environ"],
                **self.isolation.variables(scratch),
                "KB_DEVICE": self.job["device"],
                "TMPDIR": scratch,
            },
        }

    def become_script(self, out_end: int, err_end: int, refused_end: int, config: dict[str, Any]) -> NoReturn:
        parent = os.getppid()
        try:
            enter(self.isolation, [self.folder, *self.job["writable"]], is_talking=self.job["processes"] > 1)
        except BaseException as error:
            os.write(refused_end, f"it cannot be isolated: {error}".encode())
            os._exit(127)
        os.close(refused_end)
        os.close(self.refused)
        try:
            os.setsid()
            die_with_parent()  # not before: a change of its privileges takes that back
            if os.getppid() != parent:
                os._exit(1)  # the supervisor died before it could be watched
            for number in HANDLED:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            self.sender.connection.close()
            os.close(self.out)
            os.close(self.err)
            empty = os.open(os.devnull, os.O_RDONLY)
            os.dup2(empty, 0)
            os.close(empty)
            os.dup2(out_end, 1)
            os.dup2(err_end, 2)
            os.close(err_end)
            os.set_inheritable(out_end, True)
            os.chdir(f"{self.folder}/{WORK}")
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
        caller = self.sender.connection
        while True:
            pid, status, usage = os.wait4(self.child, os.WNOHANG)
            if pid:
                return status, usage
            reading: list[Any] = [caller]
            if len(self.sender.waiting) < BACKLOG:
                reading += [self.out, self.err]
            writing = [caller] if self.sender.waiting else []
            try:
                ready, can_write, _ = select.select(reading, writing, [], TICK)
            except InterruptedError:
                continue
            if can_write:
                self.sender.flush()
            if caller in ready:
                word = self.sender.hear()
                if word == GONE and not self.is_alone:
                    self.is_alone = True
                    self.cut_off(Outcome.INTERRUPTED)
                elif word == INTERRUPT and not self.ended_by:
                    self.ended_by, steps = Outcome.INTERRUPTED, list(GRACE)
            for end, kind in ((self.out, OUT), (self.err, ERR)):
                if end in ready:
                    self.pass_on(end, kind)
            now = time.monotonic()
            if steps and now >= next_step:
                number, patience = steps.pop(0)
                signal_group(self.child, number)
                next_step = now + patience
            if not self.ended_by and (reached := self.limits.reached(now, self.taken)):
                self.cut_off(reached)

    def cut_off(self, why: Outcome) -> None:
        self.ended_by = why
        signal_group(self.child, signal.SIGKILL)
        self.tree.kill()

    def pass_on(self, end: int, kind: bytes) -> bool:
        """Take what a pipe holds and put it before the caller; says whether there was anything."""
        try:
            data = os.read(end, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            time.sleep(TICK / 4)  # both ends closed by a script that lives on: do not spin
            return False
        room = self.job["output_limit"] - self.taken
        self.taken += len(data)
        if room <= 0:
            return True
        self.put(kind, data[:room])
        self.sender.flush()
        return True

    def put(self, kind: bytes, data: bytes, is_last: bool = False) -> None:
        pieces = [(ERR, data)] if kind == ERR else self.demultiplexer.feed(data, is_last)
        for stream, piece in pieces:
            self.sender.put(stream, piece)

    def read_rest(self) -> None:
        for end, kind in ((self.out, OUT), (self.err, ERR)):
            while self.pass_on(end, kind):
                pass
            os.close(end)
        self.put(OUT, b"", is_last=True)
        self.sender.flush()

    def reports(self) -> list[Any]:
        """What the harness wrote, of each rank; what is not signed by this run's secret is not its word."""
        import hashlib  # deferred: 3 ms that the script need not wait for

        found: dict[int, Any] = {}
        for rank in range(self.job["processes"]):
            with contextlib.suppress(OSError, ValueError), open(f"{self.folder}/report-{rank}", "rb") as file:
                signature, _, data = file.read().partition(b"\n")
                if signature == hashlib.blake2b(data, key=self.secret).hexdigest().encode():
                    report = json.loads(data)
                    found.setdefault(report["rank"], report)
        return [found[rank] for rank in sorted(found)]
