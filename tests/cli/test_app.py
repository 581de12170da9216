"""The command line: what it prints, how it fails, and that nothing but running loads torch."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.cli.app import COMMANDS as TABLE
from kb.cli.app import load
from quiz.kinds.table import KINDS
from tests.conftest import COMMAND, ROOT, SNIPPET, Kb, only_json, write_entry


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck, named by KB_DECK."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


COMMANDS = [
    [],
    ["--help"],
    ["--version"],
    ["search", "mean"],
    ["search", "mean", "--json"],
    ["show", "61"],
    ["show", "61", "--code"],
    ["show", "61", "--source"],
    ["show", "61", "--json"],
    ["list"],
    ["list", "--json"],
    ["paths"],
    ["check"],
    ["quiz", "--help"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_torch_is_not_loaded(small: Path, home: Path, arguments: list[str]) -> None:
    """What does not execute code does not import torch, numpy or the quiz's scheduler."""
    code = (
        "import sys\nfrom kb.cli.door import run_app\n"
        f"code = run_app({arguments!r})\n"
        "bad = [name for name in ('torch', 'numpy', 'fsrs', 'prompt_toolkit', 'rich.console') if name in sys.modules]\n"
        "print('LOADED', bad, 'CODE', code, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "LOADED [] CODE 0" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["paths"], ["list"], ["search", "mean"], ["search", "mean", "--json"]], ids=" ".join
)
def test_only_the_asked_command_is_loaded(small: Path, home: Path, arguments: list[str]) -> None:
    """Help and list of all need no command's file, plain words to search for not even their own, a command no
    other's."""
    code = (
        "import sys\nfrom kb.cli.app import COMMANDS\nfrom kb.cli.door import run_app\n"
        f"run_app({arguments!r})\n"
        "print('LOADED', *(name for name in COMMANDS if f'kb.cli.{name}' in sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    loaded = [] if arguments in (["--help"], ["search", "mean"]) else arguments[:1]
    assert done.stderr.split() == ["LOADED", *loaded], done.stderr


def test_table_holds_every_command_as_its_file_says_it() -> None:
    """A command's help has one text: the table's line is the docstring."""
    files = {path.stem for path in (ROOT / "kb" / "cli").glob("*.py") if "def command(" in path.read_text("utf-8")}
    assert files == TABLE.keys()
    assert {name: load(name).help for name in TABLE} == TABLE


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("kb s", ["search", "show", "stats", "suspend"]),
        ("kb show --co", ["--code"]),
    ],
)
def test_completion_knows_commands_and_their_options(words: str, found: list[str]) -> None:
    """Names come from the table, options from the command's file."""
    environ = {**os.environ, "_KB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    assert done.stdout.split() == found


def test_quiz_asks_without_torch(small: Path, home: Path) -> None:
    """A session that only compares answers runs to its end without torch in the process."""
    code = (
        "import sys\nfrom kb.cli.door import run_app\n"
        "code = run_app(['quiz', '--kind', 'choice', '--json'])\n"
        "print('LOADED', 'torch' in sys.modules, 'CODE', code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input='{"answer": 1}\n' * 9, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "LOADED False CODE 0" in done.stderr, done.stderr


def test_search_json(small: Path, kb: Kb) -> None:
    """Hits with what the contract names."""
    value = only_json(kb("search", "average", "--json").stdout)
    assert [hit["number"] for hit in value["hits"]] == [61]
    assert {"number", "title", "score", "also"} <= value["hits"][0].keys()


@pytest.mark.parametrize("query", ["mean", "torch.mean", "平均值", "均值", "average", "What is the mean of a batch?"])
def test_search_finds(small: Path, kb: Kb, query: str) -> None:
    """By word, API name, alias and Chinese; the title is on the first line."""
    done = kb("search", query)
    assert done.returncode == 0
    assert done.stdout.startswith("  61 ")


def test_bare_number_opens_the_entry(small: Path, kb: Kb) -> None:
    """``kb search 61`` is ``kb show 61``."""
    assert kb("show", "61").stdout == kb("search", "61").stdout


def test_show_json(small: Path, kb: Kb) -> None:
    """An entry with what the contract names."""
    value = only_json(kb("show", "61", "--json").stdout)
    assert {"number", "title", "gist", "markdown", "snippet"} <= value.keys()
    assert value["snippet"] == SNIPPET
    assert "which-value" not in value["markdown"]


def test_show_renders(small: Path, kb: Kb) -> None:
    """Formulas in Unicode, code, links as numbers; no key of the quiz."""
    text = kb("show", "61").stdout
    assert "= 1/N ∑ᵢ xᵢ" in text.replace("1/N∑", "1/N ∑")
    assert "    total = sum(values)" in text
    assert "kb run 61" in text
    assert "\x1b" not in text
    assert "Nine over three" not in text


def test_show_code_and_source_are_the_files(small: Path, kb: Kb) -> None:
    """What is printed can be run and read again."""
    assert kb("show", "61", "--code").stdout == SNIPPET
    assert kb("show", "61", "--source").stdout.startswith("# 61. What is the mean")


def test_chinese(small: Path, kb: Kb) -> None:
    """``--lang`` and the locale choose texts and messages."""
    assert "均值等于所有值之和除以个数" in kb("show", "61", "--lang", "zh").stdout
    assert "第 7 章" in kb("list", environ={"LANG": "zh_CN.UTF-8"}).stdout
    assert "没有找到" in kb("search", "zzzz", "--lang", "zh").stderr


def test_list_filters(small: Path, kb: Kb) -> None:
    """By area, level and tag."""
    write_entry(small, 62, "other")
    assert [one["number"] for one in only_json(kb("list", "--json").stdout)["entries"]] == [61, 62]
    assert [one["number"] for one in only_json(kb("list", "--tag", "MEAN", "--json").stdout)["entries"]] == [61, 62]
    assert kb("list", "--level", "3").returncode == 1
    assert {"number", "slug", "title", "area", "level", "tags", "verified"} <= only_json(kb("list", "--json").stdout)[
        "entries"
    ][0].keys()


def test_run_prints_and_tells(small: Path, kb: Kb) -> None:
    """Its output on stdout, what came of it on stderr; exit code 0."""
    done = kb("run", "61")
    assert (done.returncode, done.stdout) == (0, "on cpu\nstep=1 loss=2.0\nstep=2 loss=1.0\n")
    assert "✓ passed" in done.stderr


def test_run_json(small: Path, kb: Kb) -> None:
    """One object with the facts."""
    value = only_json(kb("run", "61", "--json").stdout)
    assert (value["outcome"], value["exit_code"], value["device"]) == ("passed", 0, "cpu")


def test_failed_assert_shows_its_lines(small: Path, kb: Kb) -> None:
    """Message, the lines around it, the values; exit code 1."""
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "== 4.0"))
    done = kb("run", "61")
    assert done.returncode == 1
    assert "AssertionError: the sum over the count" in done.stderr
    assert '>   20  assert mean([1.0, 2.0, 6.0]) == 4.0, "the sum over the count"' in done.stderr
    assert "harness" not in done.stderr


