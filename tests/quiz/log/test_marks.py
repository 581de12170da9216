"""Marks: what was buried, suspended and flagged is the newest word on each, whichever way the lines came."""

import json
import tempfile
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quiz.log.answers import Marks
from quiz.log.event import Marking, decode, encode, marking_values
from quiz.log.log import Log
from quiz.schedule import DAY, Rating
from tests.quiz.log.logs import NOW, answer, line, lines_in, open_log, put

TODAY, TOMORROW = "2026-09-21", "2026-09-22"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """An empty log."""
    return open_log(tmp_path)


def test_every_mark_is_one_line_of_its_own(log: Log) -> None:
    """It names item and sort, and a replay of the lines alone comes to the same."""
    log.mark("61/a", Marking.SUSPEND, TODAY, NOW)
    log.mark("61/b", Marking.BURY, TODAY, NOW)
    log.mark("62/a", Marking.FLAG, TODAY, NOW)
    expected = Marks(frozenset({"61/a"}), frozenset({"61/b"}), frozenset({"62/a"}))
    assert expected == log.marks(TODAY)
    events = [json.loads(one) for one in lines_in(log.folder)]
    assert [(one["event"], one["item"], one["on"], one["day"]) for one in events] == [
        ("suspend", "61/a", True, TODAY),
        ("bury", "61/b", True, TODAY),
        ("flag", "62/a", True, TODAY),
    ]


def test_buried_only_for_the_day(log: Log) -> None:
    """Tomorrow it is asked again; what is suspended stays so."""
    log.mark("61/a", Marking.BURY, TODAY, NOW)
    log.mark("61/b", Marking.SUSPEND, TODAY, NOW)
    assert log.marks(TODAY).is_out("61/a")
    assert not log.marks(TOMORROW).is_out("61/a")
    assert log.marks(TOMORROW).is_out("61/b")


def test_marks_change_no_memory(log: Log) -> None:
    """No answer comes or goes with them, and undo takes the last answer, not a mark."""
    kept, _ = log.add(answer(at=NOW - DAY))
    before = log.memories()
    for marking in Marking:
        log.mark("61/a", marking, TODAY, NOW)
    assert before == log.memories()
    assert kept == log.undo(NOW + 1)
    assert log.marks(TODAY).flagged == {"61/a"}
    assert log.redo(NOW + 2) == [kept]


def test_mark_is_taken_back_whatever_the_clock_says(log: Log) -> None:
    """The clock went back a year in between; the later word counts."""
    log.mark("61/a", Marking.SUSPEND, TODAY, NOW)
    log.mark("61/a", Marking.SUSPEND, "", NOW - 365 * DAY)
    assert log.marks(TODAY) == Marks()
    log.mark("61/a", Marking.SUSPEND, TODAY, NOW - 400 * DAY)
    assert log.marks(TODAY).suspended == {"61/a"}


MARKED = st.lists(
    st.tuples(
        st.sampled_from(["laptop", "tablet"]),
        st.sampled_from(["61/a", "61/b"]),
        st.sampled_from(Marking),
        st.sampled_from([TODAY, ""]),
        st.integers(0, 3),
    ),
    max_size=8,
)
"""Device, item, sort, day, and the time in seconds."""


@settings(max_examples=40)
@given(MARKED)
def test_marks_are_the_newest_words_in_any_order(marked: list[tuple[str, str, Marking, str, int]]) -> None:
    """Two devices that were apart come to the same, whichever file comes first, all at once or one after the other."""
    lines: dict[str, list[bytes]] = {"laptop": [], "tablet": []}
    newest: dict[tuple[Marking, str], tuple[float, str, int, str]] = {}
    for device, item, marking, day, at in marked:
        lines[device].append(encode((device, len(lines[device]) + 1), at, str(marking), marking_values(item, day)))
        word = (float(at), device, len(lines[device]), day)
        newest[marking, item] = max(newest.get((marking, item), word), word)
    on = {marking: {item for (one, item), word in newest.items() if word[3] and one is marking} for marking in Marking}
    expected = Marks(*(frozenset(on[one]) for one in (Marking.SUSPEND, Marking.BURY, Marking.FLAG)))
    for order in permutations(lines):
        with tempfile.TemporaryDirectory() as folder:
            log = open_log(Path(folder))
            for device in order:
                put(log.folder, **{device: lines[device]})
                log.refresh()
            assert expected == log.marks(TODAY) == open_log(Path(folder)).marks(TODAY)


@pytest.mark.parametrize(
    "values",
    [{"item": 61, "on": True, "day": TODAY}, {"item": "61/a", "on": 1, "day": TODAY}, {"item": "61/a", "on": True},
     {"item": "61/a", "on": True, "day": "today"}, {"on": False}],
)  # fmt: skip
def test_line_that_is_no_marking_is_damaged(values: dict[str, object]) -> None:
    """It is told as such, and none else is lost for it."""
    with pytest.raises(ValueError, match="no event"):
        decode(encode(("laptop", 1), 0.0, "suspend", values))


def test_merged_with_another_folder(tmp_path: Path) -> None:
    """Marks travel with the lines; doing it twice changes nothing."""
    one, other = open_log(tmp_path / "one"), open_log(tmp_path / "other")
    one.mark("61/a", Marking.SUSPEND, TODAY, NOW)
    other.mark("61/b", Marking.FLAG, TODAY, NOW)
    for _ in range(2):
        one.sync(tmp_path / "other" / "progress")
        other.refresh()
        assert one.marks(TODAY) == other.marks(TODAY) == Marks(frozenset({"61/a"}), frozenset(), frozenset({"61/b"}))


def test_known_is_what_was_answered_right_once(log: Log) -> None:
    """Once is enough; a wrong answer that was rated well is none, nor is a right one that was rated again or taken
    back; a recall card is what the learner says."""
    put(log.folder, laptop=[line("laptop", 1, "61/a", 3), line("laptop", 2, "61/a", 1), line("laptop", 3, "61/b", 1)])
    log.refresh()
    wrong, _ = log.add(answer("61/c", Rating.AGAIN, NOW - DAY))
    log.amend(wrong.key, Rating.GOOD, NOW)
    lucky, _ = log.add(answer("61/d", Rating.GOOD, NOW - DAY))
    log.amend(lucky.key, Rating.AGAIN, NOW)
    log.add(answer("61/e", Rating.GOOD, NOW))
    log.undo(NOW)
    assert log.known() == {"61/a"}
