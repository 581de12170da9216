"""Damage: whatever befalls the bytes of a log, no line is lost but those that were touched, and it is told which."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import KbError
from quiz.log.event import decode
from quiz.log.journal import is_event
from quiz.log.state import stamp
from quiz.schedule import DAY
from tests.quiz.log.logs import answer, key, line, lines_in, open_log, put
from tests.quiz.log.test_event import sealed

LINES = [line("laptop", number, f"61/{'abc'[number % 3]}") for number in range(1, 9)]
WHOLE = b"".join(one + b"\n" for one in LINES)

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["change", "insert", "remove"]),
        st.integers(0, len(WHOLE)),
        st.one_of(st.binary(min_size=1, max_size=300), st.just(b"\n"), st.just(b"\0" * 4096)),
    ),
    min_size=1,
    max_size=4,
)


def edited(data: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    """Bytes put into, changed in, or taken out of a file."""
    for how, at, piece in edits:
        rest = data[at + (how != "insert") * len(piece) :]
        data = data[:at] + (b"" if how == "remove" else piece) + rest
    return data


def told(notices: list[str]) -> int:
    """How many lines were called damaged or torn."""
    damaged = sum(int(count) for text in notices for count in re.findall(r"(\d+) damaged lines? ", text))
    return damaged + sum("torn" in text for text in notices)


@settings(max_examples=150)
@given(EDITS, st.booleans())
def test_what_was_not_touched_counts_and_what_was_is_told(edits: list[tuple[str, int, bytes]], is_known: bool) -> None:
    """With a cache of the sound file, and without one. The next answer is a line of its own."""
    with tempfile.TemporaryDirectory() as name:
        home, notices = Path(name), list[str]()
        folder = home / "progress" / "small"
        put(folder, laptop=LINES)
        if is_known:
            open_log(home).close()
        data = edited(WHOLE, edits)
        (folder / "laptop.jsonl").write_bytes(data)
        pieces = data.split(b"\n")
        whole = [one for one in LINES if one in {piece.rstrip(b"\r") for piece in pieces}]
        spoilt = {piece for piece in pieces if piece not in (b"", b"\r") and not is_event(piece)}
        log = open_log(home, on_notice=notices.append)
        assert [key(one)[:2] for one in whole] == [one.id for one in log.reviews()]
        assert len(spoilt) == told(notices)
        if is_known and len(whole) < len(LINES):
            assert any(re.search(rf"{len(LINES) - len(whole)} events? (is|are) gone", text) for text in notices)
        elif not is_known and whole and len(whole) < decode(whole[-1]).number:
            assert any(f"(laptop: {decode(whole[-1]).number - len(whole)})" in text for text in notices)
        aside = folder / "laptop.damaged"
        assert spoilt == (set(aside.read_bytes().split(b"\n")) - {b""} if aside.exists() else set())
        log.add(answer("61/d", at=20 * DAY))
        again = open_log(home, on_notice=notices.append)
        assert len(whole) + 1 == len(again.reviews())
        assert len(spoilt) == told(notices)  # once
        log.close()
        again.close()


@settings(max_examples=60)
@given(st.binary(max_size=2000))
def test_any_bytes_are_a_log(raw: bytes) -> None:
    """A file of anything beside a sound one: nothing is raised, and its neighbour loses nothing."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = home / "progress" / "small"
        put(folder, laptop=LINES)
        (folder / "other.jsonl").write_bytes(raw)
        log = open_log(home)
        assert len(LINES) == len(log.reviews())
        log.sync(home / "stick")
        assert set(LINES) == set(lines_in(home / "stick" / "small"))
        log.close()


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(
        {
            "v": st.just(1),
            "id": st.tuples(st.just("laptop"), st.integers(1, 2**53 - 1)),
            "at": st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
            "event": st.sampled_from(["answer", "undo", "amend", "redo", "reset", "parameters", "dream"]),
            "item": st.one_of(st.text(), st.just("\ud800")),
            "kind": st.text(),
            "given": st.one_of(st.text(), st.just("\0")),
            "correct": st.sampled_from([None, True, False]),
            "proposed": st.integers(1, 4),
            "rating": st.integers(1, 4),
            "seconds": st.floats(-1e9, 1e9, exclude_min=True, exclude_max=True),
            "of": st.lists(st.tuples(st.text(), st.integers(1, 2**53 - 1), st.text())),
            "parameters": st.just([]),
        }
    )
)
def test_any_event_can_be_taken_into_the_state(values: dict[str, object]) -> None:
    """Of any time between the years 1 and 9999, with any text."""
    with tempfile.TemporaryDirectory() as name:
        put(Path(name, "progress", "small"), laptop=[sealed(**values), *LINES])
        log = open_log(Path(name))
        assert len(LINES) <= len(log.reviews()) <= len(LINES) + 1
        log.memories()
        log.count_by_day(0.0)
        log.reset(0.0)
        log.close()


