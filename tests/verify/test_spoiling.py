"""Spoiling whole snippets: what survives is listed by line, answered, kept, and never run twice."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from kb.deck.harmless import harmless_lines, without_harmless
from kb.deck.script import read_snippet
from kb.run.worker import Workers
from kb.verify.mutant_ledger import MutantLedger
from kb.verify.reached import marked_source, reach
from tests.conftest import COMMAND, ROOT, SNIPPET, Kb, only_json, write_entry

pytestmark = pytest.mark.usefixtures("unmeasured")

BODY = """

def spread(values: list[float]) -> float:
    low, high = min(values), max(values)
    if low > high:
        low = high - 1
    return high - low


def shifted(values, by=0):
    return [value + by for value in values]


assert spread([1.0, 4.0]) == 3.0
assert len(shifted([1.0, 2.0], by=3)) == 2
"""

SPOILT = SNIPPET + BODY
ADDING = "    return [value + by for value in values]"


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    write_entry(deck, snippet=SPOILT)
    return deck


def line_of(text: str, source: str = SPOILT) -> int:
    """Where a text stands in a script, from 1."""
    return next(at for at, line in enumerate(source.splitlines(), 1) if text in line)


def survivors(value: Any) -> list[tuple[int, str]]:
    """Line and words of what no check noticed."""
    return [(one["line"], one["id"].partition(": ")[2]) for one in value["results"] if not one["ok"]]


def test_survivors_are_found_with_their_line(small: Path, kb: Kb) -> None:
    """What the asserts let pass is told by line, with the mistake; the rest is noticed."""
    done = kb("verify", "--mutants", "all", "--json")
    assert done.returncode == 1
    value = only_json(done.stdout)
    at = line_of("value + by for")
    expected = {"another operator: value - by for value + by", "a term left out: value for value + by"}
    assert {(at, one) for one in expected} <= set(survivors(value))
    assert {line for line, _ in survivors(value)} <= {at, line_of("if low > high"), line_of("shifted([1.0"), 0}
    counts = value["mutants"]
    assert counts["noticed"] + counts["harmless"] + counts["survived"] == counts["all"] == len(value["results"])
    assert counts["noticed"] > counts["survived"] > 0
    shown = kb("verify", "--mutants", "all")
    assert shown.returncode == 1
    heading = shown.stdout.splitlines().index(f"61:{at}  {ADDING.strip()}")
    assert "✗ another operator: value - by for value + by" in shown.stdout.splitlines()[heading + 1]
    assert f"{counts['noticed']} of {counts['all']} mistakes noticed, 0 answered as harmless" in shown.stderr


def test_never_run_is_listed_apart(small: Path, kb: Kb) -> None:
    """A branch that no run enters is told as such; nothing is run for it."""
    value = only_json(kb("verify", "--mutants", "all", "--json").stdout)
    at = line_of("low = high - 1")
    assert value["mutants"]["never_run"] == [{"entry": 61, "line": at}]
    assert at not in {one["line"] for one in value["results"]}
    assert f"61: never run, so nothing is proved of line {at}" in kb("verify", "--mutants", "all").stdout
    answered = SPOILT.replace("low = high - 1", "low = high - 1  # harmless: for a machine that this is not")
    write_entry(small, snippet=answered)
    counts = only_json(kb("verify", "--mutants", "all", "--json").stdout)["mutants"]
    assert (counts["never_run"], counts["superfluous"]) == ([], [])


def test_harmless_answers_a_line(small: Path, kb: Kb) -> None:
    """A reason at the end of the line answers for all that survives in it; without a reason nothing is answered."""
    at = line_of("value + by for")
    write_entry(small, snippet=SPOILT.replace(ADDING, f"{ADDING}  # harmless: only how many counts here"))
    value = only_json(kb("verify", "--mutants", "all", "--json").stdout)
    assert at not in {line for line, _ in survivors(value)}
    assert value["mutants"]["harmless"] >= 2
    assert value["mutants"]["superfluous"] == []
    write_entry(small, snippet=SPOILT.replace(ADDING, f"{ADDING}  # harmless:"))
    assert at in {line for line, _ in survivors(only_json(kb("verify", "--mutants", "all", "--json").stdout))}
    complaints = kb("check").stdout
    assert f"061-mean/snippet.py:{at}: # harmless: without a reason; say why behind it" in complaints


def test_superfluous_harmless_is_told(small: Path, kb: Kb) -> None:
    """Where all is noticed there is nothing to answer for; that is told, and is no error."""
    source = SNIPPET.replace("    total = sum(values)\n", "    total = sum(values)  # harmless: it is not\n")
    write_entry(small, snippet=source)
    done = kb("verify", "--mutants", "all")
    assert done.returncode == 0, done.stdout
    assert f"61: superfluous # harmless in line {line_of('# harmless', source)}" in done.stdout
    assert only_json(kb("verify", "--mutants", "all", "--json").stdout)["mutants"]["superfluous"][0]["entry"] == 61


def test_holes_are_as_before(small: Path, kb: Kb) -> None:
    """By itself, or as ``holes``, the option spoils holes beside everything else; before words, too."""
    plain = only_json(kb("verify", "--mutants", "--json", "61").stdout)
    named = only_json(kb("verify", "61", "--mutants", "holes", "--json").stdout)

    def tasks(value: Any) -> list[tuple[str, str]]:
        return [(one["what"], one["id"]) for one in value["results"]]

    assert tasks(plain) == tasks(named)
    assert {"snippet", "right", "mutant"} <= {what for what, _ in tasks(plain)}
    assert "mutants" not in plain
    done = kb("verify", "--mutants=some")
    assert (done.returncode, done.stderr) == (2, "kb: --mutants some is unknown; give holes or all\n")
    assert kb("verify", "--mutants", "all", "--record").returncode == 2


LOOPING = (
    SNIPPET
    + """

