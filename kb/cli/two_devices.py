"""Two devices: a snippet run on the processor and on the other device, and what they print compared."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kb.cli.live import Wish, find_device_shown, find_job, run_live
from kb.context import Context
from kb.errors import UsageError
from kb.run.device import AUTO, CPU
from kb.run.job import Run
from kb.run.runner import run
from kb.screen.run_lines import run_summary
from kb.verify.compare import Difference, compare_outputs

MAX_DIFFERENCES = 10


class Both(NamedTuple):
    """The two runs, and where they differ."""

    runs: list[Run]
    """On the processor, and on the other device."""
    differences: list[Difference]
    """By more than rounding."""

    @property
    def exit_status(self) -> int:
        """What the command line ends with."""
        return 1 if self.differences else max(done.exit_status for done in self.runs)

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``."""
        return {
            "runs": [done.to_json() for done in self.runs],
            "differences": [one.to_json() for one in self.differences],
        }


def run_both(context: Context, number: int, wish: Wish, is_silent: bool) -> Both:
    """Run a snippet on the CPU and on the other device, and compare what they print number by number.

    Raises:
        UsageError: there is no other device.
    """
    other = find_device_shown(context, AUTO)
    if other == CPU:
        raise UsageError("no second device here", "--device both compares the CPU with a GPU; use --device cpu")
    runs = []
    for device in (CPU, other):
        job, snippet = find_job(context, number, wish, device)
        if not is_silent:
            context.out.print([[(f"── {device}", "heading")]])
        runs.append(run(job) if is_silent else run_live(context, job, None))
        if not is_silent:
            context.out.print([[], *run_summary(runs[-1], snippet.source, context.out, context.say), []])
    differences = compare_outputs(runs[0].stdout, runs[1].stdout)
    if not is_silent:
        show_verdict(context, runs, differences)
    return Both(runs, differences)


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
