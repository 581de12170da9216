"""Log: lines are the truth, and everything else is their replay."""

import os
import sqlite3
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quiz.log.answers import ENOUGH, Tally
from quiz.log.event import Id, Review
from quiz.log.log import Log
from quiz.schedule import DAY, DEFAULT, Rating, replay
from tests.quiz.log.logs import NOW, answer, line, lines_in, open_log, put

ITEMS = ("61/a", "61/b", "62/a")

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ITEMS), st.sampled_from(Rating), st.floats(0, 40)),
        st.sampled_from(Rating),
        st.sampled_from(["undo", "redo", "reset 61", "reset 62/a", "reset", "reopen", "forget"]),
    ),
    max_size=15,
)
"""Answers with the days since the one before, corrections of the last answer, and the rest by name."""


@settings(max_examples=60)
@given(ACTIONS)
def test_state_is_the_replay_of_the_log(actions: list[tuple[str, Rating, float] | Rating | str]) -> None:
    """After any answers, corrections, undos, resets and redos, what is known of each item is the replay of the answers
    that count, and each of these acts was one line."""
    with tempfile.TemporaryDirectory() as folder:
        log = open_log(Path(folder))
        counted: list[Review] = []
        taken: list[list[Review]] = []
        now, events = DAY, 0
        for action in actions:
            now += 1
            if isinstance(action, Rating):
                if counted:
                    log.amend(counted[-1].key, action, now)
                    counted[-1] = replace(counted[-1], rating=action)
                    events += 1
            elif isinstance(action, tuple):
                item, rating, days = action
                now = round(now + days * DAY, 3)
                counted.append(log.add(answer(item, rating, now))[0])
                events += 1
            elif action == "undo":
                back = log.undo(now)
                assert (counted[-1] if counted else None) == back
                taken += [[counted.pop()]] if back else []
                events += back is not None
            elif action == "redo":
                given_back = log.redo(now)
                assert (taken[-1] if taken else []) == given_back
                counted = sorted(counted + given_back, key=lambda one: one.at)
                events += bool(taken)
                taken = taken[:-1]
            elif action.startswith("reset"):
                _, _, which = action.partition(" ")
                gone = [one for one in counted if which in ("", one.item, one.item[:2])]
                assert len(gone) == log.reset(now, [which] if which else None)
                counted = [one for one in counted if one not in gone]
                taken += [gone] if gone else []
                events += bool(gone)
            else:
                if action == "forget":
                    for path in Path(folder, "cache").iterdir():
                        path.unlink()
                log = open_log(Path(folder))
        assert counted == log.reviews()
        expected = {
            item: replay((one.rating, one.at) for one in counted if one.item == item)
            for item in {one.item for one in counted}
        }
        assert expected == log.memories()
        assert expected == open_log(Path(folder)).memories()
        assert events == len(lines_in(log.folder))


def test_undone_prefix_equals_never_having_answered(tmp_path: Path) -> None:
    """Undoing the last answers leaves the very state that was there before them; redoing them brings it back."""
    log = open_log(tmp_path)
    states = [log.memories()]
    for at in range(12):
        log.add(answer(f"61/{'abc'[at % 3]}", Rating(1 + at % 4), at * 2 * DAY))
        states.append(log.memories())
    for state in reversed(states[:-1]):
        log.undo(99 * DAY)
        assert state == log.memories()
    assert log.undo(99 * DAY) is None
    for at, state in enumerate(states[1:]):
        assert [at * 2 * DAY] == [one.at for one in log.redo(100 * DAY)]
        assert state == log.memories()
    assert [] == log.redo(101 * DAY)


def test_an_answer_can_be_taken_back_by_name(tmp_path: Path) -> None:
    """Once; and what does not count any more cannot be corrected."""
    log = open_log(tmp_path)
    first, _ = log.add(answer(at=DAY))
    log.add(answer(at=2 * DAY))
    assert first == log.undo(3 * DAY, first.key)
    assert log.undo(3 * DAY, first.key) is None
    assert log.amend(first.key, Rating.EASY, 4 * DAY) is None
    assert log.last(first.key) is None
    assert log.undo(3 * DAY, ("nobody", 7, "")) is None
    assert 3 == len(lines_in(log.folder))


