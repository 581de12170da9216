"""Messages: every one has its Chinese, and none is left over."""

import ast
from string import Formatter

from kb.screen.messages import ZH
from tests.conftest import ROOT


def spoken() -> set[str]:
    """Every text that the program passes to a Speech or keeps for one."""
    texts = set()
    for path in [*(ROOT / "kb").rglob("*.py"), *(ROOT / "quiz").rglob("*.py")]:
        if path.name != "messages.py":
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
    assert set() == said() - ZH.keys()


def test_no_message_is_left_over() -> None:
    """The table holds what the program says and nothing else."""
    assert set() == ZH.keys() - spoken()


def test_values_are_the_same() -> None:
    """A translation names the same values as its message."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [message for message, chinese in ZH.items() if names(message) != names(chinese)] == []
