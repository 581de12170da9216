"""Messages: every one has its Chinese, and none is left over."""

import ast
import subprocess
import sys
from string import Formatter

import pytest

from kb.screen.languages.zh import WORDS
from kb.screen.messages import Speech, time_text
from tests.conftest import ROOT


def spoken() -> set[str]:
    """Every text that the program passes to a Speech or keeps for one."""
    texts = set()
    for path in [*(ROOT / "kb").rglob("*.py"), *(ROOT / "quiz").rglob("*.py")]:
        if path.parent.name != "languages":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts |= {
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return texts


def said() -> set[str]:
    """Texts that are the literal argument of a call of say."""
    found = set()
    for path in [*(ROOT / "kb").rglob("*.py"), *(ROOT / "quiz").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", getattr(node.func, "id", "")) != "say":
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def test_every_message_has_its_chinese() -> None:
    """Nobody who reads Chinese is answered in English."""
    assert set() == said() - WORDS.keys()


def test_no_message_is_left_over() -> None:
    """The table holds what the program says and nothing else."""
    assert set() == WORDS.keys() - spoken()


def test_values_are_the_same() -> None:
    """A translation names the same values as its message."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [message for message, chinese in WORDS.items() if names(message) != names(chinese)] == []


@pytest.mark.parametrize("language", ["en", "fr", "", "../zh", "zh.x", "__init__"])
def test_language_without_words_is_english(language: str) -> None:
    """A deck may be written in a language that the program does not speak, and call it anything."""
    assert Speech(language)("level {level}", level=3) == "level 3"


def test_language_is_loaded_when_it_is_spoken() -> None:
    """Who reads English loads no other words."""
    code = (
        "import sys\nfrom kb.screen.messages import Speech\n"
        "for name in ('en', 'zh'):\n"
        "    print(Speech(name)('passed'), 'kb.screen.languages.zh' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "passed False\n通过 True\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 minutes"), (59 * 60, "59 minutes"), (2 * 3600, "2 hours"), (2 * 86400 - 60, "2 days"), (9e7, "3 years")],
)
def test_time_is_told_in_its_largest_fitting_unit(seconds: float, text: str) -> None:
    """A minute at least."""
    assert time_text(seconds, Speech("en")) == text