def test_a_correction_counts_whatever_the_clock_says(tmp_path: Path) -> None:
    """Of ratings and of parameters: what is written last wins on a machine whose clock was set back."""
    log = open_log(tmp_path)
    one, _ = log.add(answer(at=5 * DAY))
    log.amend(one.key, Rating.EASY, 9 * DAY)
    log.amend(one.key, Rating.HARD, 6 * DAY)
    log.set_parameters((*DEFAULT[:20], 0.3))
    back = open_log(tmp_path, now=7 * DAY)
    back.set_parameters((*DEFAULT[:20], 0.4))
    assert [Rating.HARD] == [one.rating for one in back.reviews()]
    assert (*DEFAULT[:20], 0.4) == open_log(tmp_path).parameters


def test_other_parameters_make_the_state_anew(tmp_path: Path) -> None:
    """They belong to the log; the state is its replay by them, also after opening again and without a cache."""
    log = open_log(tmp_path)
    for at in (0, 3, 9):
        log.add(answer(at=at * DAY))
    default = log.memories()
    mine = tuple(value * 1.1 for value in DEFAULT)
    log.set_parameters(mine)
    expected = {"61/a": replay([(Rating.GOOD, at * DAY) for at in (0, 3, 9)], mine)}
    assert expected == log.memories() != default
    other = Log(tmp_path / "progress", "small", tmp_path / "data", tmp_path / "other-cache")
    assert (expected, mine) == (other.memories(), other.parameters)
    log.set_parameters(())
    assert default == log.memories()


def test_two_decks_with_the_same_numbers_share_nothing(tmp_path: Path) -> None:
    """Neither memories, nor undo, nor reset."""
    first, second = open_log(tmp_path, deck="first"), open_log(tmp_path, deck="second")
    first.add(answer())
    assert {} == second.memories()
    assert second.undo(DAY) is None
    assert 0 == second.reset(DAY)
    assert {"61/a"} == first.memories().keys()