def halvings(value):
    count = 0
    while value > 1:
        value = value / 2
        count += 1
    return count


assert halvings(8.0) == 3
"""
)


def test_a_mutant_that_loops_is_killed(small: Path, kb: Kb) -> None:
    """It is over after a few times what the snippet needs, and counts as noticed."""
    write_entry(small, snippet=LOOPING)
    begun = time.monotonic()
    done = kb("verify", "--mutants", "all", "--json")
    assert done.returncode == 0, done.stdout
    outcomes = {one["id"]: one["outcome"] for one in only_json(done.stdout)["results"]}
    at = line_of("value / 2", LOOPING)
    assert outcomes[f"{at}: a term left out: value for value / 2"] == "timed out"
    assert time.monotonic() - begun < 120


def test_a_snippet_that_fails_is_not_spoilt(small: Path, kb: Kb) -> None:
    """Its mutants would all be noticed."""
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "== 4.0"))
    done = kb("verify", "--mutants", "all")
    assert done.returncode == 1
    assert "✗ 61: the snippet itself does not pass with one thread: line" in done.stdout
    assert "1 snippet does not pass: mend that first" in done.stderr
    write_entry(small, snippet=SNIPPET + "x = (\n")
    done = kb("verify", "--mutants", "all")
    assert done.returncode == 1
    assert "SyntaxError" in done.stdout


def ledger_lines(home: Path) -> list[str]:
    """What is kept of mutants."""
    return [line for path in home.glob("cache/mutants/*.jsonl") for line in path.read_text().splitlines()]


def test_interrupted_it_goes_on_where_it_was(small: Path, kb: Kb, home: Path) -> None:
    """Ctrl-C lists what was found; the next time what is known is not run again, and at last all is known."""
    slow = "import time\n\ntime.sleep(0.3)\n" + SPOILT
    write_entry(small, snippet=slow)
    environ = {**os.environ, "KB_HOME": str(home)}
    command = [*COMMAND, "verify", "--mutants", "all", "--jobs", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 100
    while len(ledger_lines(home)) < 6 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "mistakes noticed" in told
    known = ledger_lines(home)
    assert len(known) >= 6
    whole = only_json(kb("verify", "--mutants", "all", "--json").stdout)
    after = ledger_lines(home)
    assert after[: len(known)] == known
    assert len({json.loads(line)["key"] for line in after}) == len(after), "nothing was run twice"
    begun = time.monotonic()
    assert only_json(kb("verify", "--mutants", "all", "--json").stdout) == whole
    assert time.monotonic() - begun < 5
    assert ledger_lines(home) == after
    kb("verify", "--mutants", "all", "--fresh")
    assert len(ledger_lines(home)) > len(after)


def test_comments_change_no_mutant(small: Path, kb: Kb, home: Path) -> None:
    """Answering for a line has none of its mutants run again."""
    kb("verify", "--mutants", "all")
    known = len(ledger_lines(home))
    write_entry(small, snippet=SPOILT.replace(ADDING, f"{ADDING}  # harmless: only how many counts here"))
    kb("verify", "--mutants", "all")
    assert len(ledger_lines(home)) == known + 1, "the snippet itself, to see which lines run"


def test_damaged_ledger_is_done_without(tmp_path: Path) -> None:
    """Torn and strange lines are passed over; a folder that cannot be written is no error."""
    ledger = MutantLedger(tmp_path, "snippet.py", "2.13.0", "cpu")
    key = ledger.key("x = 1\n")
    ledger.put(key, outcome="passed", reason="", exit_code=0, seconds=1, cpu_seconds=1, peak_mb=1)
    (path,) = (tmp_path / "mutants").glob("*.jsonl")
    with path.open("a") as file:
        file.write('{"key": "a", "outcome": 3}\n[1]\nnull\n{"outcome": "passed"}\n{"key": "b", "outc')
    again = MutantLedger(tmp_path, "snippet.py", "2.13.0", "cpu")
    kept = again.kept_run(key)
    assert kept is not None
    assert kept.passed
    assert again.kept_run("a") is None
    other = MutantLedger(tmp_path, "snippet.py", "2.14.0", "cpu")
    assert other.get(other.key("x = 1\n")) is None, "another torch is another question"
    blocked = MutantLedger(path, "snippet.py", "2.13.0", "cpu")
    blocked.put("c", outcome="passed")
    assert blocked.get("c") == {"key": "c", "outcome": "passed"}


MARKED = '''"""A docstring."""
from __future__ import annotations

import os


class Thing:
    """What it is."""

    size = 1

    def grow(self):
        match self.size:
            case 1:
                self.size = 2
            case _:
                self.size = 3
        return self


def early(x):
    if x:
        return 1
    return 2


try:
    assert early(Thing().grow().size) == 1
except ValueError:
    never = 1
else:
    once = 1
finally:
    last = 1
if os.fork() == 0:
    child = 1
    os._exit(0)
os.wait()
'''


def test_reached_statements(tmp_path: Path) -> None:
    """What ran is known, down to branches and children; the marked script does what the script does."""
    path = tmp_path / "snippet.py"
    path.write_text(MARKED)
    snippet, _ = read_snippet(str(path), MARKED)
    with Workers() as workers:
        found = reach(snippet, "cpu", workers)
    assert found.run.passed, found.run.reason
    lines = {line for line, _ in found.places}
    reached = ["size = 1", "self.size = 2", "return self", "return 1", "once = 1", "last = 1", "child = 1"]
    assert {line_of(text, MARKED) for text in reached} <= lines
    assert not {line_of(text, MARKED) for text in ("self.size = 3", "return 2", "never = 1")} & lines


def test_marks_leave_what_must_come_first() -> None:
    """A docstring and what is imported from the future stay where they are."""
    first = marked_source(MARKED, "places").splitlines()[:2]
    assert first == ['"""A docstring."""', "from __future__ import annotations"]


def test_harmless_comments() -> None:
    """They are read at the end of a line, and readers do not see them."""
    code = "x = 1  # (N,)  # harmless: any will do\ny = 2  # harmless:\nz = 3  # harmless-looking\n# harmless: w\nv"
    assert harmless_lines(code) == {1: "any will do", 2: "", 4: "w"}
    assert without_harmless(code) == "x = 1  # (N,)\ny = 2\nz = 3  # harmless-looking\n\nv"


def test_readers_do_not_see_harmless(small: Path, kb: Kb) -> None:
    """An entry shows lines as they are without the comment, and so does its snippet; what is run has it."""
    source = SNIPPET.replace("    total = sum(values)\n", "    total = sum(values)  # harmless: or fsum\n")
    write_entry(small, snippet=source)
    assert "snippet.py: " not in kb("check").stdout
    assert kb("check").returncode == 0, kb("check").stdout
    assert kb("show", "61", "--code").stdout.count("harmless") == 0
    assert "total = sum(values)" in kb("show", "61", "--code").stdout
    assert "# harmless: or fsum" in only_json(kb("show", "61", "--json").stdout)["snippet"]
