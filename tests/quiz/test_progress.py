"""Progress: the log is the truth, and no answer that was shown as saved is lost."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import fsrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import KbError
from quiz.progress import ENOUGH, Progress, Review
from quiz.schedule import DESIRED_RETENTION, Rating, recall_probability, replay, review
from quiz.vault import KEEP, backups
from tests.conftest import ROOT

DAY = 86_400.0


def answer(item: str = "61/a", rating: Rating = Rating.GOOD, at: float = 0.0) -> Review:
    """A review with what does not matter filled in."""
    return Review(item, at, "choice", "1", rating > 1, rating, rating, 2.0)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["61/a", "61/b", "62/a"]), st.sampled_from(Rating), st.floats(0, 40)),
        st.sampled_from(Rating),
        st.none(),
    ),
    max_size=15,
)
"""Answers with the days since the one before, corrections of the last answer, undos."""


@given(ACTIONS)
def test_state_is_the_replay_of_the_log(actions: list[tuple[str, Rating, float] | Rating | None]) -> None:
    """After any answers, corrections and undos, what is known of each item is the replay of the answers that count,
    and the log has lost nothing."""
    with tempfile.TemporaryDirectory() as folder:
        progress = Progress(Path(folder, "progress.db"))
        counted: list[Review] = []
        now = 0.0
        events = 0
        for action in actions:
            if action is None:
                taken = progress.undo(now)
                events += taken is not None
                assert (counted.pop() if counted else None) == taken
            elif isinstance(action, Rating):
                if counted:
                    progress.amend(counted[-1].id, action, now)
                    events += 1
                    counted[-1] = replace(counted[-1], rating=action)
            else:
                item, rating, days = action
                now += days * DAY
                counted.append(progress.add(answer(item, rating, now))[0])
                events += 1
        assert counted == progress.reviews()
        expected = {
            item: replay((one.rating, one.at) for one in counted if one.item == item)
            for item in {one.item for one in counted}
        }
        assert expected == progress.memories()
        progress.close()
        with sqlite3.connect(Path(folder, "progress.db")) as connection:
            assert connection.execute("SELECT COUNT(*) FROM event").fetchone()[0] == events


def test_undone_prefix_equals_never_having_answered(tmp_path: Path) -> None:
    """Undoing the last answers leaves the very state that was there before them."""
    progress = Progress(tmp_path / "progress.db")
    states = [progress.memories()]
    for at in range(12):
        progress.add(answer(f"61/{'abc'[at % 3]}", Rating(1 + at % 4), at * 2 * DAY))
        states.append(progress.memories())
    for state in reversed(states[:-1]):
        progress.undo(99 * DAY)
        assert state == progress.memories()


def test_undo_of_everything_is_never_having_answered(tmp_path: Path) -> None:
    """Many levels, also after the file was closed and opened again."""
    path = tmp_path / "progress.db"
    first = Progress(path)
    for at in range(5):
        first.add(answer(at=at * DAY))
    first.close()
    second = Progress(path)
    while second.undo(9 * DAY):
        pass
    assert (second.memories(), second.reviews()) == ({}, [])
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM event").fetchone()[0] == 10


def test_ratings_order_the_intervals() -> None:
    """A better answer comes back later; a forgotten one soon."""
    first = review(None, Rating.GOOD, 0.0)
    dues = [review(first, rating, first.due).due for rating in Rating]
    assert dues == sorted(dues)
    assert len(set(dues)) == 4
    assert dues[0] - first.due <= 3 * DAY


def test_due_is_when_the_desired_retention_is_reached() -> None:
    """At the due time the item is remembered with the desired probability, up to the rounding to whole days."""
    memory = review(review(None, Rating.GOOD, 0.0), Rating.GOOD, 3 * DAY)
    assert abs(recall_probability(memory, memory.due) - DESIRED_RETENTION) < 0.01


def test_clock_set_back_breaks_nothing() -> None:
    """A review before the last one counts as one at the same time."""
    memory = review(None, Rating.GOOD, 10 * DAY)
    assert review(memory, Rating.GOOD, 5 * DAY).last == 10 * DAY


def test_two_sessions_at_once_lose_nothing(tmp_path: Path) -> None:
    """Answers of two programs at the same time are all there."""
    path = tmp_path / "progress.db"
    Progress(path).close()

    def work(item: str) -> None:
        mine = Progress(path)
        for at in range(20):
            mine.add(answer(item, at=at * DAY))
        mine.close()

    threads = [threading.Thread(target=work, args=(f"61/{name}",)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Progress(path).reviews()) == 40


def test_sigkill_loses_no_answer_that_was_shown(tmp_path: Path) -> None:
    """Every answer whose number was printed after saving is in the file, and the file is whole."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.quiz.test_progress import answer\nfrom quiz.progress import Progress\n"
        "progress = Progress(Path(sys.argv[1]))\n"
        "for at in range(100000):\n    progress.add(answer(f'61/{at}', at=float(at)))\n    print(at, flush=True)\n"
    )
    for pause in (3, 11, 25):
        path = tmp_path / f"progress-{pause}.db"
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stdout is not None
        shown = [process.stdout.readline().strip() for _ in range(pause)]
        process.kill()
        shown += process.stdout.read().split()
        process.wait()
        assert shown[0] == "0"
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        saved = {one.item for one in Progress(path).reviews()}
        assert {f"61/{at}" for at in shown if at} <= saved


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    """Where nothing can be kept, no question is asked."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(KbError, match=r"progress cannot be kept in .*; set KB_HOME"):
        Progress(blocked / "progress.db")


def test_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """A format that is not known is not touched."""
    path = tmp_path / "progress.db"
    Progress(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(KbError, match="written by a newer kb"):
        Progress(path)


# The file itself


VERSION_1 = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, given TEXT NOT NULL,
    correct INTEGER, proposed INTEGER NOT NULL, rating INTEGER NOT NULL, seconds REAL NOT NULL,
    undoes INTEGER REFERENCES event (id)
);
CREATE INDEX event_item ON event (item);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_undoes ON event (undoes);
CREATE TABLE memory (
    item TEXT PRIMARY KEY, stability REAL NOT NULL, difficulty REAL NOT NULL, last REAL NOT NULL, due REAL NOT NULL
);
CREATE INDEX memory_due ON memory (due);
INSERT INTO event VALUES (1, '61/a', 0, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (2, '61/a', 345600, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (3, '61/b', 345600, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (4, '61/b', 345601, 'undo', '', NULL, 0, 0, 0, 3);
PRAGMA user_version = 1;
"""
"""A file as the first format had it."""


