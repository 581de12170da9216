"""Nothing changes for a user: what every command prints is what was written down."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.golden.commands import LANGUAGES, files, language_of, read_cases


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_commands_print_what_was_recorded(path: Path) -> None:
    """After a change that is wanted, ``python -m tests.golden.commands`` writes down what is printed now."""
    # A process of its own: the program is forked, and nothing that pytest does to this one shall go with it.
    player = [sys.executable, "-m", "tests.golden.commands", path.name]
    done = subprocess.run(player, capture_output=True, encoding="utf-8", check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert path.read_text(encoding="utf-8") == done.stdout


def test_both_languages_record_the_same_commands() -> None:
    """A case that is added for one reader is added for the other."""
    typed: dict[str, list[tuple[str, str]]] = {language: [] for language in LANGUAGES}
    for path in files():
        typed[language_of(path)] += [(path.name.partition(".")[0], case.command) for case in read_cases(path)]
    assert typed["en"] == typed["zh"]
