"""kb search and kb explain, as they are used."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Kb, only_json
from tests.pseudo_terminal import Screen
from tests.search.test_explain import TRACEBACK


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
    """Each entry with how much of the message was printed."""
    value = only_json(kb("explain", "mixed device index 99 is out of range", "--json").stdout)
    assert [(one["number"], one["score"]) for one in value["matches"]] == [(62, 1.0)]


def test_explain_says_when_nothing_fits(small: Path, kb: Kb) -> None:
    """One line, and the exit code 1; an empty pipe too."""
    done = kb("explain", "KeyError: 'learning_rate'")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no entry explains" in done.stderr
    empty = kb("explain")
    assert (empty.returncode, empty.stdout, empty.stderr.count("\n")) == (1, "", 1)
