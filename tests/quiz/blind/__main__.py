"""``python -m tests.quiz.blind``: judge what is not recorded, and write the record anew. ``61/endless-stream`` or
``61`` after it: only these are judged."""

import json
import sys

from tests.quiz.blind import JUDGED, judge, judged, solutions, stamp


def is_wanted(item: str) -> bool:
    """Whether an item, or its entry, was named, or nothing was."""
    return not sys.argv[1:] or item in sys.argv[1:] or item.split("/")[0] in sys.argv[1:]


known = judged()
stamps = {stamp(one): one for one in solutions()}
open_ones = [(key, one) for key, one in stamps.items() if key not in known and is_wanted(one.item)]
expected = known & set(stamps)
missed = 0
for (key, one), grade in zip(open_ones, judge([one for _, one in open_ones]), strict=True):
    if one.is_met_by(grade):
        expected.add(key)
    else:
        missed += 1
        print(f"✗ {one.file}: {one.item}, {one.verdict} ({one.why.strip()}): {grade.reason or 'accepted'}\n{one.lines}")
JUDGED.write_text(json.dumps(sorted(expected), indent=0) + "\n", encoding="utf-8")
print(f"{len(open_ones)} judged, {missed} not as they should be; {len(expected)} of {len(stamps)} are recorded")
sys.exit(bool(missed))
