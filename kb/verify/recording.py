"""Recording: what of a verification is worth keeping, and where it is kept."""

import json
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.deck.folder import OUTPUT
from kb.files import locked, put
from kb.run.device import public
from kb.verify.batches import Batch
from kb.verify.judging import Result
from kb.verify.record import FILE, PASSED, Record, read_records
from kb.verify.task import Expectation

PLATFORM = f"{platform.system()} {platform.machine()}"


def records_of(results: Sequence[Result]) -> list[Record]:
    """The records of what is worth keeping: every snippet's outcome, and the keys of predict and answer items."""
    versions = {result.run.torch for result in results if result.run.torch}
    installed = public(max(versions, default=""))
    return [
        Record(
            entry=result.task.entry,
            what=result.task.what,
            id=result.task.id,
            sha256=result.task.sha256,
            torch=public(result.run.torch) or installed,
            device=result.run.device,
            outcome=_outcome(result),
            seconds=round(result.run.seconds, 2),
            peak_mb=round(result.run.peak_mb, 1),
            platform=PLATFORM,
            printed=result.run.stdout.strip() if result.task.what != "snippet" else "",
        )
        for result in results
        if _is_recorded(result)
    ]


def records_of_batches(batches: Iterable[Batch], results: Sequence[Result], torch: str) -> list[Record]:
    """A record of each batch of which everything ended as expected."""
    found = {id(result.task): result for result in results}
    records = []
    for batch in batches:
        ours = [found[id(task)] for task in batch.tasks if id(task) in found]
        if ours and len(ours) == len(batch.tasks) and all(result.ok for result in ours):
            seconds = round(sum(result.run.seconds for result in ours), 2)
            peak = round(max(result.run.peak_mb for result in ours), 1)
            facts = (batch.entry, batch.what, "", batch.sha256, public(torch), batch.device, PASSED, seconds, peak)
            records.append(Record(*facts, PLATFORM))
    return records


def _is_recorded(result: Result) -> bool:
    """Plain snippets whatever came of them, and keys that hold."""
    return result.task.is_plain_snippet or (result.ok and result.task.expects is Expectation.PRINTS_A_KEY)


def _outcome(result: Result) -> str:
    """A run that passed and still was not as expected (it raised a deprecation) has not passed."""
    if result.ok:
        return PASSED
    return "failed" if result.run.passed else str(result.run.outcome)


def write_records(
    deck: Path, cache: Path, new: Iterable[Record], dropped: Iterable[tuple[int, str, str, str, str]] = ()
) -> None:
    """Put new records in the place of old ones, take dropped ones out, keep the rest. One record a line.

    Args:
        deck: its folder.
        cache: a folder that whoever writes records holds: shards that end at once lose none of each other's.
        new: what was verified.
        dropped: the places of records that no longer hold.

    Raises:
        OSError: they cannot be written; those that are there stay.
    """
    gone = set(dropped)
    with locked(cache):
        kept = {record.place: record for record in read_records(deck) if record.place not in gone}
        kept |= {record.place: record for record in new}
        lines = ",\n".join(json.dumps(kept[place]._asdict(), ensure_ascii=False) for place in sorted(kept))
        put(deck / FILE, f'{{"schema": 1, "records": [\n{lines}\n]}}\n'.encode())


def write_outputs(results: Sequence[Result]) -> None:
    """Write ``output.txt`` beside every snippet that passed on the CPU."""
    for result in results:
        if result.ok and result.task.is_plain_snippet and result.run.device == "cpu":
            put(Path(result.task.job.path).with_name(OUTPUT), result.run.stdout.encode())
