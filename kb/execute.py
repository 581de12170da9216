"""Executing at the terminal: a snippet run with its output live, a deck verified with its progress shown."""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from kb.desk import Desk
from kb.errors import KbError, UsageError
from kb.job import Run
from kb.record import torch_version, write_records
from kb.render import result_line, run_summary
from kb.runner import block_job, run, snippet_job
from kb.verify import Result, Task, records_of, shard, tasks_of, verify, write_outputs
from kb.worker import Worker

WAIT = 0.3
"""Seconds after which a run that prints nothing shows how long it has taken."""

DETECT = """
import json, torch
cuda = torch.cuda.is_available()
mps = torch.backends.mps.is_available()
print(json.dumps({"cuda": cuda, "mps": mps}))
"""


def check_device(device: str, known: Sequence[str]) -> None:
    """Whether a device's name is one.

    Raises:
        UsageError: it is not.
    """
    if device not in known:
        raise UsageError(f"no device {device!r}", f"choose {', '.join(known[:-1])} or {known[-1]}")


def find_device(device: str) -> str:
    """The device to run on; asks torch, in a process of its own, for anything but the CPU.

    Raises:
        UsageError: this machine does not have it.
        KbError: torch is not installed, or does not start.
    """
    require_torch()
    if device == "cpu":
        return device
    asked = run(block_job(DETECT, "detect"))
    if not asked.passed:
        raise KbError(f"torch does not start: {asked.reason}", "python -c 'import torch' shows why")
    there = json.loads(asked.stdout)
    if device == "auto":
        return "cuda" if there["cuda"] else "mps" if there["mps"] else "cpu"
    if not there[device]:
        others = [name for name in ("cuda", "mps") if there[name]]
        raise UsageError(f"no {device} device here", f"use --device {' or '.join(['cpu', *others])}")
    return device


def require_torch() -> None:
    """Raises KbError if torch is not installed."""
    if not torch_version():
        raise KbError(
            "torch is not installed for this Python", "install it: pip install torch, or see pytorch.org for your GPU"
        )


def run_shown(desk: Desk, number: int, device: str, timeout: float | None, is_silent: bool) -> Run:
    """Run an entry's snippet; its output appears as it comes, what came of it at the end."""
    entry = desk.library.entry(number)
    if entry.snippet is None:
        raise KbError(f"entry {number} has no snippet", f"kb show {number} shows its text")
    device = find_device(device)
    changes = {} if timeout is None else {"timeout": timeout}
    job = snippet_job(entry.snippet, device, **changes)
    if is_silent:
        return run(job)
    clock = _Clock(desk)
    try:
        done = run(job, on_output=clock.output, on_wait=clock.wait)
    finally:
        clock.clear()
    sys.stdout.flush()
    # What came of it goes to stderr where the output is kept in a file: that holds what the snippet printed alone.
    terminal = desk.out if desk.out.is_terminal else desk.err
    terminal.print([[], *run_summary(done, entry.snippet.source, terminal, desk.say)])
    return done


class _Clock:
    """Passes output on, and shows how long a silent run has taken."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.started = time.monotonic()
        self.is_shown = False
        self.at_line_start = True

    def output(self, stream: str, text: str) -> None:
        self.clear()
        target = sys.stdout if stream == "stdout" else sys.stderr
        target.write(text)
        target.flush()
        self.at_line_start = text.endswith("\n")

    def wait(self) -> None:
        passed = time.monotonic() - self.started
        if self.desk.err.is_terminal and self.at_line_start and passed > WAIT:
            dots = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
            self.desk.err.write(
                f"\r\x1b[2K{dots[int(passed * 10) % len(dots)]} {self.desk.say('running')} {passed:.1f} s"
            )
            self.desk.err.stream.flush()
            self.is_shown = True

    def clear(self) -> None:
        if self.is_shown:
            self.desk.err.write("\r\x1b[2K")
            self.desk.err.stream.flush()
            self.is_shown = False


def parse_shard(text: str) -> tuple[int, int]:
    """``2/8`` as numbers.

    Raises:
        UsageError: it is not of that form.
    """
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UsageError(f"--shard {text} is no part", "give I/N, as 2/8")
    return int(number), int(count)


def verify_shown(
    desk: Desk, words: list[str], device: str, jobs: int, part: str | None, record: bool, is_silent: bool
) -> list[Result]:
    """Verify entries; what is not as expected is shown as it comes, the count at the end."""
    which = parse_shard(part) if part else None
    numbers = desk.entries_for(words) or [head.number for head in desk.library.heads]
    device = find_device(device)
    tasks = [task for number in numbers for task in tasks_of(desk.library.entry(number), device)]
    if which:
        tasks = shard(tasks, *which)
    with ExitStack() as stack:
        worker = stack.enter_context(Worker.start())
        progress = stack.enter_context(_Progress(desk, tasks, is_silent))
        results = verify(tasks, jobs, worker, progress.advance)
    bad = [result for result in results if not result.ok]
    if record:
        folder = desk.library.deck.path
        records = records_of(results)
        failed = [
            (one.task.entry, one.task.what, one.task.id, desk.torch.partition("+")[0], one.run.device) for one in bad
        ]
        write_records(folder, records, failed)
        write_outputs(results)
    if not is_silent:
        desk.out.print(result_line(result) for result in results)
        for result in bad:
            if result.task.what == "snippet" and result.task.job.source is None:
                source = desk.library.entry(result.task.entry).snippet
                desk.out.print(run_summary(result.run, source.source if source else "", desk.out, desk.say))
        say = desk.say("{ok} of {all} as expected", ok=len(results) - len(bad), all=len(results))
        desk.err.print([[("✓ " if not bad else "✗ ", "bad" if bad else "good"), (say, "")]])
    return results


class _Progress:
    """A bar on stderr with the time that is left; nothing without a terminal."""

    def __init__(self, desk: Desk, tasks: Sequence[Task], is_silent: bool) -> None:
        self.is_shown = desk.err.is_terminal and not is_silent
        self.count = len(tasks)

    def __enter__(self) -> "_Progress":
        if self.is_shown:
            # Deferred: rich takes 40 ms, and only a terminal shows the bar.
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task("verify", total=self.count)
        return self

    def advance(self, result: Result) -> None:
        """One more is done."""
        if self.is_shown:
            self.bar.update(self.task, advance=1, description=f"{result.task.entry} {result.task.what}")

    def __exit__(self, *_: object) -> None:
        if self.is_shown:
            self.bar.stop()
