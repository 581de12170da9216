"""Tasks: everything in an entry that can be run."""

from typing import Any

from kb.deck.entry import Entry
from kb.run.runner import block_job, filled_job, reference_job
from kb.verify.kind import VerifiedKinds
from kb.verify.mutants import marked_equivalents, mutants
from kb.verify.task import Expectation, Task, digest


def tasks_of(entry: Entry, kinds: VerifiedKinds, device: str = "cpu") -> list[Task]:
    """Everything in an entry that can be run. Blocks of the quiz run on the CPU, wherever the snippet runs."""
    tasks = []
    if entry.snippet:
        tasks.append(Task(entry.number, "snippet", "", reference_job(entry.snippet, device), entry.snippet.sha256))
    for item in entry.items:
        if item.proof:
            job = block_job(item.proof, f"{item.id}-proof", needs_checks=True)
            tasks.append(Task(entry.number, "proof", item.id, job, digest(item.proof)))
        tasks += kinds[item.kind].tasks(item, entry.snippet, device)
    return tasks


OTHER_CPU = {"ATEN_CPU_CAPABILITY": "default"}
"""Without vector instructions: a stand-in for another processor, whose sums differ in their last digits."""


def thorough_tasks(entry: Entry, device: str, seeds: int, is_thorough: bool) -> list[Task]:
    """The luck hunt: an entry's snippet under other seeds, and if asked for with other threads and on "another" CPU."""
    snippet = entry.snippet
    if snippet is None:
        return []
    variants: dict[str, dict[str, Any]] = {f"seed+{1000 * at}": {"seed": 1000 * at} for at in range(1, seeds + 1)}
    if is_thorough:
        variants |= {"threads=1": {"threads": 1}, "threads=3": {"threads": 3}, "other-cpu": {"environ": OTHER_CPU}}
    return [
        Task(entry.number, "snippet", name, reference_job(snippet, device, **changes), snippet.sha256)
        for name, changes in variants.items()
    ]


def mutant_tasks(entry: Entry, device: str) -> list[Task]:
    """Every hole's own solution with one mistake each: the snippet's checks must reject them."""
    snippet = entry.snippet
    if snippet is None:
        return []
    timeout = min(snippet.timeout, 30.0)
    right = {item.id: item.right for item in entry.items}
    tasks = []
    for hole in snippet.holes:
        marked = marked_equivalents(right.get(hole.name, ()))
        for mutant in mutants(snippet.solution(hole.name)):
            job = filled_job(snippet, hole.name, mutant.lines, device, timeout=timeout)
            name, why = f"{hole.name}:{mutant.what}", marked.get(mutant.lines, "")
            tasks.append(
                Task(entry.number, "mutant", name, job, digest(mutant.lines), Expectation.FAILS, equivalent=why)
            )
    return tasks