def test_two_logs_at_once_lose_nothing(tmp_path: Path) -> None:
    """Threads, with a log each and one together."""
    shared = open_log(tmp_path)

    def work(item: str, log: Log) -> None:
        for at in range(20):
            log.add(answer(item, at=at * DAY))

    logs = [open_log(tmp_path), open_log(tmp_path), shared, shared]
    threads = [threading.Thread(target=work, args=(f"61/{at}", log)) for at, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 80 == len(open_log(tmp_path).reviews()) == len(shared.reviews())
    assert sorted(range(1, 81)) == sorted(one.id[1] for one in shared.reviews())


def test_usual_time_is_the_median_of_right_answers(tmp_path: Path) -> None:
    """Wrong answers and other kinds do not count; too few tell nothing."""
    log = open_log(tmp_path)
    for at in range(ENOUGH):
        assert log.usual_seconds("choice") is None
        log.add(replace(answer(at=at), seconds=float(at)))
        log.add(replace(answer(at=at, rating=Rating.AGAIN), seconds=900.0))
    assert (ENOUGH - 1) / 2 == log.usual_seconds("choice")
    assert log.usual_seconds("code") is None


def test_counts(tmp_path: Path) -> None:
    """What stats need, of the answers that count."""
    log = open_log(tmp_path)
    for item, days, rating in (("61/a", 0, 3), ("61/a", 1, 1), ("61/a", 1.1, 3), ("61/b", 2, 1), ("61/b", 9, 3)):
        log.add(answer(item, Rating(rating), days * DAY))
    log.add(answer("62/a", at=9 * DAY))
    log.undo(10 * DAY)
    assert (5, 3) == log.totals()
    assert {"61/a": Tally(3, 2, 1, 0, 0, 0), "61/b": Tally(2, 1, 1, 1, 1, 1)} == log.tally(DAY / 2, 5 * DAY)
    assert 1 == log.count_since(DAY / 2, 5 * DAY)
    assert 2 == log.count_since(DAY / 2, 0.0)
    assert [1, 1, 1] == list(log.count_by_day(1.05 * DAY).values())
    assert {"61/a": [3, 1, 3], "61/b": [1, 3]} == {
        item: [int(rating) for rating, _ in history] for item, history in log.histories().items()
    }


# The future


def test_an_answer_from_the_future_does_not_poison_the_schedule(tmp_path: Path, notices: list[str]) -> None:
    """A clock that was years ahead: the answer counts as given when that machine last wrote before, which is told; the
    item comes soon, and it can be taken out."""
    ahead = open_log(tmp_path, now=NOW + 3000 * DAY)
    ahead.add(answer("61/a", at=NOW - 10 * DAY))
    ahead.add(answer("61/b", at=NOW - 2 * DAY))
    far, _ = ahead.add(answer("61/a", at=NOW + 3000 * DAY))
    log = open_log(tmp_path, on_notice=notices.append)
    assert 1 == len(notices)
    assert "1 answer lies in the future (61/a)" in notices[0]
    expected = replay([(Rating.GOOD, NOW - 10 * DAY), (Rating.GOOD, NOW - 2 * DAY)])
    assert expected == log.memory("61/a")
    open_log(tmp_path, on_notice=notices.append)
    assert 1 == len(notices)
    log.undo(NOW, far.key)
    assert replay([(Rating.GOOD, NOW - 10 * DAY)]) == log.memory("61/a")


def test_what_lay_in_the_future_counts_when_its_time_has_come(tmp_path: Path) -> None:
    """The state is the same whether the cache saw it come or not."""
    ahead = open_log(tmp_path, now=NOW + 90 * DAY)
    ahead.add(answer("61/a", at=NOW))
    ahead.add(answer("61/a", at=NOW + 90 * DAY))
    assert NOW == open_log(tmp_path).reviews()[1].at
    later = open_log(tmp_path, now=NOW + 90 * DAY)
    assert NOW + 90 * DAY == later.reviews()[1].at == later.memories()["61/a"].last


# The cache


@pytest.mark.parametrize("how", ["gone", "empty", "junk", "half", "other format", "folder"])
def test_a_cache_that_is_spoilt_is_made_anew(tmp_path: Path, how: str) -> None:
    """Nothing is told, for nothing is lost."""
    log = open_log(tmp_path)
    for at in range(30):
        log.add(answer(ITEMS[at % 3], at=at * DAY))
    before = log.memories(), log.reviews()
    (path,) = (tmp_path / "cache").glob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if how == "other format":
            connection.execute("PRAGMA user_version = 99")
            connection.execute("DROP TABLE answer")
    connection.close()
    log.close()
    if how == "gone":
        path.unlink()
    elif how == "folder":
        path.unlink()
        for other in (tmp_path / "cache").iterdir():
            other.unlink()
        path.mkdir()
    elif how != "other format":
        data = path.read_bytes()
        path.write_bytes({"empty": b"", "junk": b"no database " * 900, "half": data[: len(data) // 2]}[how])
    notices: list[str] = []
    again = open_log(tmp_path, on_notice=notices.append)
    assert before == (again.memories(), again.reviews())
    assert 31 == again.add(answer(at=40 * DAY))[0].id[1]
    assert [] == notices


def test_any_broken_page_of_the_cache_is_no_error(tmp_path: Path) -> None:
    """Each page in turn written over: every question is answered as before, and an answer can be added."""
    log = open_log(tmp_path)
    put(log.folder, other=[line("other", number, f"{number % 80}/a") for number in range(1, 400)])
    log.refresh()
    (path,) = (tmp_path / "cache").glob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = log.memories(), log.reviews(), log.totals(), log.tally(DAY, 0.0)
    whole = path.read_bytes()
    pages = len(whole) // 4096
    assert pages > 20
    for page in range(pages):
        home = tmp_path / str(page)
        (home / "cache").mkdir(parents=True)
        cache = home / "cache" / path.name
        cache.write_bytes(whole[: page * 4096] + b"\xff" * 4096 + whole[(page + 1) * 4096 :])
        again = Log(tmp_path / "progress", "small", home / "data", home / "cache", clock=lambda: NOW)
        assert before == (again.memories(), again.reviews(), again.totals(), again.tally(DAY, 0.0))


def test_a_cache_that_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    """It is held in memory then."""
    (tmp_path / "cache").write_text("in the way")
    log = open_log(tmp_path)
    log.add(answer())
    assert {"61/a"} == open_log(tmp_path).memories().keys()


def test_opening_writes_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    """Whoever only looks finds no log afterwards."""
    log = open_log(tmp_path)
    assert ({}, [], ()) == (log.memories(), log.reviews(), log.parameters)
    assert ["cache"] == os.listdir(tmp_path)


def test_an_id_is_a_device_and_a_number(tmp_path: Path) -> None:
    """The device's name is made once."""
    log = open_log(tmp_path)
    ids: list[Id] = [log.add(answer(at=at))[0].id for at in range(2)]
    name = (tmp_path / "data" / "device").read_text().strip()
    assert [(name, 1), (name, 2)] == ids
    assert (name, 3) == open_log(tmp_path).add(answer())[0].id
