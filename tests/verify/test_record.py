"""Records: verified, stale or unverified, for the torch that is installed."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kb.deck.summary import Summary
from kb.verify.record import FILE, Record, Standing, check_records, read_records, standing
from kb.verify.recording import write_records

HEAD = Summary(61, "mean", "training", 1, (), (), (), (), {"en": "?"}, {"en": "."}, "aaa")
RECORD = Record(61, "snippet", "", "aaa", "2.13.0", "cpu", "passed", 1.0, 200.0, "Linux x86_64")


def changed(**fields: Any) -> Record:
    """The record with other fields."""
    return RECORD._replace(**fields)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], (Standing.UNVERIFIED, ())),
        ([RECORD], (Standing.VERIFIED, ("cpu",))),
        ([RECORD, changed(device="cuda")], (Standing.VERIFIED, ("cpu", "cuda"))),
        ([changed(sha256="bbb")], (Standing.STALE, ())),
        ([changed(torch="2.12.0")], (Standing.STALE, ())),
        ([changed(outcome="failed")], (Standing.STALE, ())),
        ([RECORD, changed(device="cuda", outcome="failed")], (Standing.VERIFIED, ("cpu",))),
        ([changed(entry=62)], (Standing.UNVERIFIED, ())),
        ([changed(what="predict", id="x")], (Standing.UNVERIFIED, ())),
    ],
)
def test_standing(records: list[Record], expected: tuple[Standing, tuple[str, ...]]) -> None:
    """It hangs on the snippet's hash, the torch version and the device."""
    assert expected == standing(HEAD, records, "2.13.0+cpu")


def test_records_replace_their_own_place_alone(tmp_path: Path) -> None:
    """A new verification replaces the old one on the same torch and device; a failed one takes it out."""
    other = changed(device="cuda")
    write_records(tmp_path, tmp_path, [RECORD, other])
    newer = changed(seconds=2.0)
    write_records(tmp_path, tmp_path, [newer])
    assert {newer, other} == set(read_records(tmp_path))
    write_records(tmp_path, tmp_path, [], [RECORD.place])
    assert (other,) == read_records(tmp_path)


def test_shards_that_end_at_once_lose_no_record(tmp_path: Path) -> None:
    """Each reads what is there and writes all of it: one after the other, and none twice at a time."""
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write_records, tmp_path, tmp_path, [changed(entry=at)]) for at in range(100, 180)]:
            done.result()
    assert [one.entry for one in read_records(tmp_path)] == [*range(100, 180)]


def test_damaged_file_is_no_record(tmp_path: Path) -> None:
    """It can be written anew, so it is no error."""
    (tmp_path / FILE).write_text("{")
    assert read_records(tmp_path) == ()


LINE = {
    "entry": 61,
    "what": "snippet",
    "id": "",
    "sha256": "0",
    "torch": "2.13.0",
    "device": "cpu",
    "outcome": "passed",
    "seconds": 1,
    "peak_mb": 2.5,
    "platform": "Linux x86_64",
}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "cannot be read: Expecting value"),
        (b"[1]", "holds no records; kb verify --record writes it anew"),
        (b'{"records": 3}', "holds no records; kb verify --record writes it anew"),
        (b'{"records": ' + b"[" * 100_000, "cannot be read: nested too deep; mend it"),
        (b'{"records": ' + b"9" * 5_000 + b"}", "cannot be read: Exceeds the limit"),
        ('{"records": []}'.encode("utf-16"), "saved as UTF-16; save it as UTF-8"),
    ],
)
def test_file_without_records(tmp_path: Path, data: bytes, complaint: str) -> None:
    """It has a complaint, and no record."""
    (tmp_path / "verified.json").write_bytes(data)
    assert () == read_records(tmp_path)
    (found,) = check_records(tmp_path)
    assert found.message.startswith(complaint)


@pytest.mark.parametrize(
    "line", [3, [], {}, {**LINE, "entry": "61"}, {**LINE, "entry": True}, {**LINE, "seconds": None}, {**LINE, "x": 1}]
)
def test_record_that_is_none(tmp_path: Path, line: object) -> None:
    """It is left out and told; the others are read, an editor's mark before them or not."""
    text = json.dumps({"schema": 1, "records": [LINE, line, {**LINE, "entry": 62}]})
    (tmp_path / "verified.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [61, 62] == [record.entry for record in read_records(tmp_path)]
    expected = "verified.json:0: 1 record cannot be read; kb verify --record writes them anew"
    assert [expected] == [str(one) for one in check_records(tmp_path)]
