"""Whole sessions over the wire: what may be done to the last answer, what may be stopped, and how a session ends."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COMMAND, ROOT, learner_log
from tests.quiz.wire_client import RIGHT, Client

TRY = {"try": True}


@pytest.fixture(autouse=True)
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


def given(home: Path) -> list[tuple[str, str, int]]:
    """What the log holds: items, answers and ratings that count."""
    return [(one.item, one.given, int(one.rating)) for one in learner_log(home).reviews()]


# The last answer


def test_the_last_answer_is_rated_proved_undone_and_redone(home: Path) -> None:
    """After the last question the session waits; each change stands in the log once."""
    wire = Client("61", "--kind", "choice")
    grade = wire.answer_all(2)[-1]
    assert wire.hear("done") == {"schema": 1, "event": "done", "answered": 2, "right": 2}
    assert wire.ask("proof", proof=True)["item"] == "61/which-hold"
    assert wire.ask("rated", rating=4)["due"] > grade["due"]
    assert wire.ask("undone", undo=True)["item"] == "61/which-hold"
    question = wire.hear("question")
    assert (question["item"], question["number"], question["total"], question["is_new"]) == (
        "61/which-hold",
        2,
        2,
        True,
    )
    assert wire.ask("redone", redo=True)["items"] == ["61/which-hold"]
    assert wire.hear("done")["answered"] == 2
    assert wire.ask("undone", undo=True)["item"] == "61/which-hold"
    question = wire.hear("question")
    assert wire.ask("grade", answer=RIGHT["61/which-hold"](question))["correct"]
    wire.hear("done")
    wire.leave()
    assert wire.code() == 0
    assert [item for item, _, _ in given(home)] == ["61/which-value", "61/which-hold"]


def test_a_rating_of_the_last_answer_may_ask_it_once_more(home: Path) -> None:
    """Right and rated 1 it comes again; rated 3 then, while it stands, it does not."""
    wire = Client("61", "--kind", "answer")
    wire.answer_all(1)
    wire.hear("done")
    assert wire.ask("rated", rating=1)["rating"] == 1
    question = wire.hear("question")
    assert (question["item"], question["is_again"], question["is_new"]) == ("61/counted", True, False)
    assert wire.ask("rated", rating=3)["rating"] == 3
    assert wire.hear("done")["right"] == 1
    wire.leave()
    assert wire.code() == 0
    assert given(home) == [("61/counted", "3", 3)]


def test_a_wrong_answer_comes_again_and_its_rating_takes_that_back(home: Path) -> None:
    """A question that the client was sent, and that is to be asked no more, is replaced."""
    wire = Client("61", "--kind", "predict")
    wire.hear("question")
    assert not wire.ask("grade", answer="4")["correct"]
    assert wire.hear("question")["is_again"]
    wire.ask("rated", rating=2)
    wire.hear("done")
    assert "no question is left" in wire.ask("error", answer="3.0")["message"]
    wire.leave()
    assert given(home) == [("61/printed", "4", 2)]


@pytest.mark.parametrize("verb", [{"answer": 1}, {"hint": True}, {"skip": True}])
def test_without_a_question_there_is_nothing_to_answer(home: Path, verb: dict[str, Any]) -> None:
    """One line says so, and what can be done."""
    wire = Client("61", "--kind", "choice", "-n", "1")
    wire.hear("question")
    wire.say(skip=True)
    wire.hear("done")
    message = wire.ask("error", **verb)["message"]
    assert message == 'no question is left; rate, prove or undo the last answer, or send {"quit": true}'
    assert wire.ask("error", proof=True)["message"] == "there is nothing to run; answer a question first"
    assert wire.ask("error", undo=True)["message"] == "there is nothing to take back; answer a question first"
    assert wire.leave()["answered"] == 0


@pytest.mark.parametrize("verb", ["bury", "suspend"])
def test_a_question_is_buried_or_suspended(home: Path, verb: str) -> None:
    """The next one follows; the same verb after the last, or an undo, brings it back."""
    wire = Client("61", "--kind", "choice")
    item = wire.hear("question")["item"]
    marked = wire.ask("marked", **{verb: True})
    assert (marked["item"], marked["marking"], marked["is_on"]) == (item, verb, True)
    question = wire.hear("question")
    assert (question["item"] != item, question["number"], question["total"]) == (True, 1, 1)
    assert not wire.ask("marked", undo=True)["is_on"]
    assert wire.hear("question")["item"] == item
    assert wire.ask("marked", **{verb: True})["is_on"]
    wire.hear("question")
    assert wire.ask("marked", **{verb: True})["is_on"]
    wire.hear("done")
    assert not wire.ask("marked", **{verb: True})["is_on"]
    question = wire.hear("question")
    assert question["item"] != item
    assert wire.ask("grade", answer=RIGHT[question["item"]](question))["correct"]
    wire.hear("done")
    wire.leave()
    assert wire.code() == 0
    assert [name for name, _, _ in given(home)] == [question["item"]]
    assert Client("61", "--kind", "choice").hear("question")["item"] == question["item"]


def test_a_flag_leaves_the_question_standing(home: Path) -> None:
    """It is answered as before."""
    wire = Client("61", "--kind", "answer")
    wire.hear("question")
    assert wire.ask("marked", flag=True)["is_on"]
    assert not wire.ask("marked", flag=True)["is_on"]
    assert wire.ask("marked", flag=True)["is_on"]
    assert wire.ask("grade", answer="3")["correct"]
    wire.hear("done")
    wire.leave()
    assert given(home) == [("61/counted", "3", 3)]


# How a session ends


def test_a_client_that_only_writes_hears_everything(home: Path) -> None:
    """All answers at once, then the end of the input: every one is graded, and `end` comes."""
    lines = ["nonsense", '{"answer": "4"}', '{"answer": "3"}', '{"skip": true}', '{"proof": true}']
    done = subprocess.run(
        [*COMMAND, "quiz", "--json", "61", "--kind", "predict"],
        input="\n".join(lines).encode(),
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events == ["question", "error", "grade", "question", "grade", "done", "error", "proof", "end"]
    assert given(home) == [("61/printed", "4", 1), ("61/printed", "3", 3)]


@pytest.mark.parametrize("kinds", ["choice", "code"])
def test_an_input_that_ends_in_the_middle(home: Path, kinds: str) -> None:
    """What was answered is saved, once; what stands is not."""
    wire = Client("61", "--kind", kinds)
    question = wire.hear("question")
    wire.say(answer=RIGHT[question["item"]](question))
    wire.to.close()
    assert wire.hear("grade")["correct"]
    last = wire.hear("question" if kinds == "choice" else "done")
    assert wire.hear("end")["answered"] == 1
    assert wire.code() == 0
    assert [item for item, _, _ in given(home)] == [question["item"]]
    assert last["event"] == "done" or last["number"] == 2


def test_an_answer_that_is_saved_at_the_second_attempt_is_saved(home: Path) -> None:
    """The exit code tells what is lost, not what went wrong on the way."""
    wire = Client("61", "--kind", "answer")
    wire.hear("question")
    (path,) = (home / "data" / "progress" / "small").glob("*.jsonl")
    path.unlink()
    path.mkdir()
    assert "progress cannot be kept" in wire.ask("error", answer="3")["message"]
    path.rmdir()
    assert wire.ask("grade", answer="3")["correct"]
    wire.hear("done")
    wire.leave()
    assert wire.process.wait(timeout=120) == 0
    assert given(home) == [("61/counted", "3", 3)]


def test_ctrl_c_between_questions_ends_the_session(home: Path) -> None:
    """As everywhere: one line on stderr, 130, and what was answered is saved."""
    wire = Client("61", "--kind", "choice")
    wire.answer_all(1)
    wire.hear("question")
    wire.interrupt()
    assert wire.process.wait(timeout=120) == 130
    assert wire.errors.read() == b"kb: interrupted; nothing is lost\n"
    assert [item for item, _, _ in given(home)] == ["61/which-value"]


@pytest.mark.parametrize("arguments", [("--kind", "essay"), ("--limit", "0"), ("99",)])
def test_a_wrong_command_line_is_a_wrong_command_line(arguments: tuple[str, ...]) -> None:
    """Exit code 2, one line on stderr, nothing on stdout."""
    wire = Client(*arguments)
    assert wire.process.wait(timeout=120) == 2
    assert (wire.back.read(), wire.errors.read().count(b"\n")) == (b"", 1)


# What may be stopped


def endless(seen: Path) -> str:
    """Lines that tell when they run, and run for ever."""
    return f"open({str(seen)!r}, 'w').close()\nwhile True: pass"


def wait_for(path: Path) -> None:
    """Until it is there."""
    until = time.monotonic() + 180
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.usefixtures("not_isolated")
@pytest.mark.parametrize("is_seen", [True, False])
def test_cancel_stops_a_check(home: Path, is_seen: bool) -> None:
    """Whether it already runs or has not begun: nothing is graded, the question stands, and the next answer counts."""
    wire = Client("61", "--kind", "code")
    wire.hear("question")
    wire.say(answer=endless(home / "seen"))
    if is_seen:
        wait_for(home / "seen")
    begun = time.monotonic()
    assert wire.ask("cancelled", cancel=True) == {
        "schema": 1,
        "event": "cancelled",
        "item": "61/mean-by-hand",
        "what": "answer",
    }
    assert time.monotonic() - begun < 30
    assert given(home) == []
    assert "nothing is being graded" in wire.ask("error", cancel=True)["message"]
    grade = wire.ask("grade", answer=RIGHT["61/mean-by-hand"]({}))
    assert (grade["correct"], grade["proposed"]) == (True, 3)
    wire.hear("done")
    wire.leave()
    assert wire.code() == 0
    assert len(given(home)) == 1


@pytest.mark.usefixtures("not_isolated")
@pytest.mark.parametrize("how", ["cancel", "interrupt"])
def test_a_proof_is_stopped(small: Path, home: Path, how: str) -> None:
    """The answer stays as it was."""
    seen = home / "seen"
    path = small / "061-mean" / "en.md"
    proof = endless(seen) + "\nassert True"
    path.write_text(path.read_text().replace("assert sum([1, 2, 6]) / 3 == 3", proof))
    wire = Client("61", "--kind", "choice", "-n", "1")
    wire.answer_all(1)
    wire.hear("done")
    wire.say(proof=True)
    wait_for(seen)
    wire.say(cancel=True) if how == "cancel" else wire.interrupt()
    assert wire.hear("cancelled")["what"] == "proof"
    assert wire.ask("rated", rating=2)["rating"] == 2
    wire.leave()
    assert wire.code() == 0
    assert [rating for _, _, rating in given(home)] == [2]


@pytest.mark.usefixtures("not_isolated")
def test_cancel_reaches_all_that_waits_before_it(home: Path) -> None:
    """What was sent behind the first answer and is not begun is stopped too; what is sent after the cancel is not."""
    wire = Client("61", "--kind", "code")
    wire.hear("question")
    wire.say(answer=endless(home / "seen"))
    wait_for(home / "seen")
    wire.say(answer="return 1", **TRY)
    wire.say(hint=True)
    wire.say(cancel=True)
    wire.say(answer="return 2", **TRY)
    assert [wire.hear(event)["event"] for event in ("cancelled", "cancelled", "hint", "tried")]
    wire.leave()
    assert given(home) == []


@pytest.mark.usefixtures("not_isolated")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_system_ends_a_check(home: Path, number: signal.Signals) -> None:
    """While an endless answer runs, too: nothing is said, and nothing logged."""
    wire = Client("61", "--kind", "code")
    wire.hear("question")
    wire.say(answer=endless(home / "seen"))
    wait_for(home / "seen")
    wire.process.send_signal(number)
    assert wire.process.wait(timeout=60) == -number
    assert wire.errors.read() == b""
    assert given(home) == []
