"""Event: a line of the log says what was written, or that it is damaged."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quiz.log.event import Event, Review, _decode_json, answer_values, change_values, decode, encode
from quiz.schedule import Rating

ANSWER = Review("61/a", 1_700_000_000.25, "choice", "1\n2，", True, Rating.GOOD, Rating.EASY, 2.5)


def sealed(**values: object) -> bytes:
    """A line with a check, whatever it holds."""
    body = json.dumps(values, separators=(",", ":")).encode()[:-1]
    return body + b',"check":"%08x"}' % zlib.crc32(body)


@given(st.text(), st.text(), st.floats(-6e10, 2e11), st.one_of(st.none(), st.booleans()), st.floats(0, 1e6))
def test_an_answer_is_read_as_it_was_written(
    item: str, given_: str, at: float, correct: bool | None, seconds: float
) -> None:
    """Whatever was typed; on one line, whose end nothing in it can be taken for."""
    line = encode(
        ("laptop-a", 3),
        at,
        "answer",
        answer_values(Review(item, at, "k", given_, correct, Rating(1), Rating(2), seconds)),
    )
    assert b"\n" not in line
    read = decode(line)
    assert (item, given_, correct, 1, 2) == (read.item, read.given, read.correct, read.proposed, read.rating)
    assert (read.device, read.number, read.what) == ("laptop-a", 3, "answer")
    assert read.at == pytest.approx(at, abs=1e-4)
    assert read.seconds == pytest.approx(seconds, abs=1e-3)


@given(st.text(), st.text(), st.floats(-6e10, 2e11), st.one_of(st.none(), st.booleans()), st.floats(-1e6, 1e6))
def test_the_quick_way_reads_what_json_says(
    item: str, given_: str, at: float, correct: bool | None, seconds: float
) -> None:
    """Answers are read without JSON where they can be: to the same event."""
    one = Review(item, at, "k", given_, correct, Rating(1), Rating(2), seconds)
    line = encode(("laptop-a", 3), at, "answer", answer_values(one))
    assert decode(line) == _decode_json(line.decode())


def test_the_time_has_a_zone() -> None:
    """A person reads when it was where the learner was."""
    at = json.loads(encode(("a", 1), 0.0, "answer", answer_values(ANSWER)))["at"]
    assert at.startswith(("1970-01-01T", "1969-12-31T"))
    assert at[-6] in "+-"


def test_changes_name_their_events() -> None:
    """Undo, amend and the like."""
    line = encode(("a", 2), 5.0, "amend", change_values([("a", 1, "00000000")], rating=4))
    assert Event("a", 2, decode(line).check, 5.0, "amend", rating=4, of=(("a", 1, "00000000"),)) == decode(line)


@given(st.data())
def test_no_change_of_a_line_goes_unnoticed(data: st.DataObject) -> None:
    """One byte changed, put in or taken out, anywhere."""
    line = encode(("a", 1), 0.0, "answer", answer_values(ANSWER))
    at = data.draw(st.integers(0, len(line) - 1))
    new = bytes([data.draw(st.integers(0, 255).filter(lambda one: one != line[at]))])
    how = data.draw(st.sampled_from("change insert delete".split()))
    spoiled = line[:at] + (b"" if how == "delete" else new) + line[at + (how != "insert") :]
    with pytest.raises(ValueError, match=r"\w"):
        decode(spoiled)


@given(st.binary())
def test_any_bytes_are_an_event_or_damaged(raw: bytes) -> None:
    """Nothing else is ever raised."""
    with pytest.raises(ValueError, match=r"\w"):
        decode(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "v": st.sampled_from([1, 2, "1", None, True]),
            "id": st.one_of(JSON, st.tuples(st.sampled_from(["a", "../a", "A", "", "a b"]), st.integers())),
            "at": st.one_of(
                JSON, st.sampled_from(["1970-01-01T00:00:00+00:00", "0001-01-01T00:00:00+23:00", "2026-01-01"])
            ),
            "event": st.one_of(JSON, st.sampled_from(["answer", "undo", "amend", "redo", "reset", "parameters"])),
            **dict.fromkeys(
                ("item", "kind", "given", "correct", "proposed", "rating", "seconds", "of", "parameters"), JSON
            ),
        },
    )
)
def test_any_values_under_a_sound_check_are_an_event_or_damaged(values: dict[str, object]) -> None:
    """A line that another program wrote, with whatever types: a state can be kept of what is read."""
    try:
        read = decode(sealed(**values))
    except ValueError:
        return
    assert read.number > 0
    assert "/" not in read.device
    "".join((read.item, read.kind, read.given, read.what)).encode()


def test_a_newer_format_is_kept_and_used_as_far_as_possible() -> None:
    """Unknown fields are no damage, nor are unknown events, nor fields of another shape under a higher format."""
    answer = {"v": 2, "id": ["a", 1], "at": "1970-01-01T00:00:00+00:00", "event": "answer", **answer_values(ANSWER)}
    assert decode(sealed(**answer, mood="good")).item == "61/a"
    assert decode(sealed(**{**answer, "event": "dream"})).what == "dream"
    assert decode(sealed(**{**answer, "rating": "fair"})).what == "newer"
    with pytest.raises(ValueError, match="no rating"):
        decode(sealed(**{**answer, "v": 1, "rating": "fair"}))


def test_line_ends_of_other_systems_are_no_damage() -> None:
    """git may write CRLF."""
    line = encode(("a", 1), 0.0, "answer", answer_values(ANSWER))
    assert decode(line) == decode(line + b"\r")
