"""A real pseudo-terminal, read as a screen."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

from tests.conftest import COMMAND, ROOT


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
            timeout=60,
        )
        self.process.delaybeforesend = None  # 50 ms by default, which a measured key must not wait

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.close(force=True)

    def read(self, seconds: float = 0.1) -> str:
        """What the screen shows, after taking in what came meanwhile."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.stream.feed(self.process.read_nonblocking(65536, timeout=max(0.001, until - time.monotonic())))
            except pexpect.TIMEOUT:
                return self.text
            except pexpect.EOF:
                return self.text

    @property
    def text(self) -> str:
        """The lines of the screen, those scrolled away first."""
        width = self.screen.columns
        above = ["".join(row[at].data for at in range(width)).rstrip() for row in self.screen.history.top]
        return "\n".join([*above, *(line.rstrip() for line in self.screen.display)]).rstrip()

    def wait_for(self, text: str, seconds: float = 60, times: int = 1) -> str:
        """Read until the screen shows a text, so many times."""
        until = time.monotonic() + seconds
        while self.read(0.05).count(text) < times:
            if time.monotonic() > until or not self.process.isalive():
                self.read(0.2)
                if self.text.count(text) >= times:
                    break
                raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")
        return self.text

    def wait_raw(self, text: str, seconds: float = 60) -> None:
        """Wait until a text comes, without the time that reading it as a screen takes: for measuring."""
        self.stream.feed(self.process.read_nonblocking(1, timeout=seconds))
        came = ""
        until = time.monotonic() + seconds
        while text not in came:
            came += self.process.read_nonblocking(65536, timeout=max(0.001, until - time.monotonic()))
        self.stream.feed(came)

    def wait_until(self, holds: Callable[[], bool], seconds: float = 30) -> None:
        """Read until something holds."""
        until = time.monotonic() + seconds
        while not holds():
            self.read(0.05)
            assert time.monotonic() < until, self.text

    def resize(self, columns: int) -> None:
        """Drag the window's edge."""
        rows = self.screen.lines
        self.screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def send(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def end(self, seconds: float = 30) -> int:
        """Wait for the program's end; its exit code."""
        until = time.monotonic() + seconds
        while self.process.isalive():
            self.read(0.05)
            assert time.monotonic() < until, self.text
        self.read(0.1)
        self.process.close()
        status = self.process.exitstatus
        return int(status) if status is not None else -int(self.process.signalstatus or 0)


def answers(home: Path) -> list[tuple[str, bool | None]]:
    """Items and correctness of every answer in the log."""
    from quiz.progress import Progress

    return [(one.item, one.correct) for one in Progress(home / "data" / "progress.db").reviews()]
