"""Code asked at a real pseudo-terminal: commands among typed lines, pastes, checks that are stopped, rejections, the
whole snippet; and lines written in one's own editor, of every sort that there is."""

from pathlib import Path

import pytest

from tests.conftest import Kb
from tests.pseudo_terminal import Screen, answers
from tests.quiz.test_drill import small
from tests.quiz.test_interruptions import in_endless_proof

__all__ = ["small"]

RIGHT = "return sum(values) / len(values)"
WRONG = "return sum(values)"


def ask(*options: str, **environ: str) -> Screen:
    """The code item of the small deck."""
    return Screen("quiz", "61", "--kind", "code", *options, **environ)  # type: ignore[arg-type]


def draft_of(home: Path) -> Path:
    """The file that the learner's editor gets."""
    return home / "data" / "drafts" / "061-mean-mean-by-hand.py"


def fill(path: Path, lines: str) -> None:
    """Save other lines in the hole of a draft, as an editor does: a new file in the old one's place."""
    head, rest = path.read_text().split("# hole: mean-by-hand\n")
    tail = rest[rest.index("    # end") :]
    own = "".join(f"    {line}\n" for line in lines.splitlines())
    new = path.with_suffix(".new")
    new.write_text(f"{head}# hole: mean-by-hand\n{own}{tail}")
    new.replace(path)


def editor(folder: Path, script: str) -> str:
    """A program that is an editor: ``fill LINES`` in its script puts lines into the hole of the file that it got."""
    path = folder / "editor"
    put = r"""fill() { awk -v lines="$1" '
        /^ *# hole:/ {print; print "    " lines; inside=1; next}
        /^ *# end/ {inside=0}
        !inside {print}' "$file" >"$file.new" && mv "$file.new" "$file"; }"""
    path.write_text(f'#!/bin/sh\nfile="$1"\nhome="{folder}"\n{put}\n{script}\n')
    path.chmod(0o755)
    return str(path)


# Typed lines


def test_commands_after_a_rejected_try(small: Path, home: Path) -> None:
    """Right behind the earlier lines, in a line of their own, with an input method's colon; the lines stay."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send(f"{WRONG}\r\r")
        screen.wait_for("AssertionError: the sum over the count")
        screen.wait_for("Your lines >", times=2)
        screen.send(":h\r")
        screen.wait_for("“Pitfalls” is about this")
        screen.wait_for("Your lines >", times=3)
        screen.send("\r:t\r")
        screen.wait_for("Fill in the body", times=2)
        screen.wait_for("Your lines >", times=4)
        screen.send("\r  ：？\r")
        screen.wait_for("skip: ask it another time")
        screen.wait_for("Your lines >", times=5)
        screen.send(":k\r")
        screen.wait_for("there is no command :k")
        screen.wait_for("Your lines >", times=6)
        screen.send(" / len(values)\r\r")
        screen.wait_for("✓ right")
        screen.wait_for("(rated hard)")
    assert answers(home) == [("61/mean-by-hand", True)]


def test_a_slice_is_no_command(small: Path, home: Path) -> None:
    """A line of Python may begin with a colon where a slice goes on."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send("return sum(values[\r:len(values)\r]) / len(values)\r\r")
        screen.wait_for("✓ right")


def test_a_lone_letter_is_no_code(small: Path, home: Path) -> None:
    """? helps; q, and a word of who wants to leave, are told the command, and no try."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send("？\r")
        screen.wait_for("skip: ask it another time")
        screen.wait_for("Your lines >", times=2)
        screen.send("q\r\r")
        screen.wait_for(":q is the command; Enter Enter gives “q” as the answer")
        screen.wait_for("Your lines >", times=3)
        screen.send("\x7fexit()\r\r")
        screen.wait_for("Enter Enter gives “exit()” as the answer")
        screen.wait_for("Your lines >", times=4)
        screen.send(":q\r")
        assert screen.end() == 0
        assert "✗" not in screen.text
    assert answers(home) == []


def test_giving_up_with_lines(small: Path, home: Path) -> None:
    """What was typed is what was answered."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send("total = 0\r:g\r")
        screen.wait_for("✗ wrong")
        text = screen.wait_for("Enter next")
        assert "-total = 0" in text
    assert answers(home) == [("61/mean-by-hand", False)]


