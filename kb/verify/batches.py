"""Batches: what of an entry runs together, and need not run again where a record says that all of it ended as expected.

The record of a batch holds one digest of every job in it, of what each is to do, and of the code that runs and judges
them: whatever changes there runs again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kb.run.device import public
from kb.verify.record import PASSED, Record
from kb.verify.task import Task, digest


class What(StrEnum):
    """The batches of an entry; in a record, ``Record.what``."""

    TASKS = "tasks"
    """The snippet, proofs, keys, right and wrong solutions."""
    THOROUGH = "thorough"
    """The snippet under other seeds, with other threads, on another CPU."""
    MUTANTS = "mutants"
    """Each hole's solution with one mistake each."""


class Batch(NamedTuple):
    """Tasks of one entry."""

    entry: int
    what: What
    device: str
    tasks: Sequence[Task]

    @property
    def sha256(self) -> str:
        """Of all that its outcome hangs on, but for torch and the device."""
        return digest(json.dumps([judges(), *map(_facts, self.tasks)]))

    def is_known(self, records: Iterable[Record], torch: str) -> bool:
        """Whether a record says that all of it ended as expected, under this torch and on this device."""
        wanted = (self.entry, self.what, self.sha256, public(torch), self.device, PASSED)
        return any((one.entry, one.what, one.sha256, one.torch, one.device, one.outcome) == wanted for one in records)


def _facts(task: Task) -> list[object]:
    job = asdict(task.job) | {"path": Path(task.job.path).name}  # wherever the deck lies
    return [task.what, task.id, task.sha256, task.expects.name, task.equivalent, job]


@cache
def judges() -> str:
    """Digest of the code that runs scripts and says whether they did what was expected."""
    top = Path(__file__).parent.parent
    found = hashlib.sha256()
    for file in [*sorted((top / "run").glob("*.py")), top / "verify/judging.py"]:
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()
