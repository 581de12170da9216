"""Trust at the command line: nothing of a deck runs before ``kb trust``, by whatever door it is asked for."""

import json
import subprocess
from pathlib import Path

import pytest

from kb.cli.confirming import confirmed
from kb.cli.opening import open_context
from tests.conftest import COMMAND, EN, ROOT, SNIPPET, Kb, only_json, write_entry
from tests.pseudo_terminal import Screen

SPY = "import pathlib; pathlib.Path({file!r}).open('a').write({name!r} + '\\n')\n"
"""What a piece of code leaves behind if it runs."""


@pytest.fixture
def spied(deck: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, not_isolated: None) -> Path:
    """A deck, named by KB_DECK and trusted by nobody, whose code writes into a file whatever of it runs; the file."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("KB_TRUST", "")
    monkeypatch.setenv("NO_COLOR", "1")
    file = tmp_path / "ran.txt"

    def spy(name: str) -> str:
        return SPY.format(file=str(file), name=name)

    text = EN.format(number=61)
    for fence in ("proof", "predict", "answer"):
        text = text.replace(f"```python {fence}\n", f"```python {fence}\n{spy(fence)}")
    for fence in ("right", "wrong"):
        text = text.replace(f"```python {fence}\n", f"```python {fence}\n{spy(fence)}")
    write_entry(deck, en=text, snippet=SNIPPET.replace("import os\n", f"import os\n\n{spy('snippet')}", 1))
    return file


def quizzed(*lines: dict[str, object]) -> list[dict[str, object]]:
    """What a session by wire says."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [*COMMAND, "quiz", "--json", "61"], input=text, capture_output=True, text=True, cwd=ROOT, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


DOORS = (
    ("run", "61"),
    ("run", "61", "--json"),
    ("run", "61", "--watch"),
    ("run", "61", "--edit"),
    ("verify",),
    ("verify", "61", "--json"),
    ("verify", "61", "--thorough", "--mutants"),
    ("verify", "61", "--mutants", "all"),
    ("verify", "61", "--record"),
)


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_nothing_runs_untrusted(spied: Path, kb: Kb, door: tuple[str, ...]) -> None:
    """One line says so and how it is trusted; the exit code is 1."""
    done = kb(*door, environ={"EDITOR": "true"})
    assert done.returncode == 1
    assert "is not trusted, so nothing of it runs; kb trust" in " ".join(done.stderr.split())
    assert not spied.exists()
    assert not done.stdout.strip()


def test_the_same_doors_once_it_is_trusted(spied: Path, kb: Kb) -> None:
    """So the test above can fail."""
    assert kb("trust", str(spied.parent / "deck"), "--yes").returncode == 0
    assert kb("verify").returncode == 0
    assert set(spied.read_text().split()) == {"snippet", "proof", "predict", "answer", "right", "wrong"}


def test_a_quiz_asks_what_needs_no_run(spied: Path) -> None:
    """Lines for a hole are left out, and so is a key that would have to be computed; a proof is refused."""
    letters: list[dict[str, object]] = [{"answer": 1}, {"proof": True}]
    said = quizzed(*letters * 6)
    kinds = {line["kind"] for line in said if line["event"] == "question"}
    assert kinds == {"choice", "recall"}
    graded = {str(line["item"]) for line in said if line["event"] == "grade"}
    assert {"61/which-value"} <= graded <= {"61/which-value", "61/which-hold", "61/recall"}
    refused = [line for line in said if line["event"] == "error" and "is not trusted" in str(line["message"])]
    assert len(refused) >= 3
    assert all(f"kb trust {spied.parent / 'deck'} shows it" in str(line["message"]) for line in refused)
    assert not any(line["event"] == "proof" for line in said)
    assert not spied.exists()


def test_a_quiz_says_what_it_leaves_out(spied: Path, kb: Kb) -> None:
    """On stderr, with what to do."""
    told = kb("quiz", "--json").stderr
    assert "what asks for a run is left out; kb trust" in told
    kb("trust", str(spied.parent / "deck"), "--yes")
    assert not kb("quiz", "--json").stderr


def test_code_that_changed_asks_again(spied: Path, kb: Kb, deck: Path) -> None:
    """Until then it runs; and an untouched entry goes on running."""
    write_entry(deck, 62, "other", en=EN.format(number=62).replace("related: [62]", "related: [61]"))
    assert kb("trust", str(deck), "--yes").returncode == 0
    assert kb("run", "61").returncode == kb("run", "62").returncode == 0
    snippet = deck / "061-mean" / "snippet.py"
    snippet.write_text(snippet.read_text().replace("step=2", "step=3"))
    assert (kb("run", "61").returncode, kb("run", "62").returncode) == (1, 0)
    told = kb("trust", str(deck), "--yes")
    assert "61. What is the mean" in told.stderr
    assert "changed since it was trusted" in told.stderr
    assert "62. " not in told.stderr
    assert kb("run", "61").returncode == 0