def test_ctrl_d_asks_before_it_drops_lines(small: Path, home: Path) -> None:
    """Once with lines it only says so; twice leaves, and so does once where there are none."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.wait_for_keys()
        screen.send("total = 0\x04")
        screen.wait_for("Ctrl-D again leaves, and what is typed here goes with it")
        screen.wait_for("Your lines >", times=2)
        screen.wait_for_keys()
        screen.send("1\x04")  # other lines: asked again
        screen.wait_for("Ctrl-D again", times=2)
        screen.wait_for("Your lines >", times=3)
        screen.wait_for_keys()
        screen.send("\x04")
        assert screen.end() == 0
        assert "nothing was answered" in screen.text


PASTE = "\x1b[200~{}\x1b[201~"


@pytest.mark.parametrize(
    ("pasted", "note"),
    [
        ("    total = sum(values)\n    return total / len(values)\n", ""),
        (f"```python\ndef mean(xs):\n    # all of it\n    {RIGHT.replace('values', 'xs')}\n```", "with xs = values"),
        (f">>> total = 0\n>>> {RIGHT}\n", "what stands behind the prompts"),
    ],
)
def test_pastes(small: Path, home: Path, pasted: str, note: str) -> None:
    """As people paste it; what is taken of it is told in one line."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.wait_for_keys()
        screen.send(PASTE.format(pasted.replace("\n", "\r")) + "\r")
        screen.send("\r")
        text = screen.wait_for("✓ right")
        assert ("taken: " in text) == bool(note)
        assert note in " ".join(text.split())
    assert answers(home) == [("61/mean-by-hand", True)]


def test_what_is_no_python_is_no_try(small: Path, home: Path) -> None:
    """It is told at once, with the learner's own line, and the answer after it counts in full."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send("total = sum(values)\rreturn (total，2\r\r")
        text = screen.wait_for("your line 2: characters that Python does not take: ， → ,")
        assert ">    2  return (total，2" in screen.wait_for("Your lines >", times=2)
        assert "checking" not in text
        screen.send("\x15" + "return total / len(values)\r\r")
        screen.wait_for("✓ right")
        screen.wait_for("(rated good)")


def test_a_line_of_ones_own_that_fails(small: Path, home: Path) -> None:
    """By the learner's own number, marked, with its values."""
    with ask("--lang", "en") as screen:
        screen.wait_for("Your lines >")
        screen.send("total = sum(values)\rpart = total / 0\rreturn part\r\r")
        screen.wait_for("your line 2: ZeroDivisionError")
        text = screen.wait_for("Your lines >", times=2)
        assert ">    2  part = total / 0" in text


# Checks that are stopped


@pytest.mark.parametrize("key", ["q", "\x1b", "\x04"])
def test_a_key_stops_a_check(small: Path, home: Path, key: str) -> None:
    """The time is shown meanwhile, other keys do nothing, and the lines stand there for the next try."""
    with ask() as screen:
        screen.wait_for("Your lines >")
        screen.send("while True: pass\r\r")
        screen.wait_for("1 s · q stops")
        screen.wait_for_keys()
        screen.send("gs12\r \x1b[A")
        screen.wait_for("2 s · q stops")
        screen.send(key)
        screen.wait_for("stopped; nothing was graded")
        screen.wait_for("while True: pass", times=2)
        assert "s · q stops" not in screen.text
        assert answers(home) == []
        screen.send(":q\r")
        assert screen.end() == 0
    assert answers(home) == []


def test_a_plain_terminal_is_told_once_how_to_stop(small: Path, home: Path) -> None:
    """Nothing is drawn over."""
    with ask("--plain") as screen:
        screen.wait_for("Your lines >")
        screen.send("while True: pass\r\r")
        screen.wait_for("q stops")
        screen.wait_for_keys()
        screen.send("q")
        text = screen.wait_for("stopped; nothing was graded")
        assert text.count("q stops") == 1


