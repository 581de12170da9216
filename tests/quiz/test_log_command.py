"""What README promises of the learner's log, by the program's own commands."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DECK, Kb, only_json, write_entry

ANSWER = '{"answer": "3.0"}\n{"quit": true}\n'


class Learner:
    """Somebody with a home of their own, who uses a deck."""

    def __init__(self, kb: Kb, home: Path, deck: Path, **environ: str) -> None:
        self.kb = kb
        self.home = home
        self.environ = {"KB_HOME": str(home), "KB_DECK": str(deck), **environ}

    def says(self, *arguments: str, code: int = 0) -> Any:
        """The one object that a command prints."""
        done = self.kb(*arguments, "--json", environ=self.environ)
        assert done.returncode == code, done.stderr
        return only_json(done.stdout) if done.stdout else done.stderr

    def answers(self, *numbers: str) -> None:
        """Answer the predict item of each entry, rightly."""
        for number in numbers:
            lines = self.home.with_suffix(".in")
            lines.write_text(ANSWER)
            with lines.open() as source:
                done = self.kb("quiz", number, "--kind", "predict", "--json", environ=self.environ, stdin=source)
            grades = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "grade"]
            assert [grade["correct"] for grade in grades] == [True], done.stderr

    def items(self) -> dict[int, int]:
        """How many items of each entry were answered."""
        return {int(number): one["begun"] for number, one in self.says("stats")["entries"].items()}

    def files(self) -> list[Path]:
        """The log's files."""
        return sorted((self.home / "data" / "progress").glob("*/*.jsonl"))


@pytest.fixture
def learner(kb: Kb, deck: Path, tmp_path: Path) -> Learner:
    """A learner of the small deck, with a second entry."""
    write_entry(deck, 62, "more")
    return Learner(kb, tmp_path / "home", deck)


def test_decks_with_the_same_numbers_share_nothing(learner: Learner, kb: Kb, tmp_path: Path) -> None:
    """What is answered, undone and forgotten in one deck is none of the other's."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "deck.toml").write_text(DECK.replace('id = "small"', 'id = "another"'))
    write_entry(other)
    second = Learner(kb, learner.home, other)
    learner.answers("61", "62")
    assert second.items() == {}
    second.says("undo", code=1)
    second.says("reset", "--yes", code=1)
    second.answers("61")
    learner.says("reset", "--yes")
    assert (learner.items(), second.items()) == ({}, {61: 1})
    learner.says("redo")
    second.says("undo")
    assert (learner.items(), second.items()) == ({61: 1, 62: 1}, {})


def test_devices_that_were_apart_come_to_one_memory(learner: Learner, kb: Kb, deck: Path, tmp_path: Path) -> None:
    """Through a folder that is carried from one to the other, whoever comes first."""
    laptop, tower = learner, Learner(kb, tmp_path / "tower", deck)
    stick = tmp_path / "stick"
    stick.mkdir()
    laptop.answers("61")
    tower.answers("62")
    tower.says("undo")
    tower.answers("62")
    assert tower.says("log", "sync", str(stick))["sent"] == 3
    assert laptop.says("log", "sync", str(stick))["received"] == 3
    assert tower.says("log", "sync", str(stick))["received"] == 1
    assert laptop.says("log", "sync", str(stick)) == {"schema": 1, "received": 0, "sent": 0}
    assert laptop.items() == tower.items() == {61: 1, 62: 1}
    assert laptop.says("stats")["forecast"] == tower.says("stats")["forecast"]
    assert [path.read_bytes() for path in laptop.files()] == [path.read_bytes() for path in tower.files()]


def test_log_may_lie_in_a_shared_folder(learner: Learner, kb: Kb, deck: Path, tmp_path: Path) -> None:
    """KB_PROGRESS: two machines write there, each into a file of its own, and both see both."""
    shared = str(tmp_path / "cloud")
    one = Learner(kb, learner.home, deck, KB_PROGRESS=shared)
    two = Learner(kb, tmp_path / "tower", deck, KB_PROGRESS=shared)
    one.answers("61")
    two.answers("62")
    assert one.items() == two.items() == {61: 1, 62: 1}
    assert len(list(Path(shared).glob("small/*.jsonl"))) == 2


def test_copy_is_a_backup(learner: Learner, tmp_path: Path) -> None:
    """Emptied files are told, and a copy of the folder brings everything back; the cache may go at any time."""
    learner.answers("61", "62")
    copy = tmp_path / "copy"
    shutil.copytree(learner.home / "data" / "progress" / "small", copy)
    for path in learner.files():
        path.write_bytes(b"")
    told = learner.kb("stats", environ=learner.environ)
    assert "gone" in told.stderr
    assert learner.says("log", "restore", str(copy)) == {"schema": 1, "restored": 2}
    shutil.rmtree(learner.home / "cache")
    assert learner.items() == {61: 1, 62: 1}


def test_damaged_line_costs_nothing_but_itself(learner: Learner) -> None:
    """Its number is told, it is kept beside, and the others count."""
    learner.answers("61", "62")
    (path,) = learner.files()
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first.replace(b"61/printed", b"61/printer") + b"\n" + rest)
    done = learner.kb("stats", environ=learner.environ)
    assert "line 1" in done.stderr
    assert path.with_suffix(".damaged").read_bytes().count(b"printer") == 1
    assert learner.items() == {62: 1}
    checked = learner.says("log", "check", code=1)
    assert [one["damaged"] for one in checked["files"]] == [[1]]


def test_log_is_the_learners_own(learner: Learner) -> None:
    """Nobody else may read it."""
    learner.answers("61")
    (path,) = learner.files()
    assert [oct(one.stat().st_mode & 0o777) for one in (path, path.parent, path.parent.parent)] == [
        "0o600",
        "0o700",
        "0o700",
    ]