def test_older_file_is_migrated_with_a_copy_beside(tmp_path: Path) -> None:
    """Answers, undos and gaps are all there afterwards; the old file lies beside, as it was."""
    path = tmp_path / "progress.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1)
    progress = Progress(path)
    assert [(one.item, one.at) for one in progress.reviews()] == [("61/a", 0.0), ("61/a", 345600.0)]
    assert progress.memories().keys() == {"61/a"}
    assert progress.tally(DAY, 0.0) == {"61/a": (1, 1, 1, 1)}
    progress.add(answer("61/b"))
    with sqlite3.connect(tmp_path / "progress-format-1.db") as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT COUNT(*) FROM event").fetchone() == (4,)


def damage(path: Path, how: str) -> None:
    """Spoil a closed file."""
    data = bytearray(path.read_bytes())
    if how == "head":
        data[:64] = b"x" * 64
    elif how == "middle":
        data[4096 : len(data) - 4096] = bytes(len(data) - 8192)
    else:
        data = data[: len(data) // 2]
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["head", "middle", "half"])
def test_damaged_file_is_moved_aside_and_rebuilt(tmp_path: Path, how: str) -> None:
    """What the newest backup holds is there again, it is told, and the damaged file is kept as it is."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    for at in range(40):
        progress.add(answer(f"61/{at}", at=at * DAY))
    progress.back_up()
    before = progress.reviews(), progress.memories()
    progress.add(answer("62/after", at=50 * DAY))
    progress.close()
    damage(path, how)
    spoiled = path.read_bytes()
    notices: list[str] = []
    again = Progress(path, notices.append)
    found = again.reviews()[:40], {item: memory for item, memory in again.memories().items() if item != "62/after"}
    assert found == before
    again.add(answer("63/new", at=60 * DAY))
    assert len(notices) == 1
    assert "the progress file was damaged" in notices[0]
    assert spoiled == (tmp_path / "progress-damaged-1.db").read_bytes()
    assert Progress(path).reviews()[-1].item == "63/new"


def break_page(path: Path, name: str, junk: bytes, at: int = 0) -> None:
    """Write junk over the first page of a table or an index."""
    with sqlite3.connect(path) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
    data = bytearray(path.read_bytes())
    start = (page - 1) * 4096 + at
    data[start : start + len(junk)] = junk
    path.write_bytes(data)


def test_answers_after_the_backup_are_salvaged(tmp_path: Path) -> None:
    """What can still be read of a damaged file is not given up."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    progress.add(answer("61/a"))
    progress.back_up()
    progress.add(answer("61/b"))
    progress.close()
    break_page(path, "memory", b"\xff" * 4096)
    again = Progress(path)
    assert again.memories().keys() == {"61/a", "61/b"}


