"""Exchange: devices that were apart come to one memory, in whatever order they are merged."""

import os
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import KbError
from quiz.log.event import change_values, encode
from quiz.log.exchange import check, decks, restore, sync, where
from quiz.log.log import Log
from quiz.log.state import State
from quiz.schedule import DAY, Rating
from tests.quiz.log.logs import NOW, answer, key, line, lines_in, open_log, put

DEVICES = ("desk", "laptop", "phone")


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """What up to three devices wrote: answers, some at the same time, and changes to any earlier event of any."""
    lines: list[bytes] = []
    numbers = dict.fromkeys(DEVICES, 0)
    at = DAY
    for _ in range(draw(st.integers(1, 12))):
        device = draw(st.sampled_from(DEVICES))
        numbers[device] += 1
        at += draw(st.sampled_from([0.0, 1.0, DAY, 9.5 * DAY, 4000 * DAY]))
        what = draw(st.sampled_from(["answer", "answer", "undo", "amend", "redo", "reset", "parameters"]))
        mine = (device, numbers[device])
        if what == "answer" or not lines:
            lines.append(line(*mine, draw(st.sampled_from(["61/a", "61/b"])), draw(st.integers(1, 4)), at))
        elif what == "parameters":
            lines.append(encode(mine, at, what, {"parameters": []}))
        else:
            of = [key(one) for one in draw(st.lists(st.sampled_from(lines), min_size=1, max_size=3))]
            lines.append(encode(mine, at, what, change_values(of, rating=draw(st.integers(1, 4)))))
    return lines


def told_of(home: Path) -> tuple[object, ...]:
    """All that a log comes to."""
    log = open_log(home)
    found = (log.memories(), log.reviews(), [one.id for one in log.reviews()], log.tally(DAY, 0.0), log.parameters)
    log.close()
    return found


@settings(max_examples=60)
@given(histories(), st.data())
def test_any_split_any_order_and_any_doubling_give_one_state(lines: list[bytes], data: st.DataObject) -> None:
    """The lines of a history, dealt to files of any name, in any order and more than once, read at once or bit by
    bit, give the state of the whole."""
    with tempfile.TemporaryDirectory() as name:
        whole, dealt = Path(name, "whole"), Path(name, "dealt")
        put(whole / "progress" / "small", all=lines)
        folder = dealt / "progress" / "small"
        put(folder, **{device: [] for device in DEVICES})
        doubled = lines + data.draw(st.lists(st.sampled_from(lines), max_size=5))
        for one in data.draw(st.permutations(doubled)):
            path = folder / f"{data.draw(st.sampled_from(DEVICES))}.jsonl"
            path.write_bytes(path.read_bytes() + one + b"\n")
            if data.draw(st.booleans()):
                told_of(dealt)
        assert told_of(whole) == told_of(dealt)


@settings(max_examples=40)
@given(histories(), st.data())
def test_any_order_of_merges_gives_one_log(lines: list[bytes], data: st.DataObject) -> None:
    """Three devices that met in any order hold the same files, byte by byte, after the last has met all."""
    with tempfile.TemporaryDirectory() as name:
        homes = [Path(name, device) for device in DEVICES]
        for home, device in zip(homes, DEVICES, strict=True):
            mine = [one for one in lines if key(one)[0] == device]
            put(home / "small", **({device: mine} if mine else {}))
        for first, second in data.draw(st.lists(st.permutations(range(3)).map(lambda all_: all_[:2]), max_size=5)):
            sync(homes[first], homes[second])
        for at in (1, 2, 1):
            sync(homes[0], homes[at])
        files = [{path.name: path.read_bytes() for path in home.glob("small/*.jsonl")} for home in homes]
        assert files[0] == files[1] == files[2]
        assert sorted(set(lines)) == sorted(lines_in(homes[0] / "small"))
        assert (0, 0) == sync(homes[1], homes[2])


def test_two_devices_that_were_apart_have_one_memory(tmp_path: Path) -> None:
    """Through a folder that a stick carries."""
    stick = tmp_path / "stick"
    first, second = (
        Log(tmp_path / name / "p", "d", tmp_path / name, tmp_path / name / "c", clock=lambda: NOW) for name in "ab"
    )
    one, _ = first.add(answer("61/a", at=DAY))
    second.add(answer("61/a", Rating.EASY, at=5 * DAY))
    second.add(answer("61/b", at=5 * DAY))
    assert (0, 1) == first.sync(stick)
    assert (1, 2) == second.sync(stick)
    assert (2, 0) == first.sync(stick)
    assert first.memories() == second.memories()
    assert {"61/a", "61/b"} == first.memories().keys()
    assert 3 == len(first.reviews())
    # An answer of the other device can be taken back here, and given back there.
    second.undo(9 * DAY, one.key)
    second.sync(stick)
    first.sync(stick)
    assert 2 == len(first.reviews())
    assert [one] == first.redo(10 * DAY)
    first.sync(stick)
    second.sync(stick)
    assert first.reviews() == second.reviews()


