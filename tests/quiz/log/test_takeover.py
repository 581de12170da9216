"""Takeover: the file that held the answers before is taken into the log once, and stays as it is."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kb.errors import KbError
from quiz.log.answers import Tally
from quiz.log.takeover import take_over
from quiz.schedule import DAY, DEFAULT, Rating
from tests.conftest import ROOT
from tests.quiz.log.logs import answer, lines_in, open_log

VERSION_1 = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, given TEXT NOT NULL,
    correct INTEGER, proposed INTEGER NOT NULL, rating INTEGER NOT NULL, seconds REAL NOT NULL,
    undoes INTEGER REFERENCES event (id)
);
INSERT INTO event VALUES (1, '61/a', 0, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (2, '61/a', 345600, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (3, '61/b', 345600, 'choice', '1', 1, 3, 3, 2.0, NULL);
INSERT INTO event VALUES (4, '61/b', 345601, 'undo', '', NULL, 0, 0, 0, 3);
PRAGMA user_version = 1;
"""
"""A file as the first format had it."""

VERSION_2 = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, given TEXT NOT NULL,
    correct INTEGER, proposed INTEGER NOT NULL, rating INTEGER NOT NULL, seconds REAL NOT NULL,
    target INTEGER REFERENCES event (id), since REAL
);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO event VALUES (1, '61/a', 0.125, 'choice', '1', 1, 3, 3, -2.0, NULL, NULL);
INSERT INTO event VALUES (2, '62/recall', 345600, 'recall', 'mean', NULL, 3, 3, 2.0, NULL, NULL);
INSERT INTO event VALUES (4, '61/a', 345601, 'choice', '2', 0, 1, 1, 2.0, NULL, 345601);
INSERT INTO event VALUES (5, '61/a', 345602, 'amend', '', NULL, 0, 4, 0, 4, NULL);
INSERT INTO event VALUES (6, '61/a', 345500, 'amend', '', NULL, 0, 2, 0, 4, NULL);
INSERT INTO event VALUES (7, '62/recall', 345700, 'undo', '', NULL, 0, 0, 0, 2, NULL);
INSERT INTO event VALUES (8, '99/x', 345800, 'choice', '1', 1, 3, 3, 1.0, NULL, NULL);
PRAGMA user_version = 2;
"""
"""A file as the second format had it, with corrections under a clock that was set back."""


def old_file(home: Path, script: str) -> Path:
    """An old file in a home's data folder."""
    path = home / "data" / "progress.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(script)
    connection.close()
    return path


ITEMS = {"61/a", "61/b", "62/recall"}


def test_answers_of_the_first_format_are_taken_over(tmp_path: Path, notices: list[str]) -> None:
    """With their times; what was taken back stays taken back, and can be given back now."""
    path = old_file(tmp_path, VERSION_1)
    before = path.read_bytes()
    assert 3 == take_over(path, tmp_path / "progress", "small", ITEMS, notices.append)
    log = open_log(tmp_path)
    assert [("61/a", 0.0), ("61/a", 345600.0)] == [(one.item, one.at) for one in log.reviews()]
    assert {"61/a": Tally(2, 2, 1, 1, 1, 1)} == log.tally(DAY, 0.0)
    assert ["61/b"] == [one.item for one in log.redo(5 * DAY)]
    assert before == path.read_bytes()
    assert "3 answers were taken over" in notices[0]


def test_answers_of_the_second_format_are_taken_over(tmp_path: Path) -> None:
    """The last correction counts, whatever the clock said; the fitted parameters come too."""
    path = old_file(tmp_path, f"{VERSION_2} INSERT INTO setting VALUES ('parameters', '{list(DEFAULT)}');")
    assert 3 == take_over(path, tmp_path / "progress", "small", ITEMS)
    log = open_log(tmp_path)
    found = [(one.item, one.at, one.given, one.correct, one.proposed, one.rating, one.seconds) for one in log.reviews()]
    assert [
        ("61/a", 0.125, "1", True, Rating.GOOD, Rating.GOOD, -2.0),
        ("61/a", 345601.0, "2", False, Rating.AGAIN, Rating.HARD, 2.0),
    ] == found
    assert DEFAULT == log.parameters


