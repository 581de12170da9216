"""Progress: the log is the truth, and no answer that was shown as saved is lost."""

import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import KbError
from quiz.progress import Progress, Review
from quiz.schedule import DESIRED_RETENTION, Rating, recall_probability, replay, review
from tests.conftest import ROOT

DAY = 86_400.0


def answer(item: str = "61/a", rating: Rating = Rating.GOOD, at: float = 0.0) -> Review:
    """A review with what does not matter filled in."""
    return Review(item, at, "choice", "1", rating > 1, rating, rating, 2.0)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["61/a", "61/b", "62/a"]), st.sampled_from(Rating), st.floats(0, 40)),
        st.none(),
    ),
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(ACTIONS)
def test_state_is_the_replay_of_the_log(actions: list[tuple[str, Rating, float] | None]) -> None:
    """After any answers and undos, what is known of each item is the replay of the answers that count."""
    with tempfile.TemporaryDirectory() as folder:
        progress = Progress(Path(folder, "progress.db"))
        counted: list[Review] = []
        now = 0.0
        for action in actions:
            if action is None:
                taken = progress.undo(now)
                assert (counted.pop() if counted else None) == taken
            else:
                item, rating, days = action
                now += days * DAY
                counted.append(answer(item, rating, now))
                progress.add(counted[-1])
        assert counted == progress.reviews()
        expected = {
            item: replay((one.rating, one.at) for one in counted if one.item == item)
            for item in {one.item for one in counted}
        }
        assert expected == progress.memories()
        progress.close()


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
    path = tmp_path / "progress.db"
    code = (
        "from pathlib import Path\nfrom tests.test_progress import answer\nfrom quiz.progress import Progress\n"
        f"progress = Progress(Path({str(path)!r}))\n"
        "for at in range(100000):\n    progress.add(answer(f'61/{at}', at=float(at)))\n    print(at, flush=True)\n"
    )
    for pause in (3, 11, 25):
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stdout is not None
        shown = [process.stdout.readline().strip() for _ in range(pause)]
        process.kill()
        shown += process.stdout.read().split()
        process.wait()
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
