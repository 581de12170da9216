"""kb run beyond the plain run: a kept worker, own copies, watching, curves, two devices."""

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.places import find_places
from kb.run.worker import Worker
from kb.verify.compare import compare_outputs
from quiz.kinds.table import all_kinds
from tests.conftest import COMMAND, ROOT, SNIPPET, Kb, only_json, write_entry
from tests.pseudo_terminal import Screen


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK; its snippet imports torch."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("NO_COLOR", "1")
    write_entry(deck, snippet=SNIPPET.replace("import os\n", "import os\n\nimport torch\n", 1))
    return deck


@pytest.fixture
def kept(small: Path, kb: Kb) -> Iterator[Path]:
    """A worker that kb warm keeps; its socket."""
    done = kb("warm", "--json")
    value = only_json(done.stdout)
    assert value["warm"]
    yield Path(value["socket"])
    kb("warm", "--stop")


def test_kept_worker_serves_other_processes(kept: Path, kb: Kb) -> None:
    """kb run is warm while it is kept, and prints the same as cold."""
    warm = only_json(kb("run", "61", "--json").stdout)
    kb("warm", "--stop")
    cold = only_json(kb("run", "61", "--json").stdout)
    assert (True, False) == (warm["warm"], cold["warm"])
    same = ("outcome", "exit_code", "stdout", "stderr", "torch", "device")
    assert [warm[name] for name in same] == [cold[name] for name in same]


def test_only_the_user_can_open_its_socket(kept: Path, kb: Kb) -> None:
    """The folder is closed to others; one that is open to others is not trusted."""
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    kept.parent.chmod(0o755)
    assert Worker.kept(kept) is None
    assert not only_json(kb("run", "61", "--json").stdout)["warm"]
    kept.parent.chmod(0o700)


def test_changed_environment_runs_cold(kept: Path, kb: Kb) -> None:
    """A worker that imported torch under other variables is passed by."""
    other = "2" if os.environ.get("OMP_NUM_THREADS") == "1" else "1"
    assert not only_json(kb("run", "61", "--json", environ={"OMP_NUM_THREADS": other}).stdout)["warm"]
    assert only_json(kb("run", "61", "--json").stdout)["warm"]


def test_it_ends_by_itself(small: Path, home: Path) -> None:
    """After its minutes without a run, worker and socket are gone."""
    address = find_places().worker
    worker = Worker.keep(address, minutes=0.02)
    deadline = time.monotonic() + 60
    while address.exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not worker.is_there()


def test_warm_twice_and_stop(kept: Path, kb: Kb) -> None:
    """A second kb warm finds the first; --stop ends it; bad minutes are told."""
    assert "a worker is kept already" in kb("warm").stdout
    assert not only_json(kb("warm", "--stop", "--json").stdout)["warm"]
    assert not kept.exists()
    assert kb("warm", "--minutes", "0").returncode == 2


def test_own_copy(small: Path, kb: Kb, home: Path) -> None:
    """--edit makes a copy and opens it, --mine runs it, --diff shows the change; the deck stays as it is."""
    missing = kb("run", "61", "--mine")
    assert missing.stderr == "kb: no copy of yours of entry 61; kb run 61 --edit makes one\n"
    before = (small / "061-mean" / "snippet.py").read_bytes()
    unchanged = kb("run", "61", "--edit", environ={"EDITOR": "true"}).stderr
    assert f"nothing was changed; your copy is {home}" in unchanged
    assert (kb("run", "61", "--diff").stdout, kb("run", "61", "--diff").stderr) == ("", "no changes\n")
    done = kb("run", "61", "--edit", environ={"EDITOR": "sed -i s/loss=2.0/loss=7.0/"})
    assert done.returncode == 0, done.stderr
    assert "step=1 loss=7.0" in done.stdout
    assert "step=1 loss=7.0" in kb("run", "61", "--mine").stdout
    diff = kb("run", "61", "--diff").stdout
    assert '-print("step=1 loss=2.0")' in diff
    assert '+print("step=1 loss=7.0")' in diff
    assert before == (small / "061-mean" / "snippet.py").read_bytes()
    assert kb("run", "61", "--edit", environ={"EDITOR": "no-such-editor"}).stderr.startswith(
        "kb: no-such-editor does not start"
    )


def test_curve_on_a_terminal_alone(small: Path) -> None:
    """Steps are drawn under the output; --no-plot and a pipe leave the picture out."""
    with Screen("run", "61") as screen:
        assert screen.end(90) == 0
        assert "┌" in screen.text
        assert "loss" in screen.text
    with Screen("run", "61", "--no-plot") as screen:
        assert screen.end(90) == 0
        assert "┌" not in screen.text