def test_a_key_stops_a_proof(small: Path, home: Path) -> None:
    """It tells the time only where nothing is printed."""
    with in_endless_proof(small) as screen:
        screen.wait_for("s · q stops")
        screen.wait_for_keys()
        screen.send("q")
        screen.wait_for("stopped")
        text = screen.wait_for("Enter next", times=2)
        assert "begun\nstopped" in text


# The task


@pytest.mark.parametrize("columns", [40, 80])
def test_the_whole_snippet(small: Path, home: Path, columns: int) -> None:
    """With the hole marked and the learner's lines in it; another hole's solution is not there."""
    path = small / "061-mean" / "snippet.py"
    path.write_text(
        path.read_text().replace("assert mean([4.0])", "# hole: other\nsecret = 1\n# end\nassert mean([4.0])")
    )
    with Screen("quiz", "61", "--kind", "code", "--limit", "1", columns=columns, PAGER="cat", rows=70) as screen:
        screen.wait_for("Your lines >")
        screen.send("total = 0\r:w\r")
        text = screen.wait_for("Your lines >", times=2)
        assert "    # hole: mean-by-hand\n      total = 0\n      # end" in text
        assert "secret" not in text
        assert 'print("step=2 loss=1.0")' in text
        assert all(len(line) <= columns for line in text.splitlines())


# In one's own editor


def test_an_editor_in_the_terminal(small: Path, home: Path) -> None:
    """Graded when it is left. After a rejection Enter opens the same file, with the reason on top."""
    script = f"""
        if [ -e "$home/once" ]; then cp "$file" "$home/second"; fill "{RIGHT}"
        else cp "$file" "$home/first"; touch "$home/once"; fill "{WRONG}"; fi
    """
    with ask("--editor", EDITOR=editor(home, script)) as screen:
        screen.wait_for("AssertionError: the sum over the count")
        screen.wait_for("Enter open it again")
        screen.wait_for_keys()
        screen.send("\r")
        screen.wait_for("✓ right")
        screen.wait_for("(rated hard)")
    first, second = ((home / name).read_text() for name in ("first", "second"))
    assert first.startswith("# 61. What is the mean of a batch?\n#\n# Fill in the body of `mean`")
    assert "    # hole: mean-by-hand\n    ...\n    # end\n" in first
    assert "AssertionError" not in first
    assert "# ✗ " in second
    assert "AssertionError: the sum over the count" in second
    assert f"    # hole: mean-by-hand\n    {WRONG}\n    # end\n" in second
    assert answers(home) == [("61/mean-by-hand", True)]
    assert not draft_of(home).exists()


def test_an_editor_that_takes_the_terminal_is_not_disturbed(small: Path, home: Path) -> None:
    """It saves as often as it likes; nothing is printed into its screen, and the last state is graded."""
    script = f"""
        old=$(stty -g </dev/tty); stty raw -echo </dev/tty; printf 'EDITOR HERE\\r\\n' >/dev/tty
        fill "{WRONG}"; sleep 2; fill "{RIGHT}"; sleep 1; printf 'EDITOR GONE\\r\\n' >/dev/tty; stty $old </dev/tty
    """
    with ask("--editor", EDITOR=editor(home, script)) as screen:
        screen.wait_for("✓ right")
        assert "EDITOR HERE\nEDITOR GONE\nchecking" in screen.text
        screen.wait_for("(rated good)")


def test_an_editor_with_a_window_of_its_own_stays_open(small: Path, home: Path) -> None:
    """Each save is graded while it runs, and keys are the quiz's."""
    script = f"""fill "{WRONG}"; while [ ! -e "$home/go" ]; do sleep 0.1; done; fill "{RIGHT}"; sleep 600"""
    with ask("--editor", VISUAL=f"{editor(home, script)}") as screen:
        screen.wait_for("AssertionError: the sum over the count")
        screen.wait_for("Enter open it again")
        screen.wait_for_keys()
        screen.send("h")
        screen.wait_for("“Pitfalls” is about this")
        (home / "go").touch()
        screen.wait_for("✓ right")
        screen.wait_for("Enter next")
    assert answers(home) == [("61/mean-by-hand", True)]


