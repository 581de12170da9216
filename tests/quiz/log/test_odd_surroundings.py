"""Odd surroundings: clocks that were never set, folders in the place of files, names that are no text."""

import math
import os
from datetime import datetime
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.deck.manifest import read_deck
from kb.errors import KbError
from kb.screen.messages import Speech
from quiz.kinds.table import all_kinds
from quiz.log.claims import FILE, log_id
from quiz.log.device import FILE as DEVICE
from quiz.log.device import device_name
from quiz.log.event import decode, encode
from quiz.schedule import EARLIEST, LATEST, on_calendar
from quiz.stats import done_today, gather, local_day, streak
from quiz.undo_lines import answer_text
from tests.quiz.log.logs import answer, line, open_log, put
from tests.quiz.log.test_claims import make_deck

YEAR_2100, YEAR_9999 = 4_102_444_800.0, 253_402_214_400.0

TIMES = (0.0, 0.5, -1.0, -1e9, -6e10, 1e9, YEAR_2100, YEAR_9999, 1e12, -1e12, 1e300, -1e300, math.inf, -math.inf)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Shanghai"])
@pytest.mark.parametrize("at", [*TIMES, math.nan])
def test_any_time_is_one_of_the_calendar(at: float, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written, shown and counted; on the calendar nothing is changed."""
    monkeypatch.setenv("TZ", zone)
    import time

    time.tzset()
    try:
        read = decode(encode(("a", 1), at, "dream", {}))
        assert EARLIEST <= read.at <= LATEST
        assert read.at == pytest.approx(on_calendar(at), abs=1e-4)
        assert len(local_day(at)) == 10
        assert "61/a" in answer_text(answer(at=at), Speech("en"))
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("now", TIMES[:9])
def test_statistics_at_any_time(deck: Path, tmp_path: Path, now: float) -> None:
    """Of a log whose clock said anything."""
    times = [at for at in TIMES if EARLIEST <= at <= LATEST]
    lines = [line("laptop", number, f"61/{name}", at=at) for number, (name, at) in enumerate(_named(times), 1)]
    put(tmp_path / "progress" / "small", laptop=lines)
    log = open_log(tmp_path, now=now)
    found = gather(Library.open(deck, None, all_kinds), log, now)
    assert found.whole.right.whole == len(times)
    assert found.due + sum(found.forecast) <= 5
    done_today(log, now)
    taken = log.undo(now)
    assert taken is not None
    log.add(answer(at=now))
    assert log.totals()[0] == len(times)
    log.close()


def _named(times: list[float]) -> list[tuple[str, float]]:
    names = ("which-value", "which-hold", "printed", "counted", "recall")
    return [(names[at % len(names)], time) for at, time in enumerate(times)]


def test_a_change_of_the_zone_keeps_every_answer(deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of answers and memories do not hang on where the learner is."""
    import time

    library = Library.open(deck, None, all_kinds)
    seen = []
    now = 1_790_000_000.0
    try:
        for zone in ("Asia/Shanghai", "America/New_York", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            log = open_log(tmp_path, now=now)
            log.add(answer("61/which-value", at=now - 3600))
            found = gather(library, log, now)
            seen.append((found.whole.right.whole, found.whole.remembered, sum(found.days.values())))
            log.close()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [1, 2, 3] == [answers for answers, *_ in seen]
    assert [1, 2, 3] == [days for *_, days in seen]


def test_a_journey_breaks_no_streak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer each day in Shanghai, one just after midnight and one just before; then in New York, where the first
    would have been the day before its own."""
    import time

    try:
        for zone, *when in (
            ("Asia/Shanghai", (2026, 3, 2, 0, 30), (2026, 3, 3, 23, 30)),
            ("America/New_York", (2026, 3, 4, 20, 0)),
        ):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            for one in when:
                log = open_log(tmp_path)
                log.add(answer(at=datetime(*one).timestamp()))
                log.close()
        now = datetime(2026, 3, 4, 21).timestamp()
        days = open_log(tmp_path).count_by_day(0.0)
        assert {"2026-03-02": 1, "2026-03-03": 1, "2026-03-04": 1} == days
        assert streak(days, now) == 3
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff", b"1e999", b'{"/x": {"a": "b"}}'),
        *(b'{"/x": 1, "/y": null}', b'{"\\u0000": "a", "\\ud800": "b"}'),
    ],
)
def test_any_claims_are_read(tmp_path: Path, text: bytes) -> None:
    """What is damaged is made anew."""
    data = tmp_path / "data"
    data.mkdir()
    (data / FILE).write_bytes(text)
    assert log_id(read_deck(make_deck(tmp_path / "a"))[0], data).startswith("mine-")


def test_folders_in_the_place_of_files(tmp_path: Path, notices: list[str]) -> None:
    """Of the claims and the lock: nobody notices. Of the device's name: nothing can be written, and that is told."""
    data = tmp_path / "data"
    for name in (FILE, ".lock"):
        (data / name).mkdir(parents=True)
    (tmp_path / "progress" / "small" / ".lock").mkdir(parents=True)
    (tmp_path / "progress" / "small" / "other.jsonl").mkdir()
    assert log_id(read_deck(make_deck(tmp_path / "a"))[0], data).startswith("mine-")
    log = open_log(tmp_path, on_notice=notices.append)
    log.add(answer())
    assert len(log.reviews()) == 1
    assert [] == notices
    log.close()
    (data / DEVICE).unlink()
    (data / DEVICE).mkdir()
    with pytest.raises(KbError, match=r"no name can be kept in .*device"):
        open_log(tmp_path).add(answer())


@pytest.mark.parametrize("kept", [b"", b"\xff\xfe", b"../a\n", b"A B", b"x" * 1000, b"\0"])
def test_a_damaged_name_is_made_anew(tmp_path: Path, kept: bytes) -> None:
    """It is then kept."""
    (tmp_path / DEVICE).write_bytes(kept)
    name = device_name(tmp_path)
    assert name == device_name(tmp_path)
    assert kept != (tmp_path / DEVICE).read_bytes()


def test_a_log_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    """And what is in it counts."""
    folder = tmp_path / "progress" / "small"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"lap\xfftop.jsonl")).write_bytes(line("laptop", 1) + b"\n")
    log = open_log(tmp_path)
    assert len(log.reviews()) == 1
    log.close()
