"""The session over JSON lines: questions out, answers in, grades out."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from quiz.log.event import Review
from quiz.schedule import Rating
from tests.conftest import SNIPPET, learner_log, write_entry
from tests.quiz.wire_client import RIGHT, Client


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


def test_whole_session(small: Path, home: Path) -> None:
    """Every kind, asked and graded, each answer logged once; every question is so and so many of so many."""
    wire = Client("61")
    questions = []
    for number in range(1, 7):
        question = wire.hear("question")
        questions.append(question)
        assert (question["number"], question["total"], question["left"]) == (number, 6, 7 - number)
        assert (question["is_new"], question["is_again"]) == (True, False)
        grade = wire.ask("grade", answer=RIGHT[question["item"]](question))
        assert (grade["item"], grade["correct"]) == (question["item"], None if question["kind"] == "recall" else True)
        assert grade["reason"] is None
    assert {"choice", "predict", "answer", "code", "recall"} == {question["kind"] for question in questions}
    done = wire.hear("done")
    assert (done["answered"], done["right"]) == (6, 6)
    assert wire.leave() == {**done, "event": "end"}
    assert wire.code() == 0
    assert [one.item for one in learner_log(home).reviews()] == [question["item"] for question in questions]


def test_what_a_question_holds(small: Path) -> None:
    """Each kind sends what it takes to ask it: options with letters, a script, a hole's place."""
    wire = Client("61")
    held = {}
    for _ in range(6):
        question = wire.hear("question")
        held[question["item"].partition("/")[2]] = question
        wire.say(skip=True)
    assert "title" in held["recall"]
    assert held["recall"]["title"] is None
    assert held["recall"]["question"] == held["counted"]["title"] == "What is the mean of a batch?"
    assert held["printed"]["code"] == "print(sum([2, 4]) / 2)\n"
    assert "code" not in held["counted"]
    assert sorted(held["which-value"]["options"]) == ["2", "3", "6", "9"]
    assert held["which-value"]["labels"] == ["a", "b", "c", "d"]
    assert (held["which-value"]["several"], held["which-hold"]["several"]) == (False, True)
    hole = held["mean-by-hand"]
    lines = hole["code"].splitlines()
    assert lines[hole["line"] - 1] == hole["indent"] + "..." == "    ..."
    assert lines[hole["line"] - 2].strip() == "# hole: mean-by-hand"
    assert "total / len" not in hole["code"]
    assert wire.hear("done")["answered"] == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "no JSON"),
        ("[]", "no answer in the message"),
        ("{}", "no answer in the message"),
        ('{"anwser": 1}', "'anwser' means nothing here; send an object with one of answer, bury, cancel"),
        ('{"answer": 1, "tyr": true}', "'tyr' means nothing here"),
        ('{"try": true}', "try goes with answer"),
        ('{"hint": true, "try": true}', "try goes with answer"),
        ('{"cancel": true}', "nothing is being graded or run; send a cancel after what it is to stop"),
        ('{"answer": 9}', "9 names no option; give numbers from 1 to 4, or letters from a to d"),
        ('{"answer": "e"}', "'e' names no option"),
        ('{"answer": ["a", 9]}', "['a', 9] names no option"),
        ('{"answer": [1, "b"]}', "[1, 'b'] names several options, and one is right; give one"),
        ('{"answer": "1"}', "'1' names no option"),
        ('{"answer": []}', "[] names no option"),
        ('{"answer": true}', "True names no option"),
        ('{"answer": [true]}', "[True] names no option"),
        ('{"answer": 1.0}', "1.0 names no option"),
        ('{"answer": 1e999}', "inf names no option"),
        (f'{{"answer": {"9" * 5000}}}', "inf names no option"),
        (f'{{"answer": {"9" * 300}}}', "names no option"),
        ('{"answer": {"answer": 1}}', "{'answer': 1} names no option"),
        ('{"answer": null}', "None names no option"),
        (f'{{"answer": {"[" * 500}{"]" * 500}}}', "names no option"),
        ("[" * 100_000, "no JSON"),
        ('{"answer": 1, "answer": 2}', "a key is there twice"),
        ('{"answer": 1, "skip": true}', "answer, skip in one message; send one after the other"),
        ('{"undo": "x"}', """undo is 'x'; give true / "earlier\""""),
        ('{"rating": true}', "True is no rating"),
        ('{"skip": false}', "skip is False; give true"),
        ('{"skip": 1}', "skip is 1; give true"),
        ('{"answer": 1, "try": "yes"}', "try is 'yes'; give true / false"),
        ("null", "no answer in the message"),
        ("NaN", "no answer in the message"),
        ("\udcff\udcfe", "no JSON"),
        ('{"answer": "' + "x" * 1_000_000 + '"}', "a line of more than 1000000 bytes; send a shorter one"),
        ('\n \n\r\n{"answer": "\\ud800"}', "names no option"),
    ],
)
def test_bad_messages_are_answered_and_the_question_stands(small: Path, home: Path, line: str, message: str) -> None:
    """An error is said, and the next answer is taken."""
    wire = Client("61", "--kind", "choice", "--limit", "1")
    question = wire.hear("question")
    wire.write(line)
    assert message in wire.hear("error")["message"]
    assert learner_log(home).reviews() == []
    wire.say(answer=question["options"].index("3") + 1)
    assert wire.hear("grade")["correct"]


