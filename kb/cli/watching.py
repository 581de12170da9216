"""Watching: a snippet that runs again whenever its file is saved, and on a key."""

import queue
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from kb.cli.live import Wish, find_device_shown, find_job, run_shown
from kb.context import Context
from kb.errors import KbError
from kb.run.device import AUTO, CPU
from kb.run.worker import Worker
from kb.screen.keys import END, Keyboard

STOP, AGAIN, DEVICE = "q", "r", "d"


def watch_shown(context: Context, number: int, wish: Wish) -> None:
    """Run a snippet now and whenever its file is saved, on a warm worker."""
    devices = [wish.device, *(name for name in (CPU, find_device_shown(context, AUTO)) if name != wish.device)]
    at = 0

    def again() -> None:
        context.library.close()
        del context.library  # the file was saved: read it again
        context.out.print([[("─" * min(context.out.width, 60), "dim")]])
        try:
            run_shown(context, number, replace(wish, device=devices[at]), is_silent=False, worker=worker)
        except KbError as error:
            context.err.tell([(f"kb: {context.say.error(error)}", "bad")])
        keys = ("r", "run again"), ("d", "device"), ("q", "quit")
        line = [piece for key, what in keys for piece in ((key, "strong"), (f" {context.say(what)} · ", "dim"))]
        line.append((context.say("runs again when {file} is saved", file=path.name), "dim"))
        context.err.tell(line)

    def next_device() -> bool:
        nonlocal at
        if len(devices) == 1:
            context.err.tell([(context.say("there is no other device here"), "warn")])
            return False
        at = (at + 1) % len(devices)
        return True

    _, snippet = find_job(context, number, wish, wish.device)
    path = Path(snippet.path)
    with Worker.start() as worker:
        watch(path, again, next_device)


def watch(path: Path, run: Callable[[], None], next_device: Callable[[], bool]) -> None:
    """Run, then wait for a save (run again), ``r`` (run again), ``d`` (another device), ``q`` or Ctrl-D (leave).

    Args:
        path: the file whose saves count.
        run: runs and shows it.
        next_device: changes to the next device, if there is another one; says whether there is.
    """
    # Deferred: 30 ms.
    import watchfiles

    changes: queue.Queue[None] = queue.Queue()
    end = threading.Event()

    def look() -> None:
        # The folder, not the file: editors write a new file and move it into the old one's place.
        for found in watchfiles.watch(path.parent, stop_event=end, step=20, debounce=60, recursive=False):
            if any(Path(name) == path for _, name in found):
                changes.put(None)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        with Keyboard() if sys.stdin.isatty() else nullcontext() as keyboard:
            run()
            while True:
                key = keyboard.read_within(0.1) if keyboard else ""
                if key in (STOP, END):
                    return
                is_other = key == DEVICE and next_device()
                is_changed = _drained(changes, 0.0 if keyboard else 0.1)
                if key == AGAIN or is_other or is_changed:
                    run()
    finally:
        end.set()
        thread.join(timeout=2)


def _drained(changes: "queue.Queue[None]", seconds: float) -> bool:
    """Whether something came; several saves at once count as one."""
    try:
        changes.get(timeout=seconds) if seconds else changes.get_nowait()
    except queue.Empty:
        return False
    while not changes.empty():
        changes.get_nowait()
    return True
