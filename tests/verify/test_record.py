"""Records: verified, stale or unverified, for the torch that is installed."""

from pathlib import Path
from typing import Any

import pytest

from kb.deck.summary import Summary
from kb.verify.record import FILE, Record, Standing, read_records, standing, write_records

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
    write_records(tmp_path, [RECORD, other])
    newer = changed(seconds=2.0)
    write_records(tmp_path, [newer])
    assert {newer, other} == set(read_records(tmp_path))
    write_records(tmp_path, [], [RECORD.place])
    assert (other,) == read_records(tmp_path)


def test_damaged_file_is_no_record(tmp_path: Path) -> None:
    """It can be written anew, so it is no error."""
    (tmp_path / FILE).write_text("{")
    assert read_records(tmp_path) == ()
