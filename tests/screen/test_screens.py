"""Screens: what every command and every prompt shows, at 40, 80 and 200 columns and at 10 and 24 rows."""

import re
from pathlib import Path

import pytest

from kb.cli.app import COMMANDS as TABLE
from kb.screen.width import width_of
from tests.golden.screens import COMMANDS, LANGUAGES, SCENES, SIZES, path_of, play

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_screens_are_those_recorded(size: tuple[int, int], language: str) -> None:
    """After a change that is wanted, ``python -m tests.golden.screens`` writes down what is shown now."""
    assert path_of(*size, language).read_text(encoding="utf-8") == play(*size, language)


def test_every_command_has_its_screen() -> None:
    """None is left out."""
    shown = {command.partition(" ")[0] for command in (*COMMANDS, *(scene.command for scene in SCENES))}
    assert TABLE.keys() - shown == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [size for size in SIZES if size[0] < 200], ids=lambda size: "{}x{}".format(*size))
def test_no_word_is_broken(size: tuple[int, int], language: str) -> None:
    """Every word of a narrow screen stands on the wide one; what is clipped ends in an ellipsis, and what is longer
    than a line, as paths are, may go on in the next."""
    columns, rows = size
    narrow, wide = (laid_out(path_of(width, rows, language)) for width in (columns, 200))
    known = {*words_of(wide), "MiB"}  # which is masked with the rest of its line on the wide one
    long = [word for word in wide.split() if width_of(word) > columns - 14]
    broken = {word for word in words_of(narrow) if word not in known and not any(word in one for one in long)}
    assert broken == set()


def laid_out(path: Path) -> str:
    """A file without what is shown to the letter, a script and an entry's source: a terminal breaks them as it will."""
    screens = re.split(r"(?m)^(?=\$ kb)", path.read_text(encoding="utf-8"))
    return "".join(one for one in screens if not one.startswith(("$ kb show 61 --source", "$ kb show 61 --code")))


def words_of(text: str) -> list[str]:
    """The Latin words of a screen that were not clipped."""
    found = re.findall(r"(?<![…\w])[A-Za-z][\w'.-]{2,}(?!\w*…)", text)
    return [word.rstrip(".") for word in found if "…" not in word]


@pytest.mark.parametrize(
    "path", [path_of(*size, language) for size in SIZES for language in LANGUAGES], ids=lambda path: path.stem
)
def test_no_line_is_wider_than_its_screen(path: Path) -> None:
    """And none of a Chinese text begins with what closes."""
    columns = int(path.name.partition("x")[0])
    lines = laid_out(path).splitlines()
    assert [line for line in lines if width_of(line) > columns and not line.startswith(("$ ", "> "))] == []
    assert [line for line in lines if re.match(r"\s*[，。；：、！？）]", line)] == []