def test_damage_without_a_backup_starts_anew(tmp_path: Path) -> None:
    """Nothing can be had back, and that is told; questions can be asked."""
    path = tmp_path / "progress.db"
    path.write_bytes(b"no database, " * 1000)
    notices: list[str] = []
    assert Progress(path, notices.append).reviews() == []
    assert "no backup" in notices[0]


def test_backups_are_few_and_sound(tmp_path: Path) -> None:
    """One a session, the oldest go; a damaged file never takes the place of a sound backup."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    for at in range(KEEP + 5):
        progress.add(answer(at=at * DAY))
        progress.back_up()
        progress.back_up()
    there = backups(path)
    assert len(there) == KEEP
    assert there[0].name == f"progress-{KEEP + 5:010d}.db"
    shutil.copy(there[0], tmp_path / "copy.db")
    assert len(Progress(tmp_path / "copy.db").reviews()) == KEEP + 5


def test_usual_time_is_the_median_of_right_answers(tmp_path: Path) -> None:
    """Wrong answers and other kinds do not count; too few tell nothing."""
    progress = Progress(tmp_path / "progress.db")
    for at in range(ENOUGH):
        assert progress.usual_seconds("choice") is None
        progress.add(replace(answer(at=at), seconds=float(at)))
        progress.add(replace(answer(at=at, rating=Rating.AGAIN), seconds=900.0))
    assert progress.usual_seconds("choice") == (ENOUGH - 1) / 2
    assert progress.usual_seconds("code") is None


def test_other_parameters_make_the_state_anew(tmp_path: Path) -> None:
    """The log stays, the state is its replay under the new parameters, also after opening again."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    for at in (0, 3, 9):
        progress.add(answer(at=at * DAY))
    default = progress.memories()
    mine = tuple(value * 1.1 for value in fsrs.scheduler.DEFAULT_PARAMETERS)
    progress.set_parameters(mine)
    expected = replay([(Rating.GOOD, at * DAY) for at in (0, 3, 9)], mine)
    assert Progress(path).memories() == {"61/a": expected} != default
    progress.set_parameters(())
    assert progress.memories() == default


def test_damage_that_no_question_meets_is_found_at_the_sessions_end(tmp_path: Path) -> None:
    """The backup checks the whole file first: a broken page is told, and the sound backup stays the newest."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    for at in range(400):
        progress.add(answer(f"61/{at % 3}", at=float(at)))
    progress.back_up()
    progress.add(answer("61/9", at=999.0))
    progress.close()
    break_page(path, "event_item", b"\x07" * 192, at=8)
    notices: list[str] = []
    again = Progress(path, notices.append)
    again.back_up()
    assert "was damaged" in " ".join(notices)
    assert len(again.reviews()) >= 400
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_damage_met_in_the_middle_of_a_change_does_it_again_as_a_whole(tmp_path: Path) -> None:
    """An answer whose item's state lies on a broken page: the file is rebuilt, and the answer is there once."""
    path = tmp_path / "progress.db"
    progress = Progress(path)
    for at in range(40):
        progress.add(answer(f"61/{at % 3}", at=float(at)))
    progress.back_up()
    progress.close()
    break_page(path, "memory", b"\x07" * 200)
    notices: list[str] = []
    again = Progress(path, notices.append)
    saved, memory = again.add(answer("61/0", at=999.0))
    assert (saved.id, len(notices)) == (41, 1)
    assert len(again.reviews()) == 41
    assert memory == again.memory("61/0") == replay((one.rating, one.at) for one in again.reviews("61/0"))
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
