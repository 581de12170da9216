"""Standard streams and the environment, however odd: one line, the right exit code, nothing lost."""

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COMMAND, ROOT, Kb, only_json
from tests.pseudo_terminal import answers


@pytest.fixture(autouse=True)
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck as the one that is asked."""
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


def shell(line: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """A line of bash in which ``kb`` is the program."""
    program = " ".join(COMMAND)
    script = f'kb() {{ {program} "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, check=False, cwd=ROOT, env={**os.environ, **environ}, timeout=120
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    [("kb list", 0), ("kb --help", 0), ("kb show 61 --json", 0), ("kb nope", 2), ("kb run 61", 0), ("kb explain", 2)],
)
def test_closed_streams_are_the_null_device(command: str, code: int, closed: str) -> None:
    """No traceback, no file that gets a stream's number, the exit code of an open one."""
    if command == "kb explain":
        code = 1  # an empty input is no terminal's
        closed = f"</dev/null {closed}"
    done = shell(f"{command} {closed}")
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") <= 5 if command == "kb run 61" else done.stderr.count(b"\n") <= 1
    assert not done.stdout if ">&-" in closed.replace("2>&-", "") else True


@pytest.mark.parametrize(
    "command", ["kb list", "kb --help", "kb show 61 --json", "kb search mean", "kb run 61", "kb help keys"]
)
def test_full_disk_behind_stdout(command: str) -> None:
    """What could not be written is told, in one line, by the exit code too."""
    done = shell(f"{command} > /dev/full")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        b"kb: the system refuses: No space left on device; free space or mend permissions",
    )


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1", "ascii:strict"])
@pytest.mark.parametrize(
    "command", ["list", "show 61", "search 均值", "check", "stats", "--help", "help keys", "show 999"]
)
def test_any_encoding_takes_what_is_printed(kb: Kb, command: str, encoding: str) -> None:
    """What it lacks is replaced, and is an error nowhere."""
    for language in ("en", "zh"):
        done = shell(f"kb --lang {language} {command}", PYTHONIOENCODING=encoding)
        assert done.returncode == (2 if "999" in command else 0), done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1"])
def test_json_survives_any_encoding(encoding: str) -> None:
    """Escaped where it must be, and the same object."""
    done = shell("kb search 均值 --json --lang zh", PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout.decode(encoding))["hits"][0]["title"] == "一个 batch 的均值是什么？"


def test_json_holds_what_is_no_text() -> None:
    """A lone surrogate, from a byte that is no UTF-8."""
    done = shell("kb search $'mean \\xff' --json")
    assert json.loads(done.stdout)["query"] == "mean \udcff"
    assert only_json(done.stdout.decode())["hits"]


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": "zh_CN.UTF-8"},
        {"LANG": "", "LC_ALL": "", "TERM": ""},
        {"LANG": "no_SUCH.locale"},
        {"COLUMNS": "²"},
        {"COLUMNS": "-5"},
        {"COLUMNS": "9" * 30},
        {"COLUMNS": "1"},
        {"EDITOR": "vi '", "PAGER": "less '", "VISUAL": " "},
        {"KB_PLAIN": "1"},
        {"TZ": "No/Where"},
        {"TMPDIR": "/no/such/folder"},
        {"PYTHONWARNINGS": "error"},
        {"NO_COLOR": "1", "FORCE_COLOR": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["list", "show 61", "search mean", "stats", "", "--help"])