def test_skip_undo_quit(small: Path) -> None:
    """What can be said beside an answer."""
    wire = Client("61", "--kind", "choice")
    assert wire.hear("question")["item"] == "61/which-value"
    wire.say(skip=True)
    assert wire.hear("question")["item"] == "61/which-hold"
    wire.say(answer=[1])
    wire.hear("grade")
    assert wire.hear("question")["item"] == "61/which-hold"
    wire.say(undo=True)
    assert wire.hear("undone")["item"] == "61/which-hold"
    wire.hear("question")
    assert wire.leave()["answered"] == 0
    assert wire.code() == 0


def test_closed_input_ends_the_session(small: Path) -> None:
    """A program that goes away loses nothing."""
    wire = Client("61", "--kind", "choice")
    wire.hear("question")
    assert wire.leave(is_said=False)["answered"] == 0
    assert wire.code() == 0


def test_hint_try_rating_proof(small: Path, home: Path) -> None:
    """All that the terminal can do: a hint, another try, a corrected rating, the proof."""
    wire = Client("61", "--kind", "choice")
    question = wire.hear("question")
    for bad in ({"rating": 3}, {"proof": True}, {"rating": 9}):
        wire.say(**bad)
        wire.hear("error")
    wire.say(hint=True)
    assert "“Pitfalls” is about this" in wire.hear("hint")["text"]
    wire.say(answer=question["options"].index("2") + 1, **{"try": True})
    assert wire.hear("tried")["item"] == "61/which-value"
    wire.say(answer=question["options"].index("3") + 1, **{"try": True})
    grade = wire.hear("grade")
    assert (grade["correct"], grade["proposed"], grade["rating"]) == (True, 2, 2)
    assert wire.hear("question")["item"] == "61/which-hold"
    wire.say(rating=4)
    rated = wire.hear("rated")
    assert (rated["item"], rated["rating"]) == ("61/which-value", 4)
    assert rated["due"] > grade["due"]
    wire.say(proof=True)
    assert wire.hear("proof")["outcome"] == "passed"
    wire.say(quit=True)
    wire.hear("end")
    log = learner_log(home).reviews()
    assert [(one.proposed, one.rating) for one in log] == [(Rating.HARD, Rating.EASY)]


