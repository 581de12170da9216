"""Completion, in the shells themselves: commands, numbers with titles, areas, kinds, devices."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import COMMAND, EN, ROOT, write_entry

CASES = [
    ("kb sea", {"search"}),
    ("kb show 6", {"61", "62"}),
    ("kb show me", {"mean"}),
    ("kb run ", {"61", "62"}),
    ("kb quiz 61 6", {"61", "62"}),
    ("kb list --area tr", {"training"}),
    ("kb list --tag mea", {"mean"}),
    ("kb quiz --kind c", {"choice", "code"}),
    ("kb run 61 --device c", {"cpu", "cuda"}),
    ("kb --lang z", {"zh"}),
    ("kb log re", {"restore"}),
    ("kb help wi", {"wire"}),
    ("kb show --sh", {"--short"}),
]
"""What is typed before Tab, and what is offered."""


@pytest.fixture
def environ(deck: Path, home: Path, tmp_path: Path) -> dict[str, str]:
    """The program is called kb, and found; nothing of the user's shells is."""
    write_entry(deck, 62, "lstm", en=EN.format(number=62))
    program = tmp_path / "bin" / "kb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec {" ".join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("_KB", "COMP", "ZDOTDIR"))}
    paths = os.pathsep.join([str(program.parent), kept["PATH"]])
    return {**kept, "PATH": paths, "KB_DECK": str(deck), "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def shell(name: str, script: str, environ: dict[str, str]) -> str:
    """What a script prints in a shell. The shell must be there: a machine that lacks it checks nothing."""
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed; .ci/run installs it")
    start = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    done = subprocess.run(
        [name, *start, "-c", script], capture_output=True, text=True, env=environ, timeout=120, check=False
    )
    assert done.stderr == ""
    return done.stdout


def test_bash(environ: dict[str, str]) -> None:
    """Words alone: bash shows no explanations."""
    script = 'eval "$(kb --show-completion bash)"\n'
    for line, _ in CASES:
        words = line.split(" ")
        quoted = " ".join(f'"{word}"' for word in words)
        script += f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _kb_completion kb; echo "${{COMPREPLY[*]}}"\n'
    offered = shell("bash", script, environ).splitlines()
    assert [set(words.split()) for words in offered] == [words for _, words in CASES]


def test_fish(environ: dict[str, str]) -> None:
    """With titles beside the numbers."""
    script = "_KB_COMPLETE=source_fish kb | source\n" + "".join(
        f"complete -C '{line}'; echo ---\n" for line, _ in CASES
    )
    offered = [part.strip().splitlines() for part in shell("fish", script, environ).split("---\n")[:-1]]
    assert [{line.partition("\t")[0] for line in lines} for lines in offered] == [words for _, words in CASES]
    assert "61\tWhat is the mean of a batch?" in offered[1]


def test_zsh(environ: dict[str, str]) -> None:
    """With titles, as _describe and _arguments take them."""
    script = 'autoload -U compinit; compinit -u -d "$HOME/dump"\neval "$(_KB_COMPLETE=source_zsh kb)"\n'
    script += "_arguments() { print -r -- $* }\n_describe() { print -r -- ${(P)2} ${(P)3} }\ncompdef() { :; }\n"
    for line, _ in CASES:
        words = line.split(" ")
        quoted = " ".join(f"'{word}'" for word in words)
        script += f"words=({quoted}); CURRENT={len(words)}; _kb_completion; print -- ---\n"
    offered = shell("zsh", script, environ).split("---\n")[:-1]
    for (line, found), printed in zip(CASES, offered, strict=True):
        assert all(word in printed for word in found), (line, printed)
    assert "What is the mean of a batch?" in offered[1]
    assert "62" not in offered[2]


def test_a_broken_deck_offers_nothing(environ: dict[str, str]) -> None:
    """Tab shows no traceback."""
    assert (
        shell("fish", "_KB_COMPLETE=source_fish kb | source\ncomplete -C 'kb show 6'", {**environ, "KB_DECK": "/no"})
        == ""
    )
