"""Processes: everything that lives below one, its memory, and how nothing of it stays.

On Linux the tree is read from /proc by hand, elsewhere by psutil. psutil could do both, but it looks at all processes
of the machine to find those below one: 1.2 ms a look among 90, 5 ms among 400, where the kernel's own lists of
children take 0.1 ms. At twenty looks a second a cold ``kb run 61`` among 400 took 2 % longer and 9 % more CPU.
"""

import contextlib
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

LINUX = sys.platform == "linux"

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Tree(ABC):
    """The processes below one."""

    def __init__(self, root: int) -> None:
        self.root = root

    @abstractmethod
    def below(self) -> list[int]:
        """Their numbers, the root's not among them."""

    @abstractmethod
    def memory(self) -> int:
        """Resident bytes of them all. Pages that several share count for each."""

    @abstractmethod
    def cpu_seconds(self) -> float:
        """Time that they have computed, on all cores, with those that have ended."""

    def kill(self) -> bool:
        """SIGKILL to each; says whether there was any."""
        below = self.below()
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return bool(below)

    def sweep(self) -> None:
        """Kill, whatever session they moved to, until nothing is left; the children of this process are reaped."""
        for _ in range(200):
            is_any = self.kill()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not is_any:
                return
            time.sleep(0.002)


class ProcTree(Tree):
    """Read from /proc."""

    def below(self) -> list[int]:
        found: list[int] = []
        queue = [self.root]
        while queue:
            children = _children(queue.pop(0))
            found += children
            queue += children
        return found

    def memory(self) -> int:
        pages = 0
        for pid in self.below():
            with contextlib.suppress(OSError, ValueError, IndexError):
                pages += int(_read(f"/proc/{pid}/statm").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.below():
            with contextlib.suppress(OSError, ValueError):
                # The name in brackets may hold anything. Then: its own time in two parts, and that of those it reaped.
                fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    return found


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # this runs twenty times a second
        return file.read()


class PsutilTree(Tree):
    """Read by psutil, and remembered: where there is no subreaper, an orphan is below the root no more.

    psutil knows a process by its number and the time of its start, so that none is taken for one that had its number
    before it.
    """

    def __init__(self, root: int) -> None:
        # Deferred: 8 ms, and Linux does without.
        import psutil

        super().__init__(root)
        self._psutil = psutil
        self._seen: set[psutil.Process] = set()
        self._computed: dict[psutil.Process, float] = {}

    def below(self) -> list[int]:
        with contextlib.suppress(self._psutil.Error):
            self._seen |= set(self._psutil.Process(self.root).children(recursive=True))
        self._seen = {one for one in self._seen if self._lives(one)}
        return [one.pid for one in self._seen]

    def memory(self) -> int:
        self.below()
        total = 0
        for one in self._seen:
            with contextlib.suppress(self._psutil.Error):
                total += one.memory_info().rss
        return total

    def cpu_seconds(self) -> float:
        self.below()
        for one in self._seen:
            with contextlib.suppress(self._psutil.Error):
                times = one.cpu_times()
                self._computed[one] = times.user + times.system
        return sum(self._computed.values())

    def _lives(self, one: "psutil.Process") -> bool:
        try:
            return bool(one.is_running() and one.status() != self._psutil.STATUS_ZOMBIE)
        except self._psutil.Error:
            return False


def tree_below(root: int) -> Tree:
    """The tree of a process, read the way this system allows."""
    return ProcTree(root) if LINUX else PsutilTree(root)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def adopt_orphans() -> None:
    """From now on a process below this one whose parent ends becomes a child of this one. Linux alone can do that."""
    _prctl(_PR_SET_CHILD_SUBREAPER)


def die_with_parent() -> None:
    """From now on this process is killed when its parent ends. Linux alone can do that."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int = 1) -> None:
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def wait_passively(environ: MutableMapping[str, str]) -> None:
    """Let torch's threads that wait not spin, unless the user says so: beside two busy neighbours a training's step
    takes 290 ms instead of 100, most of it waiting."""
    environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def thread_count() -> int:
    """Threads of this process; off Linux those alone that Python started."""
    if LINUX:
        return len(os.listdir("/proc/self/task"))
    import threading

    return threading.active_count()