def test_rejected_code_tells_its_reason(small: Path) -> None:
    """Another try for lines that fail, with the check that they fail, its line and its values."""
    snippet = SNIPPET.replace("assert mean([1.0, 2.0, 6.0]) ==", "found = mean([1.0, 2.0, 6.0])\nassert found ==")
    write_entry(small, snippet=snippet)
    wire = Client("61", "--kind", "code")
    question = wire.hear("question")
    tried = wire.ask("tried", answer="total = sum(values)\n\nreturn total + 0", **{"try": True})
    assert "the sum over the count" in tried["reason"]
    check = tried["check"]
    assert check["text"] == 'assert found == 3.0, "the sum over the count"'
    lines = question["code"].splitlines()
    assert lines[check["line"] - 1 - 2] == check["text"]  # the dots are one line, these were three
    assert (check["type"], check["message"], check["own_line"]) == ("AssertionError", "the sum over the count", None)
    assert check["values"] == {"found": "9.0"}
    raised = wire.ask("tried", answer="total = 0\nreturn total / 0", **{"try": True})["check"]
    assert (raised["type"], raised["own_line"], raised["text"]) == ("ZeroDivisionError", 2, "return total / 0")
    grade = wire.ask("grade", answer="return sum(values) / len(values)")
    assert (grade["correct"], grade["rating"], grade["check"]) == (True, 2, None)


@pytest.mark.parametrize(("is_right", "tried"), [(True, False), (False, False), (False, True)])
def test_choice_tells_what_was_chosen(small: Path, is_right: bool, tried: bool) -> None:
    """By place or by letter; what is right is told with the grade, and not with a try."""
    wire = Client("61", "--kind", "choice")
    question = wire.hear("question")
    right = question["options"].index("3") + 1
    chosen = right if is_right else right % 4 + 1
    letter = question["labels"][chosen - 1]
    told = wire.ask("tried" if tried else "grade", answer=f" {letter.upper()} ", **{"try": tried})
    assert (told["chosen"], told["given"]) == ([chosen], str(chosen))
    assert told.get("right") == (None if tried else [right])
    if not tried:
        return
    assert "key" not in told
    assert wire.ask("grade", answer=[letter])["chosen"] == [chosen]
    wire.hear("question")
    assert wire.ask("grade", answer=["a", 3, "A"])["chosen"] == [1, 3]


def test_undo_of_an_earlier_session_is_asked_for(small: Path, home: Path) -> None:
    """What was answered before this session is taken back only by name, and counts again on redo."""
    log = learner_log(home)
    log.add(Review("61/printed", 1000.0, "predict", "3.0", True, Rating.GOOD, Rating.GOOD, 5.0))
    wire = Client("61", "--kind", "predict")
    assert wire.hear("question")["item"] == "61/printed"
    wire.say(undo=True)
    assert "61/printed" in wire.hear("error")["message"]
    wire.say(undo="earlier")
    undone = wire.hear("undone")
    assert (undone["item"], undone["given"], undone["at"]) == ("61/printed", "3.0", 1000.0)
    assert wire.hear("question")["is_new"]
    wire.say(redo=True)
    assert wire.hear("redone")["items"] == ["61/printed"]
    wire.hear("done")
    log.refresh()
    assert log.totals() == (1, 1)