def test_a_log_that_was_emptied_is_told(tmp_path: Path, notices: list[str]) -> None:
    """Beside a history that the cache knows, an empty file is damage; what this machine writes from now on bears
    another name, so that the old lines may come back."""
    log = open_log(tmp_path)
    for at in range(3):
        log.add(answer(at=at * DAY))
    path = next(log.folder.glob("*.jsonl"))
    kept = path.read_bytes()
    path.write_bytes(b"")
    again = open_log(tmp_path, on_notice=notices.append)
    assert "3 events are gone from it; kb log restore FILE" in notices[0]
    assert "from now on it writes as" in notices[1]
    again.add(answer(at=9 * DAY))
    path.write_bytes(kept)
    assert 4 == len(open_log(tmp_path).reviews())


@pytest.mark.parametrize(
    "name", ["laptop (copy)", "laptop.sync-conflict-20261121-093000-ABCDEFG", "laptop-PC's conflict"]
)
def test_copies_that_synchronising_tools_leave_are_read(tmp_path: Path, name: str) -> None:
    """Doubles are harmless, what only the copy has counts, and a copy that goes again is no loss."""
    folder = tmp_path / "progress" / "small"
    put(folder, laptop=LINES[:6], **{name: LINES[:3] + LINES[5:]})
    assert len(LINES) == len(open_log(tmp_path).reviews())
    put(folder, laptop=LINES)
    (folder / f"{name}.jsonl").unlink()
    notices: list[str] = []
    assert len(LINES) == len(open_log(tmp_path, on_notice=notices.append).reviews())
    assert [] == notices


def test_a_line_that_is_still_on_its_way_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """A file of another device that a tool is copying right now."""
    folder = tmp_path / "progress" / "small"
    put(folder, laptop=LINES[:2])
    path = folder / "laptop.jsonl"
    path.write_bytes(path.read_bytes() + LINES[2][:50])
    log = open_log(tmp_path)
    assert 2 == len(log.reviews())
    with path.open("ab") as file:
        file.write(LINES[2][50:])
    log.refresh()
    assert 3 == len(log.reviews())
    with path.open("ab") as file:
        file.write(b"\n" + LINES[3] + b"\n")
    log.refresh()
    assert 4 == len(log.reviews())


def test_a_newer_format_is_kept_as_it_is(tmp_path: Path) -> None:
    """Read where it can be, never rewritten, and carried to other folders."""
    newer = sealed(v=9, id=["phone", 1], at="2026-01-01T00:00:00+00:00", event="dream", of="nothing")
    put(tmp_path / "progress" / "small", phone=[newer], laptop=LINES)
    notices: list[str] = []
    log = open_log(tmp_path, on_notice=notices.append)
    assert len(LINES) == len(log.reviews())
    log.sync(tmp_path / "stick")
    assert newer + b"\n" == (tmp_path / "stick" / "small" / "phone.jsonl").read_bytes()
    assert [] == notices


def test_a_file_that_goes_while_it_is_read_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that synchronises puts files away and back; one that cannot be read is told in a line."""
    put(tmp_path / "progress" / "small", laptop=LINES)
    seen: list[Path] = []

    def vanish(path: Path, error: OSError, times: int) -> str:
        seen.append(path)
        if len(seen) <= times:
            raise error
        return stamp(path)

    with monkeypatch.context() as patch:
        patch.setattr("quiz.log.state.stamp", lambda path: vanish(path, FileNotFoundError(2, "gone", str(path)), 2))
        assert len(LINES) == len(open_log(tmp_path).reviews())
    seen.clear()
    with monkeypatch.context() as patch:
        patch.setattr("quiz.log.state.stamp", lambda path: vanish(path, PermissionError(13, "no", str(path)), 99))
        with pytest.raises(KbError, match=r"cannot be read: .*laptop.jsonl.*; mend its permissions"):
            open_log(tmp_path)
