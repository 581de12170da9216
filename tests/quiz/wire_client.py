"""A client of the wire: what an editor or a script has to do to hold a session, and no more."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

from quiz.wire_events import EVENTS
from tests.conftest import COMMAND, ROOT

Event = dict[str, Any]

RIGHT: dict[str, Callable[[Event], Any]] = {
    "61/which-value": lambda question: question["options"].index("3") + 1,
    "61/which-hold": lambda question: [
        at for at, text in enumerate(question["options"], 1) if "one of the values" not in text
    ],
    "61/printed": lambda _: "3.0",
    "61/counted": lambda _: "3",
    "61/mean-by-hand": lambda _: "return sum(values) / len(values)",
    "61/recall": lambda _: 3,
}
"""The right answer to every question of the small deck."""


class Client:
    """A session driven by a program."""

    def __init__(self, *arguments: str, encoding: str = "utf-8", **environ: str) -> None:
        self.encoding = encoding
        self.heard: dict[str, set[str]] = {}
        """Every event that came, with its fields."""
        self.process = subprocess.Popen(
            [*COMMAND, "quiz", "--json", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **environ},
        )
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.to, self.back, self.errors = self.process.stdin, self.process.stdout, self.process.stderr

    def hear(self, event: str) -> Event:
        """The next object, which must be of that event."""
        line = self.back.readline()
        assert line, self.errors.read()
        value: Event = json.loads(line.decode(self.encoding))
        self.heard.setdefault(value["event"], set()).update(value)
        assert (1, event) == (value["schema"], value["event"]), value
        assert value.keys() <= {"schema", "event", *EVENTS[event]}, "list it in EVENTS and in kb help wire"
        return value

    def say(self, **values: Any) -> None:
        """Send an object."""
        self.write(json.dumps(values))

    def write(self, line: str) -> None:
        """Send a line."""
        self.to.write(line.encode("utf-8", "surrogateescape") + b"\n")
        self.to.flush()

    def ask(self, event: str, **values: Any) -> Event:
        """Send an object, and hear what answers it."""
        self.say(**values)
        return self.hear(event)

    def answer_all(self, count: int) -> list[Event]:
        """Answer so many questions rightly, the one that stands not heard yet; their grades."""
        grades = []
        for _ in range(count):
            question = self.hear("question")
            grades.append(self.ask("grade", answer=RIGHT[question["item"]](question)))
        return grades

    def leave(self, *, is_said: bool = True) -> Event:
        """End the session by a word or by closing the input; its last event."""
        if is_said:
            self.say(quit=True)
        self.to.close()
        return self.hear("end")

    def code(self) -> int:
        """The exit code, once there is nothing more to hear and nothing was complained about."""
        assert (self.back.read(), self.errors.read()) == (b"", b"")
        return self.process.wait(timeout=120)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
