"""At a terminal: nothing redrawn where that is asked for, prompts that survive Ctrl-Z, Ctrl-C that changes nothing."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import COMMAND, EN, ROOT, SNIPPET, ZH, write_entry
from tests.golden.screens import COMMANDS, words
from tests.pseudo_terminal import Screen, answers


@pytest.fixture(autouse=True)
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small deck with two entries as the one that is asked."""
    monkeypatch.setenv("KB_DECK", str(deck))
    monkeypatch.setenv("PAGER", "false")  # nobody may call it where nothing is redrawn
    write_entry(deck, 62, "second", en=EN.format(number=62).replace("[average,", "[second,"), zh=ZH.format(number=62))
    return deck


class Teletype(Screen):
    """A terminal whose every byte is kept."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.raw = ""
        super().__init__(*arguments, columns=80, rows=60, program=COMMAND, **environ)
        feed = self.stream.feed

        def keep(text: str) -> None:
            self.raw += text
            feed(text)

        self.stream.feed = keep  # type: ignore[method-assign, assignment]

    def __enter__(self) -> "Teletype":
        return self

    @property
    def is_straight(self) -> bool:
        """Whether text and line ends alone were printed."""
        return "\x1b" not in self.raw and not re.search(r"\r(?!\r*\n)", self.raw)


@pytest.mark.parametrize("how", ["--plain", "KB_PLAIN", "dumb"])
@pytest.mark.parametrize("command", COMMANDS)
def test_plain_commands_print_lines_alone(command: str, how: str) -> None:
    """No colours, no cursor, no pager, no bar; --plain stands before the command or after it."""
    environ = {"--plain": {}, "KB_PLAIN": {"KB_PLAIN": "1"}, "dumb": {"TERM": "dumb"}}[how]
    if how == "dumb" and command not in ("list", "show 61", "run 61", "help wire", "search mean"):
        return  # the same code; five are enough
    plain = ["--plain"] if how == "--plain" else []
    with Teletype(*plain, *words(command), **environ) as screen:
        screen.end()
        assert screen.is_straight, screen.raw


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_plain_search_asks_for_lines(term: str) -> None:
    """Words, the hits, words, a number, which opens its entry."""
    with Teletype("search", *(["--plain"] if term == "xterm" else []), TERM=term) as screen:
        screen.wait_for("nothing to quit:")
        screen.send("zzzz\n")
        screen.wait_for("nothing found")
        screen.send("mean\n")
        screen.wait_for("61 · What is the mean")
        screen.send("61\n")
        assert screen.end() == 0
        assert "Any book" in screen.text


def test_plain_quiz_redraws_nothing(home: Path) -> None:
    """Options are toggled, graded, and read further, on lines of their own."""
    with Teletype("quiz", "61", "--kind", "choice", "--plain", "-n", "2") as screen:
        screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.send("a")
        screen.wait_for("Enter next")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
        assert "\x1b" not in screen.raw
    assert len(answers(home)) == 1


def test_plain_lines_of_code_are_typed_one_by_one(home: Path) -> None:
    """Without a cursor that moves."""
    with Teletype("quiz", "61", "--kind", "code", "--plain") as screen:
        screen.wait_for("Your lines >")
        screen.send("return sum(values) / len(values)\r\r")
        screen.wait_for("Enter next")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
        assert not re.search(r"\x1b\[\d*[A-HJKST]", screen.raw)
    assert answers(home) == [("61/mean-by-hand", True)]


def test_plain_tells_what_colours_tell() -> None:
    """Right and wrong, the failing line, the pointer of the search: by words and signs."""
    with Teletype("run", "61", "--plain") as screen:
        screen.end()
        assert "✓ passed" in screen.text


# Prompts and job control


class Shell(Screen):
    """A shell with job control, in which the program is started."""

    def __init__(self) -> None:
        super().__init__("--norc", "-i", program=("bash",), PS1="ready> ")
        self.wait_for("ready>")

    def __enter__(self) -> "Shell":
        return self

    def kb(self, line: str) -> None:
        """Type a command line of the program."""
        self.send(f"cd {shlex.quote(str(ROOT))}; clear; {' '.join(COMMAND)} {line}\n")

    def suspend_and_resume(self) -> None:
        """Ctrl-Z, then fg."""
        self.send("\x1a")
        self.wait_for("Stopped")
        self.send("fg\n")
        self.wait_for("fg\n")


def answer_one() -> None:
    """One answer for the log."""
    with Screen("quiz", "61", "--kind", "recall") as screen:
        screen.wait_for("press Enter")
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("how well")
        screen.wait_for_keys()
        screen.send("3")
        screen.end()


@pytest.mark.parametrize("command", ["undo", "reset 61"])
def test_questions_survive_ctrl_z(home: Path, command: str) -> None:
    """What was asked can be answered after fg."""
    answer_one()
    with Shell() as shell:
        shell.kb(command)
        shell.wait_for("[y/N]")
        shell.suspend_and_resume()
        shell.send("y\n")
        shell.wait_for("taken back" if command == "undo" else "forgotten")
    assert answers(home) == []


@pytest.mark.parametrize("command", ["undo", "reset 61"])
@pytest.mark.parametrize(("key", "code"), [("\x03", "130"), ("n\n", "1"), ("\n", "1"), ("\x04", "130")])
def test_no_answer_is_no(home: Path, command: str, key: str, code: str) -> None:
    """Ctrl-C, Ctrl-D, n and Enter take nothing back."""
    answer_one()
    with Shell() as shell:
        shell.kb(f"{command}; echo code $?")
        shell.wait_for("[y/N]")
        shell.send(key)
        shell.wait_for(f"code {code}")
    assert len(answers(home)) == 1


def test_the_search_survives_ctrl_z() -> None:
    """Its screen comes back with what was typed."""
    with Shell() as shell:
        shell.kb("search")
        shell.wait_for("Esc quit")
        shell.send("mean")
        shell.wait_for("> mean")
        shell.send("\x1a")
        shell.wait_for("Stopped")
        shell.send("fg\n")
        shell.wait_for("> mean")
        shell.wait_for("61 ")
        shell.send("\x1b")
        shell.wait_until(lambda: shell.text.rstrip().endswith("ready>"))


def test_a_paste_into_the_search_is_words() -> None:
    """Its line ends open nothing."""
    with Screen("search") as screen:
        screen.wait_for("Esc quit")
        screen.wait_for_keys()
        screen.send("\x1b[200~RuntimeError:\nmean of\n\x1b[201~")
        screen.wait_for("> RuntimeError: mean of")
        screen.send("\x1b")
        assert screen.end() == 0


def test_watching_with_one_device_says_so(tmp_path: Path) -> None:
    """The key that would change it is answered."""
    with Screen("run", "61", "--watch") as screen:
        screen.wait_for("runs again when")
        screen.wait_for_keys()
        screen.send("d")
        screen.wait_for("there is no other device here")
        screen.send("q")
        assert screen.end() == 0


@pytest.mark.parametrize("columns", [40, 80])
def test_an_error_is_broken_between_words(columns: int) -> None:
    """One line where nobody looks, words whole where somebody does."""
    with Screen("run", "secondd", columns=columns) as screen:
        assert screen.end() == 2
        text = " ".join(screen.text.split())
        assert text == "kb: 'secondd' names no entry; give a number; the nearest is 62. What is the mean of a batch?"


@pytest.mark.parametrize(
    "arguments", [["run", "61"], ["run", "61", "--device", "auto"], ["verify", "61"]], ids=" ".join
)
def test_ctrl_c_while_torch_is_loaded(small: Path, arguments: list[str]) -> None:
    """It is no fault of the snippet's, nor of torch's."""
    write_entry(
        small, snippet=SNIPPET.replace("import os\n", "import os\nimport torch\nimport time\ntime.sleep(600)\n")
    )
    with Screen(*arguments) as screen:
        pid = screen.process.pid or 0
        screen.wait_until(lambda: any(has_torch(one) for one in (pid, *descendants(pid))))
        screen.send("\x03")
        assert screen.end() == 130
        assert "interrupted" in screen.text
        assert "Traceback" not in screen.text


def descendants(pid: int) -> Iterator[int]:
    """The processes that one has started, and those that these have."""
    with suppress(OSError):  # it has ended meanwhile
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                yield child
                yield from descendants(child)


def has_torch(pid: int) -> bool:
    """Whether torch's libraries are being loaded in a process."""
    with suppress(OSError):
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
    return False