def test_an_answer_that_comes_late_has_its_item_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other."""
    log = open_log(tmp_path)
    for at in (1, 4, 9):
        log.add(answer("61/a", at=at * DAY))
        log.add(answer("61/b", at=at * DAY))
    replayed: list[str] = []
    replay = State._replay
    monkeypatch.setattr(State, "_replay", lambda state, items: replay(state, replayed.__iadd__(sorted(items))))
    monkeypatch.setattr(State, "_replay_all", lambda *_: pytest.fail("everything is replayed"))
    put(log.folder, phone=[line("phone", 1, "61/a", 1, 2 * DAY)])
    log.refresh()
    assert ["61/a"] == replayed
    monkeypatch.undo()
    with_all = Log(tmp_path / "progress", "small", tmp_path / "data", tmp_path / "other")
    assert with_all.memories() == log.memories()
    assert 7 == len(log.reviews())


def test_one_name_on_two_machines_loses_nothing(tmp_path: Path, notices: list[str]) -> None:
    """A home that was copied: both go on under one name and one count. Both lines of a number count, each can be taken
    back by itself, it is told, and the machine that notices it takes another name."""
    log = open_log(tmp_path / "a")
    log.add(answer("61/a", at=DAY))
    name = (tmp_path / "a" / "data" / "device").read_text()
    stick = tmp_path / "stick"
    log.sync(stick)
    (tmp_path / "b" / "data").mkdir(parents=True)
    (tmp_path / "b" / "data" / "device").write_text(name)
    other = open_log(tmp_path / "b", on_notice=notices.append)
    other.sync(stick)
    log.add(answer("61/a", at=3 * DAY))
    other.add(answer("61/a", Rating.AGAIN, at=5 * DAY))
    log.sync(stick)
    other.sync(stick)
    assert [DAY, 3 * DAY, 5 * DAY] == [one.at for one in other.reviews()]
    saved, _ = other.add(answer("61/b", at=6 * DAY))
    assert 1 == len(notices)
    assert "another machine writes under this machine's name: from now on it writes as" in notices[0]
    assert name.strip() != saved.id[0] == (tmp_path / "b" / "data" / "device").read_text().strip()
    assert saved.id[1] == 1
    log.sync(stick)
    assert [DAY, 3 * DAY, 5 * DAY] == [one.at for one in log.reviews()]
    other.undo(7 * DAY)
    taken = other.undo(8 * DAY)
    assert taken is not None
    assert 5 * DAY == taken.at
    assert [DAY, 3 * DAY] == [one.at for one in other.reviews()]


def test_a_log_that_was_rolled_back_takes_another_name(tmp_path: Path, notices: list[str]) -> None:
    """An old copy was put in the place of this machine's file, and another file has the lines after it."""
    log = open_log(tmp_path)
    for at in range(4):
        log.add(answer(at=at * DAY))
    path = next(log.folder.glob("*.jsonl"))
    old = b"".join(path.read_bytes().splitlines(keepends=True)[:2])
    path.with_name("laptop (copy).jsonl").write_bytes(path.read_bytes())
    path.write_bytes(old)
    again = open_log(tmp_path, on_notice=notices.append)
    assert 4 == len(again.reviews())
    assert path.stem != again.add(answer(at=9 * DAY))[0].id[0]
    assert 5 == len(again.reviews())
    assert 1 == len(notices)


def test_both_took_an_answer_back_and_one_gives_it_back(tmp_path: Path) -> None:
    """One redo, for the learner sees one answer."""
    answers = [line("laptop", 1), line("laptop", 2)]
    undone = [encode((device, 1), 9 * DAY, "undo", change_values([key(answers[1])])) for device in ("desk", "phone")]
    put(tmp_path / "progress" / "small", laptop=answers, desk=undone[:1], phone=undone[1:])
    log = open_log(tmp_path)
    assert 1 == len(log.reviews())
    assert [2] == [one.id[1] for one in log.redo(10 * DAY)]
    assert 2 == len(log.reviews())
    assert [] == log.redo(11 * DAY)


def test_a_damaged_line_is_healed_by_a_merge(tmp_path: Path) -> None:
    """The other folder has it whole; what was damaged is kept aside."""
    lines = [line("laptop", number) for number in (1, 2, 3)]
    put(tmp_path / "a" / "small", laptop=[lines[0], lines[1][:-5], lines[2]])
    put(tmp_path / "b" / "small", laptop=lines[:2])
    assert (1, 1) == sync(tmp_path / "a", tmp_path / "b")
    for side in "ab":
        assert lines == lines_in(tmp_path / side / "small")
    assert lines[1][:-5] + b"\n" == (tmp_path / "a" / "small" / "laptop.damaged").read_bytes()