def test_trust_without_a_terminal(spied: Path, kb: Kb, deck: Path) -> None:
    """It shows what there is, and refuses unless it is told that it is meant."""
    done = kb("trust", str(deck))
    assert done.returncode == 1
    assert "give --yes if you mean it" in done.stderr
    assert "os, pathlib" in done.stderr
    assert kb("run", "61").returncode == 1
    every_line = kb("trust", str(deck), "--code").stdout
    assert "assert mean([4.0]) == 4.0" in every_line
    assert "return statistics.fmean(values)" in every_line


def test_always_withdraw_and_list(spied: Path, kb: Kb, deck: Path) -> None:
    """A deck of one's own is trusted whatever changes in it, until that is taken back."""
    assert only_json(kb("trust", str(deck), "--always", "--yes", "--json").stdout)["always"]
    snippet = deck / "061-mean" / "snippet.py"
    snippet.write_text(snippet.read_text() + "\nprint('more')\n")
    assert "more" in kb("run", "61").stdout
    assert f"{deck}: whatever changes" in kb("trust").stdout
    assert kb("trust", str(deck), "--withdraw").returncode == 0
    assert kb("run", "61").returncode == 1
    assert "no deck but the built-in one" in kb("trust").stderr


def test_the_built_in_deck_needs_no_trust(home: Path, kb: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with the program."""
    monkeypatch.setenv("KB_TRUST", "")
    done = kb("trust", str(ROOT / "content"))
    assert done.returncode == 0
    assert "may run, whatever changes" in done.stderr


def test_a_quiz_of_a_trusted_deck_grades_by_running(spied: Path, kb: Kb, deck: Path) -> None:
    """Keys and lines run in the background, where the answer that it is trusted is known already."""
    kb("trust", str(deck), "--yes")
    letters: list[dict[str, object]] = [
        {"answer": "return sum(values) / len(values)"},
        {"answer": "3.0"},
        {"skip": True},
    ]
    said = quizzed(*letters * 6)
    right = {line["item"] for line in said if line["event"] == "grade" and line["correct"]}
    assert {"61/printed", "61/mean-by-hand"} <= right
    assert {"snippet", "predict"} <= set(spied.read_text().split())


def test_asked_at_a_terminal(spied: Path, deck: Path) -> None:
    """No is no; yes runs it, and is remembered."""
    with Screen("run", "61") as screen:
        screen.wait_for("Trust it, and let it run?")
        assert "os, pathlib" in screen.text
        screen.send("n\r")
        assert screen.end() == 1
    assert not spied.exists()
    for keys in ("y\r", ""):
        with Screen("run", "61") as screen:
            if keys:
                screen.wait_for("Trust it, and let it run?")
                screen.send(keys)
            assert screen.end() == 0
    assert spied.read_text().split() == ["snippet"] * 2


def test_learning_shows_and_does_not_run(spied: Path) -> None:
    """The key that runs the snippet says why it does not."""
    with Screen("learn", "61") as screen:
        screen.wait_for("mean of a batch")
        screen.send("r")
        screen.wait_for("so nothing of it runs")
        screen.send("q")
        screen.end()
    assert not spied.exists()


def test_ran_to_its_end(spied: Path, kb: Kb, deck: Path) -> None:
    """A snippet without a check is no failure of ``kb run``: it says that nothing was checked. ``kb verify`` asks for
    checks."""
    write_entry(deck, 62, "plain", snippet="print('hello')\n")
    kb("trust", str(deck), "--always", "--yes")
    done = kb("run", "62")
    assert done.returncode == 0
    assert "ran to its end, nothing was checked" in done.stdout + done.stderr
    assert only_json(kb("run", "62", "--json").stdout)["checked"] is False
    assert only_json(kb("run", "61", "--json").stdout)["checked"] is True
    assert kb("verify", "62").returncode == 1


def test_yes_and_no_in_both_languages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is neither is asked again, in the reader's words; Enter alone is no, the end of the input no answer."""
    for lang, told in (("en", "answer y for yes, n for no"), ("zh", "请回答：y 或“是”，n 或“否”")):
        for given, expected in (("y", True), ("YES", True), ("是", True), ("ｙ", True), ("", False), ("否", False)):
            typed = iter(["perhaps", given])
            monkeypatch.setattr("builtins.input", lambda typed=typed: next(typed))
            assert confirmed(open_context(None, lang), "?") is expected
            assert told in capsys.readouterr().err

    def end() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    with pytest.raises(KeyboardInterrupt):
        confirmed(open_context(None, "en"), "?")
