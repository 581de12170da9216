"""Job: one execution as it is asked for; Run: what came of it."""

from dataclasses import dataclass, field
from typing import Any

from kb.run.outcome import Outcome

OUTPUT_LIMIT = 10_000_000
"""Bytes of output after which a run is ended."""


@dataclass(frozen=True, slots=True)
class Job:
    """One script to run, and under which conditions."""

    path: str
    """The script; where ``source`` is given, only its name counts."""
    source: str | None = None
    """Text to run in place of the file: a filled hole, a proof."""
    device: str = "cpu"
    """What the script finds in ``KB_DEVICE``."""
    timeout: float = 60.0
    """Seconds after which everything it started is killed: once so many have passed, and its processes have also
    computed for so many in sum, or rest (a script that sleeps or waits for itself). One that is kept from computing by
    busy neighbours may go on, up to four times as long."""
    cpu_limit: float = 0.0
    """Seconds of computing, all cores and processes in sum, after which everything is killed; 0 for no such limit."""
    memory_limit: int = 0
    """Bytes of resident memory of the whole process tree; 0 for three quarters of what the machine has, or the control
    group in which this runs, whichever is less."""
    output_limit: int = OUTPUT_LIMIT
    """Bytes of output, stdout and stderr together."""
    environ: dict[str, str] = field(default_factory=dict)
    """Variables on top of the caller's."""
    writable: tuple[str, ...] = ()
    """Folders that the script may write to beside its own, where it is isolated."""
    launcher: str = ""
    """``torchrun`` or nothing."""
    processes: int = 1
    """How many the launcher starts."""
    own_lines: tuple[int, int] | None = None
    """First and last line of a learner's own, from 1: checks in there do not count."""
    wanted: tuple[str, ...] = ()
    """Names that those lines are to set. What else they call as the script calls something is a variable of theirs."""
    forbid: tuple[str, ...] = ()
    """What those lines may not call: names of the script (``rnn``), or below one (``F.cross_entropy``)."""
    needs_checks: bool = True
    """Whether it passes only with at least one check executed."""
    seed: int | None = None
    """What to add to every seed given to ``torch.manual_seed``."""
    threads: int | None = None
    """How many threads torch may use within an operation; None for its own choice."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The exception that ended a script."""

    type: str
    """Name of its class."""
    message: str
    """As ``str()`` gives it."""
    line: int
    """Innermost line of the script that took part, from 1; 0 if none did."""
    values: dict[str, str]
    """Variables named by the failed assert."""

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``."""
        return {"type": self.type, "message": self.message, "line": self.line, "values": self.values}


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning that was raised while a script ran."""

    category: str
    message: str
    file: str
    """``snippet`` if one of the script's own lines raised it."""
    line: int
    deprecation: bool

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``."""
        return {"category": self.category, "message": self.message, "file": self.file, "line": self.line}


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A call that a learner's lines made and may not make."""

    name: str
    """As ``Job.forbid`` has it."""
    line: int
    """The learner's line behind it, counted in the script, from 1."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution and its outcome."""

    outcome: Outcome
    """How it ended."""
    reason: str
    """Why it did not pass, in words; empty if it did."""
    exit_code: int
    """Of the script's process; minus the number of the signal that killed it."""
    stdout: str
    stderr: str
    seconds: float
    """Wall time, from start to end of its process."""
    cpu_seconds: float
    """Time on all cores, of its processes in sum."""
    peak_mb: float
    """Most resident memory of the whole process tree, in MiB."""
    device: str
    """What was asked for: cpu, cuda, mps."""
    device_name: str
    """The processor or the GPU."""
    torch: str
    """Version that ran; empty if the script imported none."""
    gpu_peak_mb: float = 0.0
    """Most GPU memory allocated, in MiB."""
    failure: Failure | None = None
    """The exception that ended it."""
    warnings: tuple[Warned, ...] = ()
    """In the order they were raised."""
    executed: frozenset[int] = frozenset()
    """Which of the script's checks were executed, numbered in the order of the file."""
    forbidden: Forbidden | None = None
    """The first forbidden call that the learner's lines made."""
    unknown: tuple[str, ...] = ()
    """Forbidden names that stood for nothing that can be called."""
    warm: bool = False
    """Whether a worker ran it."""
    has_computed_enough: bool = False
    """Whether it was cut off by ``Job.cpu_limit``, however busy the machine was."""
    trouble: str = ""
    """What kept it from being supervised; empty if nothing did."""

    @property
    def passed(self) -> bool:
        """Whether it ran to its end with its checks executed."""
        return self.outcome is Outcome.PASSED

    @property
    def exit_status(self) -> int:
        """What the command line ends with."""
        return self.outcome.exit_status

    @property
    def is_own_doing(self) -> bool:
        """Whether the script itself brought the outcome about, so that it can be graded by it."""
        return (self.outcome.is_own_doing or self.has_computed_enough) and not self.trouble

    def to_json(self) -> dict[str, Any]:
        """The facts for ``--json``."""
        return {
            "outcome": str(self.outcome),
            "reason": self.reason,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "peak_mb": round(self.peak_mb, 1),
            "gpu_peak_mb": self.gpu_peak_mb,
            "device": self.device,
            "device_name": self.device_name,
            "torch": self.torch,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "warnings": [one.to_json() for one in self.warnings],
            "failure": self.failure.to_json() if self.failure else None,
            "warm": self.warm,
        }