def test_restore_takes_in_what_a_copy_has(tmp_path: Path) -> None:
    """A file or a folder of files; what is there stays; what is no log is told."""
    log = open_log(tmp_path)
    log.add(answer("61/z", at=DAY))
    put(tmp_path / "copies", laptop=[line("laptop", 1)], other=[line("phone", 1), line("laptop", 2)])
    assert 1 == log.restore(tmp_path / "copies" / "laptop.jsonl")
    assert 2 == log.restore(tmp_path / "copies")
    assert 0 == log.restore(tmp_path / "copies")
    assert 4 == len(log.reviews())
    assert (log.folder / "phone.jsonl").exists()
    for missing in ("nowhere.jsonl", "cache"):
        with pytest.raises(KbError, match=r"nothing is lost|there is no log"):
            log.restore(tmp_path / missing)


def test_damage_in_another_folder_is_told(tmp_path: Path, notices: list[str]) -> None:
    """Of a merge and of a copy that is taken in."""
    put(tmp_path / "stick" / "small", phone=[line("phone", 1), b"junk", line("phone", 3)])
    log = open_log(tmp_path, on_notice=notices.append)
    assert 2 == log.restore(tmp_path / "stick" / "small" / "phone.jsonl")
    assert "phone.jsonl: 1 line cannot be read and is left out" in notices[0]
    log.sync(tmp_path / "stick")
    assert "phone.jsonl: 1 line cannot be read and is left out" in notices[-1]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The log itself stays as it was."""
    log = open_log(tmp_path)
    log.add(answer())
    (tmp_path / "stick").write_text("in the way")
    with pytest.raises(KbError, match=r"cannot be merged: .*; nothing is lost"):
        log.sync(tmp_path / "stick")
    assert 1 == len(open_log(tmp_path).reviews())


def test_where_and_check_tell_what_lies_there(tmp_path: Path) -> None:
    """By deck and device; by file."""
    lines = [line("laptop", number) for number in (1, 2, 5)]
    put(tmp_path / "first", laptop=[*lines, b"junk"], copy=lines)
    put(tmp_path / "second", phone=[line("phone", 1)])
    (tmp_path / "notes").mkdir()
    assert ["first", "second"] == decks(tmp_path)
    assert [("first", "laptop", 3, 2, 5 * DAY), ("second", "phone", 1, 0, DAY)] == where(tmp_path)
    found = [(one.path.name, one.events, [bad.line for bad in one.damages]) for one in check(tmp_path)]
    assert [("copy.jsonl", 3, []), ("laptop.jsonl", 3, [4]), ("phone.jsonl", 1, [])] == found
    assert [] == where(tmp_path / "nowhere")


def test_a_merge_of_many_random_folders_is_their_union(tmp_path: Path) -> None:
    """Whatever lies in files of whatever name."""
    dice = Random(3)
    lines = [line(dice.choice(DEVICES), number) for number in range(1, 40)]
    for side in ("a", "b"):
        put(tmp_path / side / "small", **{f"file {at}": dice.sample(lines, 15) for at in range(3)})
    expected = {one for side in "ab" for one in lines_in(tmp_path / side / "small")}
    sync(tmp_path / "a", tmp_path / "b")
    assert expected == set(lines_in(tmp_path / "a" / "small")) == set(lines_in(tmp_path / "b" / "small"))
    restore(tmp_path / "a" / "small", [*(tmp_path / "b" / "small").glob("*.jsonl")])
    assert expected == set(lines_in(tmp_path / "a" / "small"))


def test_a_log_of_another_deck_is_not_taken_in(tmp_path: Path) -> None:
    """Two decks may have the same numbers: what one was answered is none of the other's."""
    one, other = (open_log(tmp_path, deck=deck) for deck in ("one", "other"))
    one.add(answer(at=DAY))
    other.add(answer(at=2 * DAY))
    with pytest.raises(KbError, match="of another deck, other"):
        one.restore(other.folder)
    assert 1 == len(one.reviews())


def test_a_part_of_a_log_is_nothing_to_merge_with(tmp_path: Path) -> None:
    """The folder of one deck, or one inside the log itself."""
    log = open_log(tmp_path)
    log.add(answer(at=DAY))
    for folder in (log.folder, tmp_path / "progress"):
        with pytest.raises(KbError, match="part of a log itself"):
            log.sync(folder)


def test_names_and_marks_of_other_programs(tmp_path: Path) -> None:
    """A conflict copy whose name is not UTF-8 is read like any; a mark before the first line is none of it."""
    log = open_log(tmp_path)
    log.add(answer(at=DAY))
    (own,) = log.folder.glob("*.jsonl")
    own.write_bytes(b"\xef\xbb\xbf" + own.read_bytes())
    (log.folder / os.fsdecode(b"copy-\xff.jsonl")).write_bytes(line("phone", 1) + b"\n")
    notices: list[str] = []
    assert 2 == len(open_log(tmp_path, on_notice=notices.append).reviews())
    assert notices == []