def test_watch(small: Path) -> None:
    """Runs at once, again on a save and on r; q leaves."""
    with Screen("run", "61", "--watch", rows=200) as screen:
        screen.wait_for("runs again when", 90)
        path = small / "061-mean" / "snippet.py"
        path.write_text(path.read_text().replace("step=2 loss=1.0", "step=2 loss=0.5"))
        screen.wait_for("step=2 loss=0.5", 30)
        screen.wait_for("runs again when", times=2)
        screen.send("r")
        screen.wait_for("runs again when", times=3)
        path.write_text("x = (")
        screen.wait_for("SyntaxError", 30)
        screen.wait_for("runs again when", times=4)
        screen.send("q")
        assert screen.end(90) == 0
        assert 'Traceback (most recent call last):\n  File "' not in screen.text.replace("kb-run", "")


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has two devices")
def test_both_needs_a_second_device(small: Path, kb: Kb) -> None:
    """Without a GPU there is nothing to compare with."""
    done = kb("run", "61", "--device", "both")
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("kb: no second device here; --device both compares the CPU with a GPU")


def test_both_compares_number_by_number(small: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a second device both are run, and what differs by more than rounding is told."""
    import kb.cli.two_devices
    from kb.cli.live import Wish
    from kb.context import Context

    write_entry(
        small, snippet=SNIPPET + 'print("loss", 0.5000 if os.environ["KB_DEVICE"] == "cpu" else 0.5001, "and", 1.0)\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kb.cli.two_devices, "find_device_shown", lambda _, device: "mps" if device == "auto" else device)
        both = kb.cli.two_devices.run_both(Context(all_kinds), 61, Wish(device="both"), is_silent=True)
    runs, differences = both
    assert ["cpu", "mps"] == [done.device for done in runs]
    assert ["line 1: cpu against mps"] == [str(one) for one in differences if "cpu" in str(one)]
    assert compare_outputs(runs[0].stdout, runs[1].stdout) == differences
    assert both.exit_status == 1
    assert [{"line": 1, "ours": "cpu", "theirs": "mps"}] == both.to_json()["differences"][:1]


def test_missing_snippet_is_told(small: Path, kb: Kb) -> None:
    """A file that vanished, one that cannot be read, one that is not Python."""
    path = small / "061-mean" / "snippet.py"
    kb("list")
    path.write_text("x = (\n")
    broken = kb("run", "61")
    assert broken.returncode == 1
    assert "SyntaxError" in broken.stderr
    assert ">    1  x = (" in broken.stderr
    path.write_bytes(b"\xff\xfe")
    assert "has no snippet" in kb("run", "61").stderr
    path.unlink()
    assert "has no snippet" in kb("run", "61").stderr


def test_missing_torch_is_told(small: Path, home: Path, tmp_path: Path) -> None:
    """One line: what to install."""
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p] + [{!r}]"
    # A copy of site-packages without torch: links to everything else.
    site = tmp_path / "site"
    site.mkdir()
    import typer

    for entry in Path(typer.__file__).parent.parent.iterdir():
        if not entry.name.startswith(("torch", "__editable__")):
            (site / entry.name).symlink_to(entry)
    begin = f"{code.format(str(site))}; sys.path.insert(0, {str(ROOT)!r})"
    script = f"{begin}; from kb.cli.door import run_app; sys.exit(run_app(['run', '61']))"
    done = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("kb: torch is not installed for this Python; install it: pip install torch")


RANKS = SNIPPET.replace('# ///\n"""', '# [tool.kb]\n# launcher = "torchrun"\n# processes = 2\n# ///\n"""', 1).replace(
    "assert mean([4.0]) == 4.0\n",
    'import torch.distributed as dist\n\nif "RANK" in os.environ:\n    dist.init_process_group("gloo")\n'
    "    total = torch.ones(1)\n    dist.all_reduce(total)\n    assert total == 2\n"
    '    assert dist.get_rank() != 1 or not os.environ.get("BREAK"), "rank one breaks"\n'
    "    dist.destroy_process_group()\n",
)


@pytest.mark.parametrize("is_warm", [True, False])
def test_torchrun_names_the_rank_that_failed(small: Path, home: Path, is_warm: bool) -> None:
    """Under torchrun and in the worker's own ranks: both pass together, and one failing rank is named."""
    from kb.deck.script import read_snippet
    from kb.run.runner import run, snippet_job

    source = RANKS.replace("import os\n", "import os\n\nimport torch\n", 1)
    path = small / "061-mean" / "snippet.py"
    path.write_text(source)
    snippet, trouble = read_snippet(str(path), source)
    assert (trouble, snippet.launcher, snippet.processes) == ([], "torchrun", 2)
    with Worker.start() as worker:
        for broken in (False, True):
            environ = {"BREAK": "1"} if broken else {}
            done = run(snippet_job(snippet, environ=environ), worker=worker if is_warm else None)
            assert done.warm == is_warm
            if broken:
                assert done.reason.startswith("rank 1: line ")
                assert done.reason.endswith("AssertionError: rank one breaks")
            else:
                assert done.passed, (done.reason, done.stderr)
    assert os.environ.get("RANK") is None