def test_timeout_is_124(small: Path, kb: Kb) -> None:
    """A run that takes too long is killed, and the exit code says so."""
    write_entry(small, snippet=SNIPPET + "while True: pass\n")
    done = kb("run", "61", "--timeout", "1")
    assert done.returncode == 124
    assert "timed out: not done after 1 s" in done.stderr


def test_verify_and_record(small: Path, kb: Kb) -> None:
    """Everything is run, a record is written, and the entry counts as verified."""
    done = kb("verify", "--record", "--json")
    value = only_json(done.stdout)
    assert value["ok"], value
    counts = {what: sum(one["what"] == what for one in value["results"]) for what in ("proof", "right", "wrong")}
    assert counts == {"proof": 1, "right": 2, "wrong": 3}
    assert {"entry", "what", "id", "outcome", "ok"} <= value["results"][0].keys()
    assert only_json(kb("list", "--json").stdout)["entries"][0]["verified"] == "verified"
    records = json.loads((small / "verified.json").read_text(encoding="utf-8"))["records"]
    assert {("snippet", ""), ("predict", "printed"), ("answer", "counted"), ("tasks", "")} == {
        (one["what"], one["id"]) for one in records
    }
    write_entry(small, snippet=SNIPPET + "# changed\n")
    assert only_json(kb("list", "--json").stdout)["entries"][0]["verified"] == "stale"


