"""kb search and kb explain, as they are used."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Kb, only_json
from tests.pseudo_terminal import Screen
from tests.search.test_explain import MESSAGE, MESSAGES, TRACEBACK


def test_search_tells_what_it_searched_for(small: Path, kb: Kb) -> None:
    """On stderr; the hits are on stdout."""
    done = kb("search", "transfromer")
    assert done.stderr == "showing results for transformer\n"
    assert done.stdout.split()[0] == "62"


def test_search_as_json(small: Path, kb: Kb) -> None:
    """What was searched for, the words that matched, and where the marks are."""
    value = only_json(kb("search", "transfromer", "--json").stdout)
    assert value["shown_for"] == "transformer"
    hit = value["hits"][0]
    assert (hit["number"], hit["matched"]) == (62, ["transformer"])
    (passage, *_) = hit["passages"]
    start, end = passage["marks"][0]
    assert passage["text"][start:end] == "Transformer"


def test_open(small: Path, kb: Kb) -> None:
    """--open shows the first hit."""
    assert kb("search", "lstm", "--open").stdout == kb("show", "62").stdout


def test_all(small: Path, kb: Kb) -> None:
    """--all lists every entry."""
    assert len(only_json(kb("search", "average", "--all", "--json").stdout)["hits"]) == 2
    assert len(only_json(kb("search", "average", "--json").stdout)["hits"]) == 1


def test_picker(small: Path, home: Path) -> None:
    """Typing narrows, arrows point, Enter shows, letters act on what is pointed at."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("transf")
        screen.wait_for("How does an LSTM keep a gradient?")
        assert "mean of everything" not in screen.text
        screen.send("\x7f\x7f\x7f\x7f\x7f\x7fmean")
        screen.wait_for("mean of a batch")
        screen.send("\x1b[B\x1b[B\x1b[A")
        screen.wait_for("r run")
        screen.send("\r")
        assert screen.end() == 0
        assert "See also" in screen.text


def test_picker_runs(small: Path, home: Path) -> None:
    """r runs what is pointed at."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("lstm\x1b[B")
        screen.wait_for("r run")
        screen.send("r")
        assert screen.end() == 0
        assert "✓ passed" in screen.text


def test_picker_leaves(small: Path, home: Path) -> None:
    """Escape leaves without a word."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("\x1b")
        assert screen.end() == 0


def test_explain_reads_a_traceback(small: Path, kb: Kb) -> None:
    """From a pipe: the message, the entry that knows it, what to do next."""
    done = subprocess.run(
        [sys.executable, "-m", "kb", "explain"], input=TRACEBACK, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("RuntimeError: mixed device index 17 is out of range\n")
    assert "kb show 62" in done.stdout


def test_explain_as_json(small: Path, kb: Kb) -> None:
    """Each message with its entries, and what stood in its slots."""
    (small / "messages.toml").write_text(MESSAGES)
    value = only_json(kb("explain", f"[rank1]: RuntimeError: {MESSAGE}", "--json").stdout)
    assert value["root"] == f"RuntimeError: {MESSAGE}"
    (one,) = value["messages"]
    assert [entry["number"] for entry in one["entries"]] == [62, 61]
    assert (one["id"], one["rank"], one["line"], one["cure"]) == ("sizes-differ", 1, 1, "Give 4.")
    assert value["guesses"] == []


def test_explain_shows_cause_check_and_cure(small: Path, kb: Kb) -> None:
    """Then the entry; of another message in the text its cause. A text in UTF-16 is read as well."""
    (small / "messages.toml").write_text(MESSAGES)
    text = f"RuntimeError: {MESSAGE}\nworker 1 failed, see its own error\n"
    for encoding in ("utf-8", "utf-16"):
        done = subprocess.run(
            [sys.executable, "-m", "kb", "explain"],
            input=text.encode(encoding),
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
        lines = done.stdout.decode().splitlines()
        assert lines[:4] == [
            f"RuntimeError: {MESSAGE}",
            "  cause  It takes 4, and 3 came.",
            "  check  Print `x.shape`.",
            "  cure   Give 4.",
        ]
        assert "  worker 1 failed, see its own error" in lines
        assert done.returncode == 0


def test_explain_guesses_and_says_so(small: Path, kb: Kb) -> None:
    """Where no message is known."""
    done = kb("explain", "RuntimeError: the hidden Transformer state")
    assert done.returncode == 0
    assert "perhaps these help" in done.stdout
    assert "kb show 62" in done.stdout


def test_explain_says_when_nothing_fits(small: Path, kb: Kb) -> None:
    """One line, and the exit code 1; an empty pipe too."""
    done = kb("explain", "KeyError: 'learning_rate'")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no entry explains" in done.stderr
    chat = kb("explain", *["hello"] * 200)
    assert (chat.returncode, chat.stdout, chat.stderr.count("\n")) == (1, "", 1)
    assert "no error and no warning" in chat.stderr
    empty = kb("explain")
    assert (empty.returncode, empty.stdout, empty.stderr.count("\n")) == (1, "", 1)