def test_answer_that_cannot_be_saved(small: Path, home: Path) -> None:
    """An error says so, the question stands, nothing counts as answered, and the exit code tells it."""
    wire = Client("61", "--kind", "choice", "--limit", "1")
    wire.hear("question")
    (path,) = (home / "data" / "progress" / "small").glob("*.jsonl")
    path.unlink()
    path.mkdir()
    wire.say(answer=1)
    assert "progress cannot be kept" in wire.hear("error")["message"]
    wire.say(quit=True)
    assert wire.hear("end")["answered"] == 0
    assert wire.process.wait(timeout=120) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"answer": 4}, '4 is no text; give one: {"answer": "4"}'),
        ({"answer": None}, "None is no text"),
        ({"answer": ["4"]}, "['4'] is no text"),
        ({"answer": " "}, "the answer is empty"),
        ({"answer": "1" * 10_001}, "the answer has 10001 characters; 10000 at most are read"),
    ],
)
def test_a_text_is_asked_for(small: Path, home: Path, values: dict[str, Any], message: str) -> None:
    """What is no text, or one that nobody would type, is told; the question stands."""
    wire = Client("61", "--kind", "answer")
    wire.hear("question")
    wire.say(**values)
    assert message in wire.hear("error")["message"]
    assert learner_log(home).reviews() == []
    wire.say(answer="3")
    assert wire.hear("grade")["correct"]


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_any_encoding_carries_a_session(small: Path, home: Path, encoding: str) -> None:
    """In comes UTF-8 whatever the locale says; what the stream lacks goes out as an escape, half characters too."""
    wire = Client(
        *("61", "--kind", "code", "--lang", "zh"),
        encoding=encoding,
        PYTHONIOENCODING=encoding,
        LC_ALL="C",
        PYTHONUTF8="0",
    )
    assert "均值" in wire.hear("question")["question"]
    wire.write('{"answer": "pass  # 三👍\\ud800"}')
    assert not wire.hear("grade")["correct"]
    assert [one.given for one in learner_log(home).reviews()] == ["pass  # 三👍\ufffd"]


def break_key(deck: Path) -> None:
    """Let the script of one item fail."""
    path = deck / "061-mean" / "en.md"
    path.write_text(path.read_text().replace("print(sum([2, 4]) / 2)", "print(1 / 0)"))


def test_an_item_without_a_key_is_left_out(small: Path, home: Path) -> None:
    """It is told why, no grade is given, and the next question comes."""
    break_key(small)
    wire = Client("61", "--kind", "predict")
    wire.hear("question")
    wire.say(answer="3.0")
    message = wire.hear("error")["message"]
    assert "the key of 61/printed cannot be computed" in message
    assert "ZeroDivisionError" in message
    assert "kb verify 61 tells more" in message
    assert wire.hear("done")["answered"] == 0
    wire.leave()
    assert wire.code() == 0
    assert learner_log(home).reviews() == []


def test_whoever_reads_no_more_ends_the_session(small: Path, home: Path) -> None:
    """What was answered is saved, and nothing is said about it."""
    wire = Client("61", "--kind", "choice")
    question = wire.hear("question")
    wire.back.close()
    wire.say(answer=question["options"].index("3") + 1)
    assert wire.process.wait(timeout=120) == 0
    assert wire.errors.read() == b""
    assert [one.item for one in learner_log(home).reviews()] == ["61/which-value"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_system_ends_the_session(small: Path, home: Path, number: signal.Signals) -> None:
    """What was answered is saved, and the exit code tells the signal."""
    wire = Client("61", "--kind", "choice")
    question = wire.hear("question")
    wire.say(answer=question["options"].index("3") + 1)
    wire.hear("grade")
    wire.hear("question")
    wire.process.send_signal(number)
    assert wire.process.wait(timeout=120) == -number
    assert wire.errors.read() == b""
    assert [one.item for one in learner_log(home).reviews()] == ["61/which-value"]


@pytest.mark.usefixtures("not_isolated")
def test_ctrl_c_stops_a_check(small: Path, home: Path) -> None:
    """What was sent is neither right nor wrong, and the question stands."""
    seen = home / "seen"
    wire = Client("61", "--kind", "code")
    wire.hear("question")
    wire.say(answer=f"open({str(seen)!r}, 'w').close()\nwhile True: pass")
    until = time.monotonic() + 180
    while not seen.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    wire.interrupt()
    assert wire.hear("cancelled")["what"] == "answer"
    assert learner_log(home).reviews() == []
    wire.say(answer="return sum(values) / len(values)")
    assert wire.hear("grade")["correct"]
