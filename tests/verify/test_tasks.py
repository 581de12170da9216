"""Verification: luck, drift and reports."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kb.run.job import Job
from kb.verify.batches import Batch, What
from kb.verify.record import Record
from kb.verify.task import Task
from tests.conftest import SNIPPET, Kb, only_json, write_entry

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


LUCKY = """
import torch

torch.manual_seed(0)
x = torch.randn(3)
print(f"first {x[0]:.4f}")
assert x[0] > 1, "by luck: the first number drawn from this seed is 1.5410"
"""

ROUNDING = """
import torch

torch.manual_seed(0)
x = torch.nn.functional.layer_norm(torch.rand(1000, 1000), (1000,))
print(f"zero but for rounding: {1e6 * x.sum():.3f}")
assert x.std() > 0.9
"""


def test_luck_is_found(small: Path, kb: Kb) -> None:
    """An assert that holds under one seed alone passes plainly and fails under others."""
    write_entry(small, snippet=SNIPPET + LUCKY)
    assert only_json(kb("verify", "--json").stdout)["ok"]
    done = kb("verify", "--seeds", "3", "--json")
    assert done.returncode == 1
    bad = [one for one in only_json(done.stdout)["results"] if not one["ok"]]
    assert bad
    assert all(one["id"].startswith("seed+") and "by luck" in one["note"] for one in bad)


def test_thorough_runs_every_variant(small: Path, kb: Kb) -> None:
    """Five seeds, one and several threads, another CPU; sums that move are told, and are errors when strict."""
    write_entry(small, snippet=SNIPPET + ROUNDING)
    value = only_json(kb("verify", "--thorough", "--json").stdout)
    variants = {one["id"]: one for one in value["results"] if one["what"] == "snippet" and one["id"]}
    assert {*(f"seed+{1000 * at}" for at in range(1, 6)), "threads=1", "threads=3", "other-cpu"} == variants.keys()
    assert value["ok"]
    assert variants["other-cpu"]["drift"], "rounding differs without vector instructions"
    assert not variants["seed+1000"]["drift"]


def test_drift_from_the_recorded_output(small: Path, kb: Kb) -> None:
    """Output that is not output.txt any more is told, and fails when strict; recorded anew it is gone."""
    (small / "061-mean" / "output.txt").write_text("on cpu\nstep=1 loss=2.0\nstep=2 loss=1.5\n")
    loose = only_json(kb("verify", "--json").stdout)
    assert loose["ok"]
    assert loose["results"][0]["drift"] == ["line 3: 1.5 against 1.0"]
    strict = kb("verify", "--strict")
    assert strict.returncode == 1
    assert "prints something else: line 3: 1.5 against 1.0" in strict.stdout
    kb("verify", "--record")
    assert kb("verify", "--strict").returncode == 0


def test_deprecation_fails(small: Path, kb: Kb) -> None:
    """A snippet that raises a deprecation is not verified."""
    write_entry(small, snippet=SNIPPET + "import warnings\n\nwarnings.warn('gone soon', DeprecationWarning)\n")
    done = kb("verify")
    assert done.returncode == 1
    assert "deprecated, line 27: gone soon" in done.stdout.replace("line 26", "line 27")


def test_wrong_solution_must_fail_by_a_check(small: Path, kb: Kb) -> None:
    """One that crashes proves nothing about the asserts."""
    path = small / "061-mean" / "en.md"
    path.write_text(
        path.read_text().replace("```python wrong\nreturn sum(values)\n", "```python wrong\nreturn 1 / 0\n")
    )
    done = kb("verify")
    assert done.returncode == 1
    assert "rejected, but not by a check" in done.stdout


def test_mutants(small: Path, kb: Kb) -> None:
    """Every small mistake is noticed by good checks; a check that proves little lets some live, and is found out."""
    done = kb("verify", "--mutants")
    assert done.returncode == 0, done.stdout
    killed, everything = re.search(r"(\d+) of (\d+) mutants killed", done.stderr).groups()  # type: ignore[union-attr]
    assert killed == everything
    assert int(everything) >= 4
    assert "(100%); 0 more" in done.stderr
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "> 2.0").replace("== 4.0", "> 2.0"))
    weak = kb("verify", "--mutants")
    assert weak.returncode == 1
    assert "a mutant survived" in weak.stdout


def test_equivalent_mutant_is_marked_with_a_reason(small: Path, kb: Kb) -> None:
    """A mutant that is as right as the solution does not count, once the entry says why; without a reason it does."""
    write_entry(small, snippet=SNIPPET.replace("sum(values)", "sum(values, start=0)"))
    path = small / "061-mean" / "en.md"
    text = path.read_text().replace("    total = sum(values)\n", "    total = sum(values, start=0)\n")
    block = "```python right\nimport statistics"
    assert block in text
    for reason, code in (("", 1), ("0 is where a sum begins anyway", 0)):
        marked = f"```python right\n# equivalent: {reason}\ntotal = sum(values)\nreturn total / len(values)\n```\n\n"
        path.write_text(text.replace(block, marked + block))
        done = kb("verify", "--mutants")
        assert done.returncode == code, done.stdout
    assert "(100%); 1 more" in done.stderr


def test_junit(small: Path, kb: Kb, tmp_path: Path) -> None:
    """The XML holds every result, and a failure for each bad one."""
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "== 4.0"))
    target = tmp_path / "results.xml"
    assert kb("verify", "--junit", str(target)).returncode == 1
    suite = ElementTree.parse(target).getroot()  # noqa: S314 our own file
    cases = suite.findall("testcase")
    assert int(suite.get("tests", "0")) == len(cases) == 9
    assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure")) > 0
    assert "AssertionError" in (suite.find("testcase/failure") or ElementTree.Element("x")).get("message", "") or any(
        "AssertionError" in (failure.get("message") or "") for failure in suite.findall("testcase/failure")
    )


def test_shards_cover_everything_once(small: Path, kb: Kb) -> None:
    """The parts of a CI matrix together are the whole."""
    for number in (62, 63):
        write_entry(small, number, f"e{number}")
    seen: list[tuple[int, str, str]] = []
    for part in ("1/2", "2/2"):
        value = only_json(kb("verify", "--shard", part, "--json").stdout)
        seen += [(one["entry"], one["what"], one["id"]) for one in value["results"]]
    whole = only_json(kb("verify", "--json").stdout)["results"]
    assert sorted(seen) == sorted((one["entry"], one["what"], one["id"]) for one in whole)


def test_what_is_recorded_and_unchanged_is_left_out(small: Path, kb: Kb) -> None:
    """A batch of which all was as expected; a snippet, an item or a mark that changes makes its entry run again."""

    def run(*options: str) -> set[str]:
        done = kb("verify", "--changed", "--json", *options)
        return {one["what"] for one in only_json(done.stdout)["results"]}

    everything = {"snippet", "proof", "predict", "answer", "right", "wrong"}
    assert run("--record") == everything
    assert run() == set()
    assert run("--mutants", "--record") == {"mutant"}
    assert run("--mutants") == set()
    assert run("--seeds", "1") == everything, "what other seeds print is held against the plain run"
    assert "1 entry recorded as expected and unchanged since" in kb("verify", "--changed").stderr
    both = kb("verify", "--changed", "--strict")
    assert (both.returncode, both.stderr.count("give one of the two")) == (2, 1)
    path = small / "061-mean" / "en.md"
    path.write_text(path.read_text().replace("```python wrong\nreturn sum(values)\n", "```python wrong\nreturn 0.5\n"))
    assert run("--mutants") == everything, "another wrong solution; the mutants are what they were"
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "== 3.5"))
    assert run("--mutants", "--record") == everything | {"mutant"}
    assert "snippet" in run(), "what is not as expected is never known"
    assert run("--mutants") >= {"snippet", "right"}


def test_what_judges_belongs_to_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another torch, another device, another judge: another digest, or none that counts."""
    batch = Batch(61, What.TASKS, "cpu", [Task(61, "snippet", "", Job("/somewhere/snippet.py"), "aaa")])
    record = Record(61, "tasks", "", batch.sha256, "2.13.0", "cpu", "passed", 1.0, 200.0, "Linux x86_64")
    assert batch.is_known([record], "2.13.0+cpu")
    assert not batch.is_known([record], "2.14.1")
    assert not batch.is_known([record._replace(outcome="failed")], "2.13.0")
    assert not batch._replace(device="cuda").is_known([record], "2.13.0")
    assert not batch._replace(what=What.MUTANTS).is_known([record], "2.13.0")
    moved = Task(61, "snippet", "", Job("/elsewhere/snippet.py"), "aaa")
    assert batch._replace(tasks=[moved]).is_known([record], "2.13.0"), "wherever the deck lies"
    other = Task(61, "snippet", "", Job("/somewhere/snippet.py", forbid=("F.relu",)), "aaa")
    assert not batch._replace(tasks=[other]).is_known([record], "2.13.0")
    monkeypatch.setattr("kb.verify.batches.judges", lambda: "another")
    assert not batch.is_known([record], "2.13.0")
