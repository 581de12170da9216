"""Speed: a log of years is opened, asked and added to without a wait. Run with ``python -m pytest -m bench -s``."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from quiz.schedule import DAY, DEFAULT, Rating
from tests.conftest import ROOT
from tests.quiz.log.logs import NOW, answer, line, open_log, put

pytestmark = pytest.mark.bench

OPEN = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from quiz.log.log import Log
home = Path(sys.argv[1])
memories = Log(home / "progress", "small", home / "data", home / "cache").memories()
print(time.perf_counter() - started, len(memories))
"""


def test_200_000_reviews(tmp_path: Path) -> None:
    """Of 12,000 items: all memories within 150 ms of a warm start, imports included, and within 3 s of nothing; an
    answer is saved within 30 ms, and fitted parameters are in use within 4 s."""
    dice = Random(1)
    items = [f"{number}/{name}" for number in range(1, 2001) for name in "abcdef"]
    rows = [
        line("laptop", at + 1, dice.choice(items), dice.choice((1, 3, 3, 3, 4)), NOW - (200_000 - at) * 300.0)
        for at in range(200_000)
    ]
    put(tmp_path / "progress" / "small", laptop=rows)
    times: dict[str, list[float]] = {"from nothing": [], "warm": []}
    for _ in range(3):
        for path in (tmp_path / "cache").glob("*"):
            path.unlink()
        for name, count in (("from nothing", 1), ("warm", 5)):
            for _ in range(count):
                done = subprocess.run(
                    [sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True
                )
                seconds, memories = done.stdout.split()
                assert "12000" == memories
                times[name].append(float(seconds))
    log = open_log(tmp_path)
    started = time.perf_counter()
    for at in range(50):
        log.add(answer(items[at], at=NOW + at))
    added = (time.perf_counter() - started) / 50
    started = time.perf_counter()
    log.tally(DAY / 2, NOW - 30 * DAY)
    log.totals()
    log.count_by_day(NOW - 190 * DAY)
    log.count_since(DAY / 2, NOW - DAY)
    log.usual_seconds("choice")
    asked = time.perf_counter() - started
    started = time.perf_counter()
    log.set_parameters((*(0.3,) * 4, *DEFAULT[4:]))
    fitted = time.perf_counter() - started
    medians = {name: statistics.median(found) for name, found in times.items()}
    print("".join(f"\n{name} {1000 * value:.0f} ms" for name, value in medians.items()), end="")
    print(f"\nadding {1000 * added:.1f} ms, stats {1000 * asked:.0f} ms, other parameters {fitted:.1f} s")
    assert log.memory(items[0]) is not None
    assert Rating.GOOD in {rating for rating, _ in log.histories()[items[0]]}
    assert medians["from nothing"] <= 3.0
    assert medians["warm"] <= 0.150
    assert added <= 0.030
    assert fitted <= 4.0