def test_any_environment_is_answered(kb: Kb, command: str, environ: dict[str, str]) -> None:
    """In English, since no locale asks for anything else."""
    done = kb(*command.split(), environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(
        "一" <= char <= "鿿" for char in done.stdout.replace("一个 batch 的均值是什么？", "").replace("平均值", "")
    )


@pytest.mark.parametrize("home", ["~nobody-is-called-so/x", "/dev/null/x", "/proc/kb", "\x01"])
def test_any_home_is_answered(kb: Kb, home: str, tmp_path: Path) -> None:
    """What only reads works where nothing can be kept; what keeps answers says that it cannot."""
    environ = {"KB_HOME": home}
    done = subprocess.run(
        [*COMMAND, "search", "mean"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_home_at_all(kb: Kb, tmp_path: Path) -> None:
    """Neither HOME nor KB_HOME: the system's own list of users tells, or one line does."""
    environ = {name: value for name, value in os.environ.items() if name not in ("HOME", "KB_HOME")}
    environ |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_DATA_HOME": str(tmp_path / "data")}
    done = subprocess.run([*COMMAND, "list"], capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_user_without_a_home(tmp_path: Path) -> None:
    """A container's number that is nobody: one line, and no folder called ~ is made."""
    environ = {name: value for name, value in os.environ.items() if name not in ("HOME", "KB_HOME")}
    code = (
        "import os, sys\nos.path.expanduser = lambda path: path\n"  # what it does for a user without a home
        "from kb.cli.door import run_app\nos._exit(run_app(['list']))\n"
    )
    environ["PYTHONPATH"] = str(ROOT)
    command = [COMMAND[0], "-c", code]
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=empty, env=environ)
    said = "kb: this user has no home folder; set KB_HOME to a folder that you may write to\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert list(empty.iterdir()) == []


def limited(what: int, most: int) -> Callable[[], None]:
    """Sets a limit in a child."""
    return lambda: resource.setrlimit(what, (most, most))


@pytest.mark.parametrize("most", [100, 40])
def test_few_descriptors_are_enough(most: int) -> None:
    """For what reads, runs and asks."""
    for command, given in (
        ("list", ""),
        ("search mean", ""),
        ("run 61", ""),
        ("quiz --json --kind choice", '{"answer": 1}'),
    ):
        done = subprocess.run(
            [*COMMAND, *command.split()],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            preexec_fn=limited(resource.RLIMIT_NOFILE, most),
        )
        assert done.returncode == 0, (command, done.stderr)


def test_full_disk(home: Path) -> None:
    """No byte can be written: what reads works, an answer is told to be lost, and what was saved before stays."""
    first = subprocess.run(
        [*COMMAND, "quiz", "--json", "--kind", "choice"],
        input='{"answer": 1}\n{"quit": true}',
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert '"event": "grade"' in first.stdout
    before = answers(home)
    full = limited(resource.RLIMIT_FSIZE, 0)
    for command in ("list", "search mean", "stats", "show 61"):
        done = subprocess.run(
            [*COMMAND, *command.split()], capture_output=True, text=True, check=False, cwd=ROOT, preexec_fn=full
        )
        assert (done.returncode, done.stderr) == (0, ""), command
    done = subprocess.run(
        [*COMMAND, "quiz", "--json", "--kind", "choice"],
        input='{"answer": 1}\n{"quit": true}',
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=full,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert answers(home) == before


CLOCK = """
import os, time
real, began = time.time, time.time()
time.time = lambda: float(os.environ["TEST_CLOCK"]) + real() - began
"""
"""As ``sitecustomize``: a clock that is set to what it is not."""


@pytest.mark.parametrize("clock", ["0", "1e9", "4102444800", "-86400"])
def test_any_clock(home: Path, tmp_path: Path, clock: str) -> None:
    """1970, 2001, 2100 and before there was time: answers are kept, told, taken back."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "TEST_CLOCK": clock}

    def kb(*arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [*COMMAND, *arguments], input=given, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
        )
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return done.stdout

    kb("quiz", "--json", "--kind", "choice", given='{"answer": 1}\n{"quit": true}')
    for arguments in ([], ["list"], ["log"], ["search", "mean"]):
        kb(*arguments)
    assert only_json(kb("stats", "--json"))["answers"] == 1
    assert "61/" in kb("undo", "--yes")
    assert only_json(kb("stats", "--json"))["answers"] == 0
    assert "61/" in kb("redo")


def test_another_time_zone_changes_nothing_but_days(kb: Kb) -> None:
    """An answer is the same moment everywhere."""
    kb("quiz", "--json", "--kind", "choice", input='{"answer": 1}\n{"quit": true}', stdin=None)
    seen = set()
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Shanghai"):
        found = only_json(kb("stats", "--json", environ={"TZ": zone}).stdout)
        seen.add((found["answers"], found["streak"], sum(found["days"].values())))
    assert seen == {(1, 1, 1)}
