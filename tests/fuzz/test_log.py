"""The log: any bytes, any times, under any clock. What else befalls a log is tried in tests/quiz/log."""

import tempfile
import zlib
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from quiz.log.event import decode, encode
from quiz.log.journal import read
from quiz.schedule import EARLIEST, LATEST, Memory, recall_probability
from quiz.stats import local_day, streak
from tests.fuzz.typing_strategies import CHARACTERS
from tests.quiz.log.logs import answer, line, lines_in, open_log, put

TIMES = st.one_of(st.floats(), st.floats(-1e11, 3e11), st.sampled_from([0.0, -1.0, EARLIEST, LATEST, 4_102_444_800.0]))


@given(st.binary(), st.integers(0, 5), st.binary(max_size=200))
@example(b"", 0, b'{"v":1,"id":["a",1],"at":"0001-01-01T00:00:00+23:59","event":"answer"}')
def test_any_bytes_are_read(data: bytes, at: int, body: bytes) -> None:
    """Beside sound lines, which all count; also under a check that fits."""
    sound = [line("laptop", number) for number in range(1, 4)]
    sealed = body.replace(b"\n", b"")[:-1]
    pieces = [*sound, sealed + b',"check":"%08x"}' % zlib.crc32(sealed)]
    pieces.insert(at % 5, data)
    whole = b"\n".join(pieces)
    found = read(Path("laptop.jsonl"), whole)
    assert {decode(one) for one in sound} <= set(found.events)
    assert found.size <= len(whole)
    for one in found.damages:
        assert one.raw in whole


@given(TIMES, TIMES, st.text(CHARACTERS, max_size=20), st.floats())
def test_any_clock_is_lived_with(now: float, at: float, typed: str, due: float) -> None:
    """An answer is written, read, counted, corrected and taken back, whenever it was."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        put(home / "progress" / "small", laptop=[encode(("laptop", 1), at, "dream", {"said": typed})])
        log = open_log(home, now=now if now == now else 0.0)
        saved, memory = log.add(answer(at=at))
        assert EARLIEST <= decode(lines_in(log.folder)[-1]).at <= LATEST
        assert memory.due >= memory.last
        assert 0 <= recall_probability(memory, now if now == now else 0.0) <= 1
        days = log.count_by_day(float("-inf"))
        assert sum(days.values()) == 1
        assert streak(days, now) >= 0
        assert log.undo(now) is not None
        assert len(log.redo(now)) == 1
        assert len(log.reviews()) == 1
        assert saved.key == log.reviews()[0].key
        log.close()
    assert len(local_day(Memory(1.0, 5.0, at, due).due)) == 10
