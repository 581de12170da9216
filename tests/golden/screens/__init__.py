"""What a reader sees, screen by screen: every command at a terminal of several widths and heights, in both languages.

A file holds one size and one language. ``$ kb ...`` is what is typed, ``> ...`` keys that are pressed; below stands the
screen, with all that has scrolled away above it where nothing was pressed, and what is visible alone where keys were.

``python -m tests.golden.screens`` writes down anew what is shown now.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.golden.commands import MASKS, write_deck
from tests.pseudo_terminal import Screen

FOLDER = Path(__file__).parent
SIZES = ((40, 10), (40, 24), (80, 10), (80, 24), (200, 10), (200, 24))
"""Columns and rows."""

LANGUAGES = ("en", "zh")

COMMANDS = (
    *("", "--help", "list", "search mean", "search lstm -average", "search zzzz", "show 61", "show 61 --short"),
    *("show 61 --code", "show 61 --source", "explain mean(): could not infer output dtype", "explain nothing of the kind"),
    *("run 61", "run 61 --no-plot", "run lstmm", "run 61 --device tpu", "help keys", "help search", "help format"),
    *("help wire", "help run", "quiz --kind essay", "stats", "log", "log check", "undo --yes", "redo", "reset 61 --yes"),
    *("paths", "check", "verify 61", "optimize", "warm --stop", "nope", "list --level 9", "show 99"),
)
"""What is typed, one after the other, on one home."""

DICE = """
import random, time
real, began = time.time, time.time()
time.time = lambda: 1795867200 + real() - began
class Fixed(random.Random):
    def __init__(self, seed=None):
        super().__init__(0 if seed is None else seed)
random.Random = Fixed
"""
"""As ``sitecustomize``: options stand in the same order every time, and it is noon of one day."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Keys, one after the other, and what each brings."""

    command: str
    steps: tuple[tuple[str, str, str], ...]
    """What is pressed, and the sign that it has been taken, in English and in Chinese."""


SCENES = (
    Scene(
        "search",
        (
            ("", ">", ">"),
            ("mean", "> mean▏", "> mean▏"),
            ("\x1b[B", "> 61", "> 61"),
            ("\x1b[B", "> 62", "> 62"),
            ("\x1b[A", "> 61", "> 61"),
        ),
    ),
    Scene(
        "quiz 61 --kind choice",
        (
            ("", "help", "帮助"),
            ("h", "sum of the values", "所有值之和"),
            ("2", "next review", "复习（评为"),
            ("?", "undo: take", "撤销：收回"),
        ),
    ),
    Scene("quiz 61 --kind predict", (("", "Your answer", "你的答案"), ("7\r", "next review", "复习（评为"))),
    Scene("quiz 61 --kind recall", (("", "press a key", "按任意键"), ("\r", "how well", "记得怎么样"))),
    Scene("quiz 61 --kind code", (("", "Your lines", "你的代码"), ("return 1\r\r", "✗", "✗"))),
)


def path_of(columns: int, rows: int, language: str) -> Path:
    """The file of a size and a language."""
    return FOLDER / f"{columns}x{rows}.{language}.txt"


def play(columns: int, rows: int, language: str) -> str:
    """Every screen as it is now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write_deck(folder / "deck")
        (folder / "sitecustomize.py").write_text(DICE)
        environ = {
            "PYTHONPATH": str(folder),
            "KB_DECK": str(folder / "deck"),
            "KB_HOME": str(folder / "home"),
            "KB_LANG": language,
            "LANG": "C.UTF-8",
            "PAGER": "cat",
            "NO_COLOR": "1",
        }
        # Where nothing is asked the height makes no difference: one is enough.
        commands = _commands(columns, rows, environ) if rows == 24 else ()
        shown = [*commands, *_scenes(columns, rows, language, environ)]
        return masked("\n".join(shown), folder)


def _commands(columns: int, rows: int, environ: dict[str, str]) -> Iterator[str]:
    for command in COMMANDS:
        with Screen(*words(command), columns=columns, rows=rows, **environ) as screen:
            code = screen.end()
            yield f"$ kb {command}\n{screen.text}\n= {code}\n"


def _scenes(columns: int, rows: int, language: str, environ: dict[str, str]) -> Iterator[str]:
    for scene in SCENES:
        yield f"$ kb {scene.command}"
        with Screen(*words(scene.command), columns=columns, rows=rows, **environ) as screen:
            for keys, english, chinese in scene.steps:
                screen.send(keys)
                yield from _shown(screen, repr(keys), english if language == "en" else chinese)


def _shown(screen: Screen, keys: str, sign: str) -> Iterator[str]:
    """The screens that come until a sign does: where there is more than fits, the next is asked for."""
    while True:
        screen.wait_until(lambda: sign in _flat(screen) or _has_more(screen))
        before = _visible(screen)
        yield f"> {keys}\n{before}\n"
        if sign in _flat(screen):
            return
        screen.send(" ")
        screen.wait_until(lambda: _visible(screen) != before)


def words(command: str) -> list[str]:
    """A command's words; an error message is one."""
    first, _, rest = command.partition(" ")
    return [first, rest] if first == "explain" else command.split()


def _visible(screen: Screen) -> str:
    return "\n".join(line.rstrip() for line in screen.screen.display).rstrip()


def _flat(screen: Screen) -> str:
    return "".join(screen.text.split("\n"))


def _has_more(screen: Screen) -> bool:
    return any(line.startswith(("— more —", "— 更多 —")) for line in screen.screen.display)


def masked(text: str, folder: Path) -> str:
    """What differs from run to run, replaced."""
    text = text.replace(str(folder), "FOLDER").replace(version("torch"), "VERSION")
    for pattern, mask in {**MASKS, r"\b\d+\.\d s\b": "0.0 s", r"\b\d+ MiB": "9 MiB"}.items():
        text = re.sub(pattern, mask, text)
    return re.sub(r"(?m) +$", "", text)