def test_an_editor_that_returns_at_once(small: Path, home: Path) -> None:
    """The file is watched; what changed outside the hole is told; a mark that is gone is told, and nothing is lost."""
    with ask(EDITOR="true") as screen:
        screen.wait_for("Your lines >")
        screen.send("total = 0\r:e\r")
        screen.wait_for("Enter open it again")
        draft = draft_of(home)
        assert "    total = 0\n" in draft.read_text()
        fill(draft, WRONG)
        draft.write_text(draft.read_text().replace("6.0]) == 3.0", "6.0]) == 9.0"))
        number = 1 + draft.read_text().splitlines().index(
            'assert mean([1.0, 2.0, 6.0]) == 9.0, "the sum over the count"'
        )
        screen.wait_for(f"what you changed outside the hole does not count: line {number}")
        screen.wait_for("AssertionError: the sum over the count")
        text = draft.read_text()
        draft.write_text(text.replace("    # hole: mean-by-hand\n", "").replace("    # end\n", ""))
        screen.wait_for("the comments # hole: mean-by-hand and # end are gone from")
        assert WRONG in draft.read_text()
        draft.write_text(text)
        fill(draft, "")
        screen.wait_for("an answer is empty")
        fill(draft, RIGHT)
        screen.wait_for("✓ right")
    assert not draft.exists()


def test_a_draft_is_kept(small: Path, home: Path) -> None:
    """Where it lies is told, and the next session goes on with it; one in which nothing is written goes."""
    with ask("--editor", EDITOR="true") as screen:
        screen.wait_for("Enter open it again")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
        assert "your lines are kept" not in screen.text
    assert not draft_of(home).exists()
    with ask("--editor", EDITOR=editor(home, f'fill "{WRONG}"')) as screen:
        screen.wait_for("AssertionError: the sum over the count")
        screen.wait_for("Enter open it again")
        screen.wait_for_keys()
        screen.send("q")
        assert screen.end() == 0
        assert f"your lines are kept in {draft_of(home)}" in screen.text.replace("\n", "").replace("in/", "in /")
    with ask("--editor", EDITOR="true") as screen:
        screen.wait_for("your lines of last time are in it")
        screen.wait_for("Enter open it again")
        assert WRONG in draft_of(home).read_text()
        screen.wait_for_keys()
        screen.send("p")
        screen.wait_for("Your lines >")
        screen.wait_for(WRONG)
        screen.send(" / len(values)\r\r")
        screen.wait_for("✓ right")
    assert not draft_of(home).exists()


def test_editors_that_do_not_work(small: Path, kb: Kb) -> None:
    """One line, and the question stands."""
    with ask(EDITOR="", VISUAL="") as screen:
        screen.wait_for("Your lines >")
        screen.send("total = 0\r:e\r")
        screen.wait_for("kb: no editor is named; set VISUAL or EDITOR to yours, as in EDITOR=nano")
        screen.wait_for("total = 0", times=2)
    with ask(EDITOR="false") as screen:
        screen.wait_for("Your lines >")
        screen.send(":e\r")
        screen.wait_for("kb: false ended with 1")
        screen.wait_for("Your lines >", times=2)
    with ask(EDITOR="no-such-editor") as screen:
        screen.wait_for("Your lines >")
        screen.send(":e\r")
        screen.wait_for("kb: no-such-editor does not start")
        screen.wait_for("Your lines >", times=2)
    with ask("--editor", EDITOR="", VISUAL="") as screen:
        assert screen.end() == 1
        assert "kb: no editor is named" in screen.text
    assert kb("quiz", "--editor", "--json").returncode == 2


def test_ctrl_c_while_an_editor_has_a_window(small: Path, home: Path) -> None:
    """It ends the waiting, not the session."""
    with ask("--editor", EDITOR=editor(home, "trap '' INT; touch $home/on; sleep 600")) as screen:
        screen.wait_until(lambda: (home / "on").exists())
        screen.send("\x03")
        screen.wait_for("Enter open it again")
        fill(draft_of(home), RIGHT)
        screen.wait_for("✓ right")
