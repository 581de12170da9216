"""A real pseudo-terminal, read as a screen.

What is waited for is a sign, never a time: every number of seconds here is when a test gives up, so it is long enough
for a machine that is busy with ten other things.
"""

import os
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

from tests.conftest import COMMAND, ROOT, learner_log

PATIENCE = 180.0
"""Seconds after which a sign that does not come is a failure."""


class Screen:
    """The program at a terminal of a given size."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 80,
        rows: int = 60,
        program: Sequence[str] = COMMAND,
        **environ: str,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self.stream = pyte.Stream(self.screen)
        values = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **environ}
        values.pop("COLUMNS", None)
        command, *rest = program
        self.process = pexpect.spawn(
            command,
            [*rest, *arguments],
            env=values,
            cwd=str(ROOT),
            dimensions=(rows, columns),
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.process.delaybeforesend = None  # 50 ms by default, which a measured key must not wait

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.close(force=True)

    def read(self, seconds: float = 0.1) -> str:
        """What the screen shows, after taking in what came meanwhile: for measuring; a test waits for a sign."""
        until = time.monotonic() + seconds
        while self.take(max(0.001, until - time.monotonic())):
            pass
        return self.text

    def take(self, seconds: float = 0.05) -> bool:
        """Take in what comes next, if anything comes within so many seconds; whether something came."""
        try:
            self.stream.feed(self.process.read_nonblocking(65536, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        return True

    @property
    def text(self) -> str:
        """The lines of the screen, those scrolled away first."""
        width = self.screen.columns
        above = ["".join(row[at].data for at in range(width)).rstrip() for row in self.screen.history.top]
        return "\n".join([*above, *(line.rstrip() for line in self.screen.display)]).rstrip()

    @property
    def shown(self) -> str:
        """The lines of the screen as it is now."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, text: str, seconds: float = PATIENCE, times: int = 1) -> str:
        """Read until the screen shows a text, so many times."""
        self.wait_until(lambda: self.text.count(text) >= times, seconds, f"{text!r} is not on the screen")
        return self.text

    def wait_until(
        self, holds: Callable[[], bool], seconds: float = PATIENCE, otherwise: str = "it does not come to hold"
    ) -> None:
        """Read until something holds."""
        until = time.monotonic() + seconds
        while not holds():
            is_there = self.process.isalive()  # asked first: what it printed before its end is still to be read
            if not self.take():
                assert is_there or holds(), f"{otherwise}, and the program has ended:\n{self.text}"
                assert time.monotonic() < until, f"{otherwise}:\n{self.text}"

    def wait_for_keys(self) -> None:
        """Read until the program takes keys one by one and sleeps until the next. What is pressed earlier goes through
        the terminal's own editing of lines, for which Ctrl-D is no key; a signal that comes earlier may be looked at
        only with the next key."""
        self.wait_until(self._takes_keys)

    def _takes_keys(self) -> bool:
        edits_lines = termios.tcgetattr(self.process.child_fd)[3] & termios.ICANON
        # It may also sleep until another thread of its own gives the interpreter's lock away.
        waits_for_lock = "futex" in Path(f"/proc/{self.process.pid}/wchan").read_text()
        return not edits_lines and self.is_in_state("S") and not waits_for_lock

    def is_in_state(self, state: str) -> bool:
        """Whether the program is in a state, as the system calls it: R running, S sleeping, T stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == state

    def wait_raw(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until a text comes, without the time that reading it as a screen takes: for measuring."""
        self.stream.feed(self.process.read_nonblocking(1, timeout=seconds))
        came = ""
        until = time.monotonic() + seconds
        while text not in came:
            came += self.process.read_nonblocking(65536, timeout=max(0.001, until - time.monotonic()))
        self.stream.feed(came)

    def resize(self, columns: int) -> None:
        """Drag the window's edge."""
        rows = self.screen.lines
        self.screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def send(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def end(self, seconds: float = PATIENCE) -> int:
        """Wait for the program's end; its exit code."""
        self.wait_until(lambda: not self.process.isalive(), seconds, "the program goes on")
        while self.take():
            pass  # what it printed last
        self.process.close()
        status = self.process.exitstatus
        return int(status) if status is not None else -int(self.process.signalstatus or 0)


def answers(home: Path) -> list[tuple[str, bool | None]]:
    """Items and correctness of every answer in the log."""
    return [(one.item, one.correct) for one in learner_log(home).reviews()]
