"""Documentation is tested: its commands exist, its numbers and words hold."""

import re

import pytest

from kb.cli.app import COMMANDS
from tests.conftest import ROOT, Kb

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    """The table of commands is complete, and names none that is not there."""
    table = set(re.findall(r"^\| `kb (\w+)", README, re.MULTILINE))
    assert COMMANDS.keys() == table


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(kb: Kb, command: str) -> None:
    """-h explains each command and its options."""
    done = kb(command, "-h")
    assert done.returncode == 0
    assert "Usage: kb" in done.stdout
    assert "--json" in done.stdout


def test_ci_runs_the_readmes_test_command() -> None:
    """To the letter."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert len(blocks) == 2
    assert all("-c constraints.txt" in block for block in blocks)
    assert blocks[0].endswith("kb run 61")
    assert blocks[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_words_are_defined_once() -> None:
    """The glossary holds every word of the design."""
    words = ("deck", "entry", "snippet", "item", "hole", "run", "record", "review", "session", "worker")
    glossary = README.partition("## Words")[2].partition("## ")[0]
    assert [1] * len(words) == [glossary.count(f"**{word}**") for word in words]


def test_readmes_session_is_what_the_program_prints(kb: Kb) -> None:
    """The pasted search is a real one."""
    pasted = README.partition("$ kb search lstm\n")[2].partition("\n\n$ kb run")[0]
    printed = kb("search", "lstm", "--limit", "1", environ={"COLUMNS": "80"}).stdout
    # The mark depends on the torch that is installed.
    assert re.sub("[✓~·]", "", pasted).split() == re.sub("[✓~·]", "", printed).split()


def test_no_path_of_a_machine_is_in_the_tree() -> None:
    """The project names no folder of anybody's machine."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("content/*/*"), *ROOT.glob("kb/**/*.py"), *ROOT.glob("quiz/**/*.py")]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"/(home|root|Users|work)/", text), path
