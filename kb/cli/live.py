"""Live: a snippet run at the terminal, its output shown as it comes, and what came of it."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.cli.own_copies import read_own
from kb.context import Context
from kb.deck.script import Snippet
from kb.errors import KbError
from kb.run.detection import find_device
from kb.run.device import CPU
from kb.run.job import Job, Run
from kb.run.runner import Starter, reference_job, run, snippet_job
from kb.run.worker import Worker
from kb.screen.run_lines import run_summary

WAIT = 0.3
"""Seconds after which a run that prints nothing shows how long it has taken."""


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


def find_device_shown(context: Context, device: str) -> str:
    """The device to run on, as ``find_device`` gives it; importing torch takes seconds, which is told."""
    err = context.err
    is_told = err.can_redraw and device != CPU
    if is_told:
        err.write(f"{context.say('looking for a GPU')} …")
        err.stream.flush()
    try:
        return find_device(device)
    finally:
        if is_told:
            err.write("\r\x1b[2K")
            err.stream.flush()


def find_job(context: Context, number: int, wish: Wish, device: str) -> tuple[Job, Snippet]:
    """The job for a wish, and the script that it runs.

    Raises:
        KbError: there is no such script, or nobody has trusted it.
    """
    if wish.is_mine:
        snippet = read_own(context.places.mine, context.library.summary(number), context.address)
    else:
        entry = context.library.entry(number)
        if entry.snippet is None:
            raise context.without_snippet(number)
        snippet = entry.snippet
        context.trust.demand(entry)
        if not Path(snippet.path).is_file():
            hint = "kb check{deck} tells what the deck lacks"
            raise KbError("{path} is gone", hint, path=snippet.path, deck=context.address.of())
    changes: dict[str, Any] = {} if wish.timeout is None else {"timeout": wish.timeout}
    # The file itself, which a traceback then names; of a deck that is trusted as it is, what was trusted.
    is_bound = not wish.is_mine and not context.trust.is_whole
    make = reference_job if is_bound else snippet_job
    # What is tried out, or comes from notes, need not prove anything; ``kb verify`` asks for checks.
    return make(snippet, device, needs_checks=False, **changes), snippet


def run_shown(context: Context, number: int, wish: Wish, is_silent: bool, worker: Starter | None = None) -> Run:
    """Run an entry's snippet; its output appears as it comes, what came of it at the end."""
    job, snippet = find_job(context, number, wish, find_device_shown(context, wish.device))
    worker = worker or Worker.kept(context.places.worker)
    if is_silent:
        return run(job, worker=worker)
    done = run_live(context, job, worker)
    terminal = context.out if context.out.is_terminal else context.err
    if wish.has_curve and context.out.is_terminal and not context.out.is_plain:
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

    if picture := draw(read_series(done.stdout), context.out.width, context.out.height, context.out.has_colours):
        context.out.write("\n" + picture + "\n")


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
        if self.context.err.can_redraw and self.at_line_start and passed > WAIT:
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
