"""The built wheel, with the sources out of the way: what is installed is whole, and works from any folder."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, only_json

pytestmark = pytest.mark.wheel

Installed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that pip would ask."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The program of a new environment that holds the wheel alone; it borrows its dependencies, torch is heavy."""
    place, nowhere = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("nowhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = place.glob("lib/*/site-packages")
    # A path that a .pth adds is not searched for .pth files, so the editable installation stays out.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KB_", "PYTHON", "COVERAGE"))}
    environ |= {"KB_HOME": str(tmp_path_factory.mktemp("home")), "KB_LANG": "en"}

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(place / "bin" / "kb"), *arguments],
            input=typed,
            capture_output=True,
            encoding="utf-8",
            env=environ,
            cwd=nowhere,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert list(nowhere.iterdir()) == []
        return done

    return run


def test_wheel_holds_the_program_its_types_and_the_deck(wheel: Path) -> None:
    """Both packages with their marks for type checkers, the deck inside; no tests, no caches."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"kb/py.typed", "quiz/py.typed", "kb/content/deck.toml", "kb/content/verified.json"} <= names
    tops = {name.partition("/")[0] for name in names}
    assert {"kb", "quiz"} == {top for top in tops if not top.endswith(".dist-info")}
    for package in ("kb", "quiz"):
        modules = {str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*.py")}
        assert modules == {name for name in names if name.startswith(f"{package}/") and name.endswith(".py")} - deck_of(
            names
        )
    files = {str(path.relative_to(ROOT / "content")) for path in (ROOT / "content").glob("*-*/*.*")}
    assert {f"kb/content/{name}" for name in files} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def deck_of(names: set[str]) -> set[str]:
    """The files of the deck."""
    return {name for name in names if name.startswith("kb/content/")}


def test_its_deck_is_the_one_inside(installed: Installed) -> None:
    """Nothing of the sources is read."""
    deck = only_json(installed("paths", "--json").stdout)["deck"]
    assert deck.endswith("site-packages/kb/content")
    assert not Path(deck).is_relative_to(ROOT)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("--version", "kb "),
        ("search lstm", "LSTM"),
        ("show 61", "# 61. "),
        ("show 61 --code", "# /// script"),
        ("list", "61"),
        ("check", "no complaints"),
        ("run 61", "learned at 0.2"),
    ],
)
def test_command_works_from_an_empty_folder(installed: Installed, command: str, expected: str) -> None:
    """What reads, what checks and what runs torch; the working folder stays empty."""
    done = installed(*command.split())
    assert expected in done.stdout + done.stderr


def test_quiz_is_graded(installed: Installed) -> None:
    """A question, an answer, its grade, over JSON."""
    typed = '{"answer": "77.5"}\n{"quit": true}\n'
    done = installed("quiz", "--json", "61", "--kind", "answer", typed=typed)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (events[:2], events[-1]) == (["question", "grade"], "end")
