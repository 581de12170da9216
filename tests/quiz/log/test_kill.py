"""Kill: a process that is ended at any moment loses no answer that was shown as saved, and doubles none."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest

from quiz.log.event import decode
from quiz.log.exchange import sync
from quiz.schedule import DAY
from tests.conftest import ROOT
from tests.quiz.log.logs import line, lines_in, open_log, put

WRITER = """
import os, sys
from pathlib import Path
from tests.quiz.log.logs import answer, open_log
open_log(Path(sys.argv[1])).close()
print("ready", flush=True)
sys.stdin.readline()
# A process is forked for each round: importing everything anew would take most of the time.
while True:
    start = sys.stdin.readline().strip()
    if not start:
        break
    if child := os.fork():
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    os.write(1, f"child {os.getpid()}\\n".encode())
    log = open_log(Path(sys.argv[1]))
    for number in range(100000):
        log.add(answer(f"{start}/{number}", at=float(number)))
        os.write(1, f"saved {start}/{number}\\n".encode())  # at once: print() can be ended in the middle
"""

SYNCER = """
import os, sys
from pathlib import Path
from quiz.log.exchange import sync
print("ready", flush=True)
sys.stdin.readline()
while sys.stdin.readline().strip():
    if child := os.fork():
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    os.write(1, f"child {os.getpid()}\\n".encode())
    sync(Path(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)
"""


class Forker:
    """A program that forks a process at every line it is told, so that this can be killed."""

    def __init__(self, code: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.ended = 0.0
        """When the last forked process was gone."""
        assert self.hear() == "ready"
        self.say("go")

    def hear(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        heard = self.process.stdout.readline()
        assert heard.endswith("\n"), "the program has ended"
        return heard.strip()

    def say(self, text: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def round(self, text: str, pause: float) -> list[str]:
        """Fork a process, kill it after a pause (seconds); what it printed until then."""
        self.say(text)
        child = int(self.hear().split()[1])
        killer = threading.Timer(pause, self._kill, [child])
        killer.start()
        found = []
        while (heard := self.hear()) != "ended":
            found.append(heard)
        self.ended = time.perf_counter()
        killer.cancel()
        return found

    def _kill(self, child: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    def close(self) -> None:
        """End it."""
        self.process.communicate("\n")


def kill_writers(home: Path, times: int) -> None:
    """Kill a process that writes, at random moments; then look for every answer that it called saved."""
    dice = Random(7)
    forker = Forker(WRITER, str(home))
    saved = []
    for number in range(times):
        heard = forker.round(str(number), dice.uniform(0.0, 0.06))
        saved += [one.split()[1] for one in heard]
        if number % 20 == 0:
            assert len(open_log(home).reviews()) >= len(saved)
    forker.close()
    notices: list[str] = []
    found = [one.item for one in open_log(home, on_notice=notices.append).reviews()]
    assert len(saved) > times / 4  # or nothing is shown by this
    assert len(found) == len(set(found))
    assert set(saved) <= set(found)
    assert len(found) - len(saved) <= times  # at most the one that was on its way
    numbers = [decode(one).number for one in lines_in(home / "progress" / "small")]
    assert list(range(1, len(numbers) + 1)) == numbers
    (home / "cache").rename(home / "old-cache")
    assert found == [one.item for one in open_log(home).reviews()]


def test_a_writer_killed_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """200 moments."""
    kill_writers(tmp_path, 200)


@pytest.mark.bench
def test_a_writer_killed_at_any_of_many_moments_loses_nothing(tmp_path: Path) -> None:
    """2,000 moments."""
    kill_writers(tmp_path, 2000)


def kill_syncs(folder: Path, times: int) -> None:
    """Kill a merge at random moments: nothing is lost on either side, and the next one completes it."""
    dice = Random(7)
    mine, theirs = folder / "mine" / "small", folder / "theirs" / "small"
    here = [line("laptop", at, at=at * DAY) for at in range(1, 400)]
    there = [line("phone", at, at=at * DAY) for at in range(1, 300)]
    whole = [b"".join(one + b"\n" for one in lines) for lines in (here, there)]
    forker = Forker(SYNCER, str(mine.parent), str(theirs.parent))
    took, unfinished = 0.0, 0
    for number in range(times + 1):
        put(mine, laptop=here, phone=there[:50])
        put(theirs, phone=there, laptop=here[:70])
        started = time.perf_counter()
        forker.round("go", dice.uniform(0.0, took) if number else 3.0)
        took = took or forker.ended - started
        assert {*here, *there[:50]} <= set(lines_in(mine))
        assert {*there, *here[:70]} <= set(lines_in(theirs))
        unfinished += [
            mine.joinpath("phone.jsonl").read_bytes(),
            theirs.joinpath("laptop.jsonl").read_bytes(),
        ] != whole[::-1]
    forker.close()
    print(f"\n{unfinished} of {times} merges were killed before they were done, which takes {1000 * took:.0f} ms")
    assert unfinished > times / 20  # or nothing is shown by this
    sync(mine.parent, theirs.parent)
    for side in (mine, theirs):
        files = {path.name: path.read_bytes() for path in side.iterdir()}
        assert {"laptop.jsonl": whole[0], "phone.jsonl": whole[1], ".lock": b""} == files


def test_a_merge_killed_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """30 moments."""
    kill_syncs(tmp_path, 30)


@pytest.mark.bench
def test_a_merge_killed_at_any_of_many_moments_loses_nothing(tmp_path: Path) -> None:
    """300 moments."""
    kill_syncs(tmp_path, 300)


def test_two_processes_that_write_at_once_are_both_whole(tmp_path: Path) -> None:
    """Under one name, each line under a number of its own."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.quiz.log.logs import answer, open_log\n"
        "log = open_log(Path(sys.argv[1]))\n"
        "for at in range(40):\n    log.add(answer(f'{sys.argv[2]}/{at}', at=float(at)))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=ROOT) for name in ("1", "2", "3")
    ]
    assert [0, 0, 0] == [process.wait() for process in processes]
    log = open_log(tmp_path)
    assert {f"{name}/{at}" for name in "123" for at in range(40)} == {one.item for one in log.reviews()}
    assert 1 == len(list(log.folder.glob("*.jsonl")))
    assert list(range(1, 121)) == [decode(one).number for one in lines_in(log.folder)]
