"""``python -m tests.quiz.blind``: judge what is not recorded, and write the record anew. ``61/endless-stream`` or
``61`` after it: only these are judged."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from tests.quiz.blind import JUDGED, Solution, judge, judged, solutions, stamp


def is_wanted(item: str) -> bool:
    """Whether an item, or its entry, was named, or nothing was."""
    return not sys.argv[1:] or item in sys.argv[1:] or item.split("/")[0] in sys.argv[1:]


def batched(many: Iterable[tuple[str, Solution]], size: int) -> Iterator[list[tuple[str, Solution]]]:
    """So many at a time (itertools has it from Python 3.12 on)."""
    waiting = iter(many)
    while some := list(islice(waiting, size)):
        yield some


stamps = {stamp(one): one for one in solutions()}
known = judged() & set(stamps)
open_ones = {key: one for key, one in stamps.items() if key not in known and is_wanted(one.item)}
missed = 0
# A few at a time: what was judged is kept when this is stopped, or when two of it run.
for some in batched(open_ones.items(), 8):
    good = set()
    for (key, one), grade in zip(some, judge([one for _, one in some]), strict=True):
        if one.is_met_by(grade):
            good.add(key)
        else:
            missed += 1
            print(f"✗ {one.told(grade)}", flush=True)
    kept = (judged() | good) & set(stamps)
    JUDGED.write_text(json.dumps(sorted(kept), indent=0) + "\n", encoding="utf-8")
print(f"{len(open_ones)} judged, {missed} not as they should be; {len(judged())} of {len(stamps)} are recorded")
sys.exit(bool(missed))
