"""What a reader sees, screen by screen: every command at a terminal of several widths and heights, in both languages.

A file holds one size and one language. ``$ kb ...`` is what is typed, ``> ...`` keys that are pressed; below stands the
screen, with all that has scrolled away above it where nothing was pressed, and what is visible alone where keys were.

``python -m tests.golden.screens`` writes down anew what is shown now.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
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
    *("suspend 61/which-value", "flag 61/counted", "list --flagged", "list --suspended", "suspend 61/which-value --off"),
    *("paths", "check", "verify 61", "optimize", "warm --stop", "nope", "list --level 9", "show 99"),
    *("decks", "decks -h", "trust", "trust -h", "new 101 Layer_Norm --deck nowhere", "new -h"),
    *("import none.md --into nowhere", "import -h", "export pdf", "export -h"),
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
class Step:
    """Keys, and how what they bring is known to be there whole."""

    keys: str
    sign: str
    """What then stands on the screen or above it."""
    end: str
    """What the screen then ends in."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Keys, one after the other, and what each brings."""

    command: str
    english: tuple[Step, ...]
    chinese: tuple[Step, ...]


def scene(command: str, *steps: tuple[str, str, str, str, str]) -> Scene:
    """Steps as keys, sign and end in English, sign and end in Chinese."""
    english = tuple(Step(keys, sign, end) for keys, sign, end, _, _ in steps)
    return Scene(command, english, tuple(Step(keys, sign, end) for keys, _, _, sign, end in steps))


SCENES = (
    scene(
        "search",
        ("", "> ▏", "Esc quit", "> ▏", "Esc 退出"),
        ("mean", "> mean▏", "Esc quit", "> mean▏", "Esc 退出"),
        ("\x1b[B", ">   61", "Esc quit", ">   61", "Esc 退出"),
        ("\x1b[B", ">   62", "Esc quit", ">   62", "Esc 退出"),
        ("\x1b[A", ">   61", "Esc quit", ">   61", "Esc 退出"),
    ),
    scene(
        "learn",
        ("", "be asked", "q quit", "做测验", "q 退出"),
        ("n", "2 of", "q quit", "第 2 条", "q 退出"),
    ),
    scene(
        "quiz 61 --kind choice",
        ("", "a-d", "q quit", "a-d", "q 退出"),
        ("h", "middle value", "q quit", "中间的那个值", "q 退出"),
        ("a", "next review", "q quit", "复习（评为", "q 退出"),
        ("?", "undo: take", "q quit", "撤销：收回", "q 退出"),
    ),
    scene(
        "quiz 61 --kind predict",
        ("", "Your answer", "Your answer >", "你的答案", "你的答案 >"),
        ("7\r", "next review", "q quit", "复习（评为", "q 退出"),
    ),
    scene(
        "quiz 61 --kind recall",
        ("", "press Enter", "q quit", "按 Enter", "q 退出"),
        ("\r", "how well", "q quit", "记得怎么样", "q 退出"),
    ),
    scene(
        "quiz 61 --kind code",
        ("", "Your lines", "Your lines >", "你的代码", "你的代码 >"),
        ("return 1\r\r", "✗", "Your lines >\nreturn 1", "✗", "你的代码 >\nreturn 1"),
    ),
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
            "KB_TRUST": str(folder),
            "KB_ISOLATION": "off",  # systems differ in what they offer
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
            before = ""
            for step in scene.english if language == "en" else scene.chinese:
                screen.send(step.keys)
                while True:
                    screen.wait_until(partial(_is_there, screen, step, before))
                    before = _visible(screen)
                    yield f"> {step.keys!r}\n{before}\n"
                    if not before.endswith(MORE):
                        break
                    screen.send(" ")


MORE = "q skips the rest —", "q 跳过其余 —"
"""What a screen ends in that is not the last of what it shows."""


def _is_there(screen: Screen, step: Step, before: str) -> bool:
    """Whether another screen than before is there, whole."""
    now = _visible(screen)
    is_last = now.endswith(step.end) and step.sign in "".join(screen.text.split("\n"))
    return now != before and (is_last or now.endswith(MORE))


def words(command: str) -> list[str]:
    """A command's words; an error message is one."""
    first, _, rest = command.partition(" ")
    return [first, rest] if first == "explain" else command.split()


def _visible(screen: Screen) -> str:
    return "\n".join(line.rstrip() for line in screen.screen.display).rstrip()


def masked(text: str, folder: Path) -> str:
    """What differs from run to run, replaced."""
    text = text.replace(str(folder), "FOLDER").replace(version("torch"), "VERSION")
    for pattern, mask in {**MASKS, r"\b\d+\.\d s\b": "0.0 s", r"\b\d+ MiB": "9 MiB"}.items():
        text = re.sub(pattern, mask, text)
    return re.sub(r"(?m) +$", "", text)