def test_it_comes_once(tmp_path: Path) -> None:
    """Also if all was taken back since, and if the note of it is lost: the same lines come out."""
    path = old_file(tmp_path, VERSION_1)
    take_over(path, tmp_path / "progress", "small", ITEMS)
    log = open_log(tmp_path)
    lines = lines_in(log.folder)
    assert 2 == log.reset(9 * DAY)
    assert 0 == take_over(path, tmp_path / "progress", "small", ITEMS)
    path.with_name("progress.db.taken").unlink()
    assert 0 == take_over(path, tmp_path / "progress", "small", ITEMS)
    assert [] == open_log(tmp_path).reviews()
    assert 0 == take_over(path, tmp_path / "elsewhere", "small", ITEMS)
    path.with_name("progress.db.taken").unlink()
    take_over(path, tmp_path / "elsewhere", "small", ITEMS)
    assert lines == lines_in(tmp_path / "elsewhere" / "small")


def test_each_deck_takes_what_fits_it_and_no_other_took(tmp_path: Path) -> None:
    """A deck that is opened later gets the rest, once."""
    path, root = old_file(tmp_path, VERSION_2), tmp_path / "progress"
    assert 2 == take_over(path, root, "first", {"61/a"})
    assert 2 == take_over(path, root, "second", {"61/a", "62/recall", "99/x"})
    assert 0 == take_over(path, root, "third", {"61/a", "62/recall", "99/x"})
    assert ["99/x"] == [one.item for one in open_log(tmp_path, deck="second").reviews()]
    assert not (root / "third").exists()


def test_what_lies_in_the_write_ahead_log_is_taken_too(tmp_path: Path) -> None:
    """The old program never closed its file: all of it may lie beside. That is left as it is."""
    path = tmp_path / "data" / "progress.db"
    path.parent.mkdir()
    code = (
        "import sqlite3, os\n"
        f"c = sqlite3.connect({str(path)!r}); c.execute('PRAGMA journal_mode=WAL')\n"
        f"c.executescript({VERSION_1!r}); os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    beside = path.with_name("progress.db-wal")
    before = beside.read_bytes()
    assert before
    assert 3 == take_over(path, tmp_path / "progress", "small", ITEMS)
    assert before == beside.read_bytes()


@pytest.mark.parametrize("how", ["half", "empty", "gone page"])
def test_a_damaged_file_is_completed_from_its_backups(tmp_path: Path, how: str) -> None:
    """What can be read of it, and what the old program's copies have."""
    path = old_file(tmp_path, VERSION_1)
    data = path.read_bytes()
    (tmp_path / "data" / "backups").mkdir()
    (tmp_path / "data" / "backups" / "progress-0000000004.db").write_bytes(data)
    spoilt = {"half": data[: len(data) // 2], "empty": b"", "gone page": data[:4096] + b"\xff" * 4096 + data[8192:]}
    path.write_bytes(spoilt[how])
    assert 3 == take_over(path, tmp_path / "progress", "small", ITEMS)
    assert 2 == len(open_log(tmp_path).reviews())


def test_no_old_file_is_nothing_to_do(tmp_path: Path) -> None:
    """Nothing is written."""
    assert 0 == take_over(tmp_path / "progress.db", tmp_path / "progress", "small", ITEMS)
    assert [] == list(tmp_path.iterdir())


def test_a_full_disk_takes_nothing_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and the next start does it."""
    path = old_file(tmp_path, VERSION_1)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("quiz.log.journal.os.write", fail)
        with pytest.raises(KbError, match=r"cannot be taken over .*; free space"):
            take_over(path, tmp_path / "progress", "small", ITEMS)
    assert 3 == take_over(path, tmp_path / "progress", "small", ITEMS)


def test_two_processes_that_start_at_once_take_it_over_once(tmp_path: Path) -> None:
    """And answers that come meanwhile are beside."""
    path = old_file(tmp_path, VERSION_2)
    code = (
        "from pathlib import Path\nfrom quiz.log.takeover import take_over\n"
        f"print(take_over(Path({str(path)!r}), Path({str(tmp_path / 'progress')!r}), 'small', {ITEMS!r}))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    log = open_log(tmp_path)
    log.add(answer(at=99 * DAY))
    assert [0, 0, 3] == sorted(int(process.communicate()[0]) for process in processes)
    assert 3 == len(open_log(tmp_path).reviews())


def test_what_cannot_be_read_now_is_taken_over_once_it_can(tmp_path: Path) -> None:
    """Garbage in the old file's place is told, and nothing is noted as done."""
    path = old_file(tmp_path, VERSION_1)
    sound = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    notices: list[str] = []
    assert 0 == take_over(path, tmp_path / "progress", "small", ITEMS, notices.append)
    assert "cannot be read now" in notices[0]
    path.write_bytes(sound)
    assert take_over(path, tmp_path / "progress", "small", ITEMS) > 0
