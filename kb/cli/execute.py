"""Executing at the terminal: a snippet run with its output live, and what came of it."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb.cli.own_copies import read_own
from kb.cli.watch import watch
from kb.context import Context
from kb.deck.script import Snippet
from kb.errors import KbError, UsageError
from kb.run.job import Job, Run
from kb.run.runner import Starter, block_job, run, snippet_job
from kb.run.worker import Worker
from kb.screen.run_lines import run_summary
from kb.verify.compare import Difference, compare_outputs
from kb.verify.record import torch_version

MAX_DIFFERENCES = 10

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


@dataclass(frozen=True, slots=True)
class Wish:
    """How a snippet is to be run."""

    device: str = "cpu"
    timeout: float | None = None
    """Seconds; None for the snippet's own limit."""
    is_mine: bool = False
    """The learner's own copy rather than the deck's."""
    has_curve: bool = True
    """Draw what it prints as steps."""


def find_job(context: Context, number: int, wish: Wish, device: str) -> tuple[Job, Snippet]:
    """The job for a wish, and the script that it runs.

    Raises:
        KbError: there is no such script.
    """
    if wish.is_mine:
        snippet = read_own(context.places.mine, context.library.summary(number))
    else:
        found = context.library.entry(number).snippet
        if found is None:
            raise KbError(f"entry {number} has no snippet", f"kb show {number} shows its text")
        snippet = found
        if not Path(snippet.path).is_file():
            raise KbError(f"{snippet.path} is gone", "kb check tells what the deck lacks")
    changes: dict[str, Any] = {} if wish.timeout is None else {"timeout": wish.timeout}
    # What a learner tries out need not prove anything.
    return snippet_job(snippet, device, needs_checks=not wish.is_mine, **changes), snippet


def run_shown(context: Context, number: int, wish: Wish, is_silent: bool, worker: Starter | None = None) -> Run:
    """Run an entry's snippet; its output appears as it comes, what came of it at the end."""
    job, snippet = find_job(context, number, wish, find_device(wish.device))
    worker = worker or Worker.kept(context.places.worker)
    if is_silent:
        return run(job, worker=worker)
    done = run_live(context, job, worker)
    terminal = context.out if context.out.is_terminal else context.err
    if wish.has_curve and context.out.is_terminal:
        show_curve(context, done)
    # What came of it goes to stderr where the output is kept in a file: that holds what the snippet printed alone.
    terminal.print([[], *run_summary(done, snippet.source, terminal, context.say)])
    return done


def run_live(context: Context, job: Job, worker: Starter | None) -> Run:
    """Run a job with its output passed on as it comes."""
    clock = _Clock(context)
    try:
        done = run(job, on_output=clock.output, on_wait=clock.wait, worker=worker)
    finally:
        clock.clear()
    sys.stdout.flush()
    return done


def show_curve(context: Context, done: Run) -> None:
    """Draw the steps that a run printed, if it printed any."""
    if "=" not in done.stdout:
        return
    from kb.screen.curve import draw, read_series

    if picture := draw(read_series(done.stdout), context.out.width, context.out.has_colours):
        context.out.write("\n" + picture + "\n")


def run_both(context: Context, number: int, wish: Wish, is_silent: bool) -> tuple[list[Run], list[Difference]]:
    """Run a snippet on the CPU and on the other device, and compare what they print number by number.

    Raises:
        UsageError: there is no other device.
    """
    other = find_device("auto")
    if other == "cpu":
        raise UsageError("no second device here", "--device both compares the CPU with a GPU; use --device cpu")
    runs = []
    for device in ("cpu", other):
        job, snippet = find_job(context, number, wish, device)
        if not is_silent:
            context.out.print([[(f"── {device}", "heading")]])
        runs.append(run(job) if is_silent else run_live(context, job, None))
        if not is_silent:
            context.out.print([[], *run_summary(runs[-1], snippet.source, context.out, context.say), []])
    differences = compare_outputs(runs[0].stdout, runs[1].stdout)
    if not is_silent:
        show_verdict(context, runs, differences)
    return runs, differences


def show_verdict(context: Context, runs: Sequence[Run], differences: Sequence[Difference]) -> None:
    """Times, memory and whether both printed the same."""
    say = context.say
    for done in runs:
        facts = say("{seconds} s, {memory} MiB", seconds=f"{done.seconds:.1f}", memory=f"{done.peak_mb:.0f}")
        gpu = f", {say('{memory} MiB of GPU memory', memory=f'{done.gpu_peak_mb:.0f}')}" if done.gpu_peak_mb else ""
        context.out.print([[(f"{done.device:6}", "strong"), (f" {say(str(done.outcome))}, {facts}{gpu}", "")]])
    if not differences:
        context.out.print([[("✓ ", "good"), (say("both print the same, up to rounding"), "")]])
    for one in differences[:MAX_DIFFERENCES]:
        context.out.print([[("≠ ", "bad"), (str(one), "")]])
    if len(differences) > MAX_DIFFERENCES:
        context.out.print([[(say("{count} more", count=len(differences) - MAX_DIFFERENCES), "dim")]])


def watch_shown(context: Context, number: int, wish: Wish) -> None:
    """Run a snippet now and whenever its file is saved, on a warm worker."""
    devices = [wish.device, *(name for name in ("cpu", find_device("auto")) if name != wish.device)]
    at = 0

    def again() -> None:
        context.library.close()
        del context.library  # the file was saved: read it again
        context.out.print([[("─" * min(context.out.width, 60), "dim")]])
        try:
            run_shown(context, number, replace(wish, device=devices[at]), is_silent=False, worker=worker)
        except KbError as error:
            context.err.print([[(f"kb: {error}", "bad")]])
        keys = ("r", "run again"), ("d", "device"), ("q", "quit")
        line = [piece for key, what in keys for piece in ((key, "strong"), (f" {context.say(what)}  ", "dim"))]
        context.err.print([[*line, (context.say("runs again when {file} is saved", file=path.name), "dim")]])

    def next_device() -> None:
        nonlocal at
        at = (at + 1) % len(devices)

    _, snippet = find_job(context, number, wish, wish.device)
    path = Path(snippet.path)
    with Worker.start() as worker:
        watch(path, again, next_device)


class _Clock:
    """Passes output on, and shows how long a silent run has taken."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.started = time.monotonic()
        self.is_shown = False
        self.at_line_start = True

    def output(self, stream: str, text: str) -> None:
        self.clear()
        target = self.context.out if stream == "stdout" else self.context.err
        target.write(text)
        target.stream.flush()
        self.at_line_start = text.endswith("\n")

    def wait(self) -> None:
        passed = time.monotonic() - self.started
        if self.context.err.is_terminal and self.at_line_start and passed > WAIT:
            dots = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
            self.context.err.write(
                f"\r\x1b[2K{dots[int(passed * 10) % len(dots)]} {self.context.say('running')} {passed:.1f} s"
            )
            self.context.err.stream.flush()
            self.is_shown = True

    def clear(self) -> None:
        if self.is_shown:
            self.context.err.write("\r\x1b[2K")
            self.context.err.stream.flush()
            self.is_shown = False
