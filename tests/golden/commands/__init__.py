"""What the program prints, command by command: nothing changes for a user unless a file here changes with it.

Each file holds cases. ``$ kb ...`` is what is typed, with variables before it and lines of its input (``< ...``) after
it; then come the lines that it prints (``| ...``), those on stderr (``! ...``), and the exit code (``= 0``). What
differs between machines and from run to run is masked.

``python -m tests.golden.commands`` writes down anew what is printed now. A new case needs its ``$`` line alone, in the
file of each language.
"""

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import kb.cli.app  # noqa: F401 what every fork needs is imported once
from kb.__main__ import main
from tests.conftest import DECK, EN, ZH, write_entry

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")

MASKS = {
    r"\b\d+\.\d+\.\d+(\+\w+)?(?=\W|$)": "VERSION",
    r'("(?:seconds|cpu_seconds|peak_mb|due|score|at|last)": )[0-9.e+-]+': r"\1X",
    r"\b\d{4}-\d\d-\d\d \d\d:\d\d": "TIME",
    r'(?<=/)[a-z0-9-]+-[a-z]{6}(?=\.jsonl| )|(?<="device": ")[a-z0-9-]+-[a-z]{6}(?=")': "DEVICE",
    r'("device_name": )"[^"]*"': r'\1"X"',
    r"(?m)^(  cpu · ).*$": r"\1X",
}
"""Patterns of what differs, and what stands in its place."""

SECOND = {
    "area: training": "area: sequence",
    "level: 1": "level: 2",
    "[mean, average]": "[lstm, gate]",
    "related: [62]": "related: [61]",
    "aliases: [average, torch.mean, 平均值]": "aliases: [nn.LSTM, long short-term memory, 长短期记忆]",
    "mean(): could not infer output dtype": "mixed device index 3 is out of range",
    "What is the mean of a batch?": "How does an LSTM keep a gradient?",
    "The mean is the sum": "Its cell state goes on without a factor: the mean is the sum",
    "一个 batch 的均值是什么？": "LSTM 如何保住梯度？",
    "先求和": "梯度消失时，先求和",
}
"""What the deck's second entry says in other words than its first."""


@dataclass(frozen=True, slots=True)
class Case:
    """One command, and what it does."""

    command: str
    """As it stands behind the ``$``."""
    given: tuple[str, ...] = ()
    """Lines of its input."""
    shown: tuple[str, ...] = ()
    """What was recorded: lines with their marks, the exit code last."""

    def __str__(self) -> str:
        """As it stands in a file."""
        return "\n".join([f"$ {self.command}", *(f"< {line}" for line in self.given), *self.shown, ""])


def read_cases(path: Path) -> list[Case]:
    """The cases of a file, in its order."""
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, text = line[:2], line[2:]
        if mark == "$ ":
            cases.append(Case(text))
        elif mark == "< ":
            cases[-1] = Case(cases[-1].command, (*cases[-1].given, text))
        elif line:
            cases[-1] = Case(cases[-1].command, cases[-1].given, (*cases[-1].shown, line))
    return cases


def write_deck(deck: Path) -> None:
    """The small deck of the tests, with a second entry of another area and level."""
    deck.mkdir()
    (deck / "deck.toml").write_text(DECK, encoding="utf-8")
    english, chinese = EN.format(number=62), ZH.format(number=62)
    for old, new in SECOND.items():
        assert old in english + chinese
        english, chinese = english.replace(old, new), chinese.replace(old, new)
    write_entry(deck)
    write_entry(deck, 62, "lstm", en=english, zh=chinese)


def play(path: Path) -> Iterator[Case]:
    """The cases of a file as they are now, each in a process of its own, one after the other on one home."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write_deck(folder / "deck")
        for case in read_cases(path):
            words = shlex.split(case.command)
            at = words.index("kb")
            environ = {
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "KB_LANG": language_of(path),
                "KB_DECK": str(folder / "deck"),
                "KB_HOME": str(folder / "home"),
                "KB_TRUST": str(folder),
                "KB_ISOLATION": "off",  # systems differ in what they offer
                **dict(word.split("=", 1) for word in words[:at]),
            }
            (folder / "in").write_text("".join(f"{line}\n" for line in case.given), encoding="utf-8")
            code = fork_kb(words[at + 1 :], environ, folder)
            shown = [*marked("|", folder / "out", folder), *marked("!", folder / "err", folder), f"= {code}"]
            yield Case(case.command, case.given, tuple(shown))


def language_of(path: Path) -> str:
    """``search.zh.txt`` holds what a reader of Chinese sees."""
    return path.suffixes[0][1:]


def fork_kb(arguments: list[str], environ: dict[str, str], folder: Path) -> int:
    """Run the program in a fork of this process, which has imported what it needs; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            for descriptor, name, flags in ((0, "in", os.O_RDONLY), (1, "out", WRITE), (2, "err", WRITE)):
                os.dup2(os.open(folder / name, flags, 0o600), descriptor)
            os.environ.clear()
            os.environ.update(environ)
            os.chdir(folder)
            sys.argv = ["kb", *arguments]
            main()
        finally:
            os._exit(70)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def marked(mark: str, path: Path, folder: Path) -> Iterator[str]:
    """The lines of an output, masked, with the mark of the stream before each."""
    text = path.read_text(encoding="utf-8").replace(str(folder), "FOLDER").replace(version("torch"), "VERSION")
    for pattern, mask in MASKS.items():
        text = re.sub(pattern, mask, text)
    for line in text.replace("\x1b", "␛").split("\n")[: -1 if text.endswith("\n") else None] if text else ():
        yield f"{mark} {line}".rstrip()


def files() -> list[Path]:
    """Every file of cases."""
    return sorted(FOLDER.glob("*.txt"))