def test_verify_finds_a_wrong_solution_that_passes(small: Path, kb: Kb) -> None:
    """An assert that proves nothing is found out."""
    write_entry(small, snippet=SNIPPET.replace("== 3.0", "> 0.0").replace("== 4.0", "> 0.0"))
    done = kb("verify", "61")
    assert done.returncode == 1
    assert "wrong mean-by-hand:1: a wrong solution passed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "64"], 2, "kb: no entry 64; the nearest are 61; kb list shows all"),
        (["run", "99"], 2, "kb: no entry 99; the nearest are 61; kb list shows all"),
        (["sho"], 2, "kb: no command 'sho'; did you mean kb show? kb --help lists all"),
        (["lstm"], 2, "kb: no command 'lstm'; kb --help lists all; kb search finds entries"),
        (["show"], 2, "kb: kb show needs ENTRY...; kb show --help shows how"),
        (["list", "--colour"], 2, "kb: kb list has no option --colour; kb list --help lists all"),
        (["list", "--level", "9"], 2, "kb: --level takes a whole number from 1 to 3"),
        (["list", "--area", "cooking"], 2, "kb: no area 'cooking'; the deck has training, sequence"),
        (["run", "61", "--device", "tpu"], 2, "kb: no device 'tpu'; choose cpu, cuda, mps, auto, both"),
        (["run", "61", "--watch", "--device", "both"], 2, "kb: --watch runs on one device at a time; name one"),
        (["run", "61", "--timeout", "0"], 2, "kb: --timeout 0 is no time; give seconds above 0"),
        (["search", ""], 2, "kb: the query is empty; give words to look for: kb search lstm"),
        (["search", "   "], 2, "kb: the query is empty"),
        (["search", "zzzz"], 1, "kb: nothing found for 'zzzz'"),
        (["show", "61", "--lang", "fr"], 2, "kb: no language 'fr'; choose en, zh"),
        (["quiz"], 2, "kb: kb quiz asks at a terminal; use kb quiz --json"),
        (["quiz", "--json", "--kind", "essay"], 2, "kb: no kind 'essay'; choose choice, predict, answer, code, recall"),
        (["quiz", "--json", "zzzz"], 2, "kb: no entry is found for 'zzzz'"),
        (["verify", "--shard", "9"], 2, "kb: --shard 9 is no part; give I/N, as 2/8"),
        (["list", "--deck", "nowhere"], 2, "kb: no deck at"),
        (["undo"], 1, "kb: nothing to take back"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line(small: Path, kb: Kb, arguments: list[str], code: int, message: str) -> None:
    """What is wrong and what to do, one line on stderr, nothing on stdout, the right exit code."""
    done = kb(*arguments)
    assert (code, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(message), done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has the device")
def test_missing_cuda_is_told(small: Path, kb: Kb) -> None:
    """--device cuda without one."""
    done = kb("run", "61", "--device", "cuda")
    assert (done.returncode, done.stderr) == (2, "kb: no cuda device here; use --device cpu\n")


def test_deck_with_broken_files(small: Path, kb: Kb) -> None:
    """The good entries are served; stderr says that some are broken, and kb check which."""
    folder = write_entry(small, 62, "broken")
    (folder / "en.md").write_text("no front matter, no title\n")
    done = kb("list")
    assert done.returncode == 0
    assert "61" in done.stdout
    assert "1 of its folders has errors; kb check names them" in done.stderr
    checked = kb("check")
    assert checked.returncode == 1
    assert "062-broken/en.md:1: " in checked.stdout
    assert kb("show", "62").returncode == 2


def test_no_permission_for_progress(small: Path, kb: Kb, tmp_path: Path) -> None:
    """Where answers cannot be kept none is asked for; what only reads works."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file in the way")
    environ = {"KB_HOME": str(blocked)}
    done = kb("quiz", "--json", environ=environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kb: progress cannot be kept in")
    assert done.stderr.count("\n") == 1
    assert kb("search", "mean", environ=environ).returncode == 0


@pytest.mark.parametrize("command", ["list", "show 61", "search mean", "run 61"])
def test_closed_pipe(small: Path, home: Path, command: str) -> None:
    """``kb list | head -1`` and ``kb list | true``: no traceback, no complaint."""
    for reader in ("head -1", "true"):
        line = f"{sys.executable} -m kb {command} | {reader}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
        assert "Traceback" not in done.stderr
        assert "Broken" not in done.stderr
        assert done.returncode == 0


def test_interrupted_run_is_130(small: Path, home: Path) -> None:
    """Ctrl-C while a snippet runs: one line, 130, the script is gone."""
    write_entry(small, snippet=SNIPPET + "import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    process = subprocess.Popen(
        [*COMMAND, "run", "61"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    )
    assert process.stdout is not None
    assert process.stderr is not None
    while "begun" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    error = process.stderr.read()
    assert process.wait(timeout=120) == 130
    assert "✗ interrupted" in error
    assert "kb/" not in error


INTERRUPTED_AT = """
import os, signal, sys
from kb.cli.door import run_app

left = int(sys.argv[1])


def interrupt(event, arguments):
    global left
    left -= event in ("open", "import")
    if left == 0:
        left = -1
        os.kill(os.getpid(), signal.SIGINT)


sys.addaudithook(interrupt)
os._exit(run_app(["list"]))
"""
"""The program, which gets Ctrl-C when it opens a file or imports a module for the n-th time."""


@pytest.mark.parametrize("at", [1, 2, 4, 8, 16, 32, 64, 128, 256])
def test_interrupt_anywhere_is_one_line(small: Path, home: Path, at: int) -> None:
    """Ctrl-C while modules are loaded, a deck is read, a cache is written: no traceback, 130."""
    command = [sys.executable, "-c", INTERRUPTED_AT, str(at)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (130, "kb: interrupted; nothing is lost\n") == (done.returncode, done.stderr)


@pytest.mark.usefixtures("not_isolated")
def test_interrupted_verification(small: Path, home: Path) -> None:
    """Ctrl-C in kb verify: one line, 130, and neither process nor folder is left."""
    write_entry(small, snippet=SNIPPET + "import time\nopen(os.environ['NOTE'], 'w').close()\ntime.sleep(600)\n")
    note = home / "begun"
    process = subprocess.Popen(
        [*COMMAND, "verify"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NOTE": str(note), "TMPDIR": str(home)},
    )
    deadline = time.monotonic() + 240
    while not note.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert (130, "kb: interrupted; nothing is lost\n") == (process.returncode, error)
    while list(home.glob("kb-*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_columns_are_kept(small: Path, kb: Kb, columns: int, lang: str) -> None:
    """No line of text is wider than COLUMNS, in both languages."""
    from wcwidth import wcswidth

    for command in (("list",), ("search", "mean"), ("show", "61")):
        done = kb(*command, "--lang", lang, environ={"COLUMNS": str(columns)})
        wide = [line for line in done.stdout.splitlines() if wcswidth(line) > columns]
        assert wide == []


def test_home_page_lists_commands_without_a_terminal(small: Path, kb: Kb) -> None:
    """Bare ``kb`` in a pipe is its help, with every command."""
    text = kb().stdout
    assert [name for name in TABLE if f"\n  {name} " not in text] == []


def test_help_of_the_quiz_names_every_kind(kb: Kb) -> None:
    """The option's help is written by hand, so that --help need not load the kinds."""
    text = kb("quiz", "--help").stdout
    assert [name for name in KINDS if name not in text.partition("--kind")[2].partition("--area")[0]] == []


def test_paths(small: Path, kb: Kb, home: Path) -> None:
    """Everything lies below KB_HOME."""
    value = only_json(kb("paths", "--json").stdout)
    assert str(small) == value["deck"]
    assert value["progress"].startswith(str(home))
    assert value["cache"].startswith(str(home))
