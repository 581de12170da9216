"""kb search and kb explain, as they are used."""

import io
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kb.cli.door import run_app
from kb.cli.finding import plain_words
from tests.conftest import COMMAND, EN, ROOT, ZH, Kb, only_json, write_entry
from tests.pseudo_terminal import Screen
from tests.search.test_explain import MESSAGE, MESSAGES, TRACEBACK

WAYS = ("plain", "parsed")
"""Plain words go past the parser; ``--`` changes nothing but that."""


def typed(way: str, *words: str) -> list[str]:
    """A search's command line, by one of the ways in."""
    return ["search", *(["--"] if way == "parsed" else []), *words]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "lstm"], ["lstm"]),
        (["search", "梯度", "消失"], ["梯度", "消失"]),
        (["search", ""], [""]),
        (["search"], None),
        (["search", "-cell", "lstm"], None),
        (["search", "lstm", "--json"], None),
        (["search", "lstm", "-"], None),
        (["search", "--", "lstm"], None),
        (["show", "lstm"], None),
        ([], None),
    ],
)
def test_plain_words_need_no_parser(arguments: list[str], words: list[str] | None) -> None:
    """Whatever begins with a dash does, and every other command."""
    assert words == plain_words(arguments)


def test_completion_is_the_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that asks what a word may become gets no search."""
    monkeypatch.setenv("_KB_COMPLETE", "complete_bash")
    assert plain_words(["search", "lstm"]) is None


def played(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in this process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run_app(arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code, out.getvalue(), err.getvalue()


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12).filter(lambda one: one[:1] != "-")
        | st.sampled_from(["lstm", "mean", "transfromer", "62", "999", "", " ", "tag:mean", '"a mean"', "平均值"]),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["61"])
@example([""])
@example(["zzzzqqqq"])
@example(["mean -lstm"])
@example(["{number}", "%s", "\x1b[31m"])
def test_both_ways_in_give_the_same(small: Path, words: list[str]) -> None:
    """The same output, errors and exit code, whatever the words."""
    assert played(typed("plain", *words)) == played(typed("parsed", *words))


@pytest.mark.parametrize("way", WAYS)
def test_ends_are_told_alike(small: Path, kb: Kb, way: str) -> None:
    """Nothing found, nothing asked for, no such entry, no deck: one line and its exit code."""
    for words, code in ((["zzzzqqqq"], 1), ([" "], 2), (["999"], 2)):
        done = kb(*typed(way, *words))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
        assert done.stderr.startswith("kb: ")
    done = kb(*typed(way, "mean"), environ={"KB_DECK": str(small / "none")})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_that_has_enough_is_no_failure(small: Path, kb: Kb, way: str) -> None:
    """The pipe is closed before anything is written."""
    kb(*typed(way, "mean"))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [*COMMAND, *typed(way, "mean")], stdout=gone, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("raised", "traceback", "code", "said"),
    [
        ("KeyboardInterrupt()", "", 130, "kb: interrupted; nothing is lost\n"),
        ("ZeroDivisionError('by 0')", "", 1, "kb: a mistake of the program's own: ZeroDivisionError: by 0; "),
        ("ZeroDivisionError('by 0')", "1", 1, "Traceback (most recent call last):\n"),
        ("OSError(28, 'No space left on device')", "", 1, "kb: the system refuses: No space left on device; "),
    ],
)
def test_what_goes_wrong_is_told_alike(
    small: Path, home: Path, way: str, raised: str, traceback: str, code: int, said: str
) -> None:
    """Ctrl-C, mistakes of the program's own with and without KB_TRACEBACK, what the system refuses."""
    program = (
        "import sys\nfrom kb.search.searcher import Searcher\n"
        f"def broken(*_, **__):\n    raise {raised}\n"
        "Searcher.search = broken\n"
        f"from kb.cli.door import run_app\nsys.exit(run_app({typed(way, 'mean')!r}))\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"KB_TRACEBACK": traceback}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("way", WAYS)
def test_search_tells_what_it_searched_for(small: Path, kb: Kb, way: str) -> None:
    """On stderr; the hits are on stdout."""
    done = kb(*typed(way, "transfromer"))
    assert done.stderr == "showing results for transformer\n"
    assert done.stdout.split()[0] == "62"


def test_search_as_json(small: Path, kb: Kb) -> None:
    """What was searched for, the words that matched, and where the marks are."""
    value = only_json(kb("search", "transfromer", "--json").stdout)
    assert value["shown_for"] == "transformer"
    hit = value["hits"][0]
    assert (hit["number"], hit["matched"]) == (62, ["transformer"])
    (passage, *_) = hit["passages"]
    start, end = passage["marks"][0]
    assert passage["text"][start:end] == "Transformer"


def test_open(small: Path, kb: Kb) -> None:
    """--open shows the first hit."""
    assert kb("search", "lstm", "--open").stdout == kb("show", "62").stdout


def test_all(small: Path, kb: Kb) -> None:
    """--all lists every entry."""
    assert len(only_json(kb("search", "average", "--all", "--json").stdout)["hits"]) == 2
    assert len(only_json(kb("search", "average", "--json").stdout)["hits"]) == 1


@pytest.mark.parametrize("way", WAYS)
def test_entries_on_one_subject_are_seen_by_their_titles(small: Path, kb: Kb, way: str) -> None:
    """One line each, below the best of them; in JSON as numbers."""
    lines = kb(*typed(way, "average")).stdout.splitlines()
    assert [line.split(" ", 1)[0] for line in map(str.strip, lines)][::2] == ["61", "63"]
    assert lines[2] == "       63 · What is the mean of everything?"


@pytest.fixture
def many(small: Path) -> Path:
    """Twelve more entries; "wombat" stands in the title of 70 and in a pitfall of all."""
    manifest = small / "deck.toml"
    manifest.write_text(manifest.read_text().replace("last = 70", "last = 90"))
    for number in range(70, 82):
        english = EN.format(number=number).replace("related: [62]", "related: []")
        english = english.replace("That is the median.", "That is the median of a wombat.")
        if number == 70:
            english = english.replace("of a batch?", "of a wombat?").replace("torch.mean,", "torch.mean, wombat,")
        write_entry(small, number, f"entry-{number}", en=english, zh=ZH.format(number=number))
    return small


@pytest.mark.parametrize("way", WAYS)
def test_what_is_far_below_the_first_is_folded(many: Path, kb: Kb, way: str) -> None:
    """The first is shown, the number of the others is no hit; it is said in the reader's language."""
    done = kb(*typed(way, "wombat"))
    assert done.stdout.splitlines()[0] == "  70 · What is the mean of a wombat?"
    assert (len(done.stdout.splitlines()), done.stderr) == (2, "11 more: --all\n")
    assert kb(*typed(way, "wombat"), environ={"KB_LANG": "zh"}).stderr == "另有 11 条：--all\n"


def test_all_shows_what_is_folded(many: Path, kb: Kb) -> None:
    """Every entry that matches, also more than ten; --limit limits; in JSON every hit says whether it is folded."""
    done = kb("search", "wombat", "--all")
    assert (len(done.stdout.splitlines()), done.stderr) == (24, "")
    assert len(kb("search", "wombat", "--all", "--limit", "3").stdout.splitlines()) == 6
    limited = kb("search", "wombat", "--limit", "3")
    assert (len(limited.stdout.splitlines()), limited.stderr) == (6, "")
    hits = only_json(kb("search", "wombat", "--json").stdout)["hits"]
    assert [hit["folded"] for hit in hits] == [False, *[True] * 9]


def test_a_pitfall_that_answers_is_the_passage(many: Path, kb: Kb) -> None:
    """Whole, what is believed and what refutes it; where the title says it, the gist is."""
    first, *rest = only_json(kb("search", "middle", "median", "wombat", "--json").stdout)["hits"]
    assert first["passages"][0]["text"] == '"The mean is the middle value." That is the median of a wombat.'
    assert rest


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("rows", [10, 24])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_hit_stays_on_the_screen(many: Path, home: Path, rows: int, columns: int, language: str) -> None:
    """Below what was typed; what does not fit is counted."""
    with Screen("search", "mean", "value", rows=rows, columns=columns, KB_LANG=language) as screen:
        assert screen.end() == 0
        lines = [line for line in screen.text.splitlines() if line.strip()]
        assert len(lines) <= rows - 2
        assert lines[0].split()[0].isdecimal()
        assert re.fullmatch(r"(另有 )?\d+ (more|条)(：|: )--all", lines[-1])


def test_picker(small: Path, home: Path) -> None:
    """Typing narrows, arrows point, Enter shows, letters act on what is pointed at."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("transf")
        screen.wait_for("How does an LSTM keep a gradient?")
        assert "mean of everything" not in screen.text
        screen.send("\x7f\x7f\x7f\x7f\x7f\x7fmean")
        screen.wait_for("mean of a batch")
        screen.send("\x1b[B\x1b[B\x1b[A")
        screen.wait_for("r run")
        screen.send("\r")
        assert screen.end() == 0
        assert "See also" in screen.text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 10), (40, 24), (40, 10), (40, 4)])
def test_picker_shows_what_it_points_at(many: Path, home: Path, columns: int, rows: int, language: str) -> None:
    """However far down, in a small terminal, and without colours: `>` stands before its number, once."""
    with Screen("search", rows=rows, columns=columns, KB_LANG=language) as screen:
        screen.wait_for("Esc")
        screen.send("mean")
        screen.wait_until(lambda: "> mean" in screen.text and " 61 " in screen.shown)
        seen: list[str | None] = []
        for _ in range(14):
            screen.send("\x1b[B")
            screen.wait_until(lambda: pointed_at(screen) not in (None, *seen))
            seen.append(pointed_at(screen))
        assert sorted(seen, key=str) == [*map(str, (61, 62, 63, *range(70, 81)))] or len(set(seen)) == 14
        for number in reversed(seen[:-1]):
            screen.send("\x1b[A")
            screen.wait_until(lambda: pointed_at(screen) == number)  # noqa: B023 it is waited for at once
        screen.send("\x1b")
        assert screen.end() == 0


def pointed_at(screen: Screen) -> str | None:
    """The number of the entry that the picker points at; None if there is none, or more than one."""
    found = re.findall(r"(?m)^> +(\d+) ", screen.shown)
    return found[0] if len(found) == 1 else None


def test_picker_runs(small: Path, home: Path) -> None:
    """r runs what is pointed at."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("lstm\x1b[B")
        screen.wait_for("r run")
        screen.send("r")
        assert screen.end() == 0
        assert "✓ passed" in screen.text


def test_picker_leaves(small: Path, home: Path) -> None:
    """Escape leaves without a word."""
    with Screen("search", rows=30) as screen:
        screen.wait_for("choose")
        screen.send("\x1b")
        assert screen.end() == 0


def test_explain_reads_a_traceback(small: Path, kb: Kb) -> None:
    """From a pipe: the message, the entry that knows it, what to do next."""
    done = subprocess.run(
        [sys.executable, "-m", "kb", "explain"], input=TRACEBACK, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("RuntimeError: mixed device index 17 is out of range\n")
    assert "kb show 62" in done.stdout


def test_explain_as_json(small: Path, kb: Kb) -> None:
    """Each message with its entries, and what stood in its slots."""
    (small / "messages.toml").write_text(MESSAGES)
    value = only_json(kb("explain", f"[rank1]: RuntimeError: {MESSAGE}", "--json").stdout)
    assert value["root"] == f"RuntimeError: {MESSAGE}"
    (one,) = value["messages"]
    assert [entry["number"] for entry in one["entries"]] == [62, 61]
    assert (one["id"], one["rank"], one["line"], one["cure"]) == ("sizes-differ", 1, 1, "Give 4.")
    assert value["guesses"] == []


def test_explain_shows_cause_check_and_cure(small: Path, kb: Kb) -> None:
    """Then the entry; of another message in the text its cause. A text in UTF-16 is read as well."""
    (small / "messages.toml").write_text(MESSAGES)
    text = f"RuntimeError: {MESSAGE}\nworker 1 failed, see its own error\n"
    for encoding in ("utf-8", "utf-16"):
        done = subprocess.run(
            [sys.executable, "-m", "kb", "explain"],
            input=text.encode(encoding),
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
        lines = done.stdout.decode().splitlines()
        assert lines[:4] == [
            f"RuntimeError: {MESSAGE}",
            "  cause  It takes 4, and 3 came.",
            "  check  Print x.shape.",
            "  cure   Give 4.",
        ]
        assert "  worker 1 failed, see its own error" in lines
        assert done.returncode == 0


def test_explain_guesses_and_says_so(small: Path, kb: Kb) -> None:
    """Where no message is known."""
    done = kb("explain", "RuntimeError: the hidden Transformer state")
    assert done.returncode == 0
    assert "perhaps these help" in done.stdout
    assert "kb show 62" in done.stdout


def test_explain_says_when_nothing_fits(small: Path, kb: Kb) -> None:
    """One line, and the exit code 1; an empty pipe too."""
    done = kb("explain", "KeyError: 'learning_rate'")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no entry explains" in done.stderr
    chat = kb("explain", *["hello"] * 200)
    assert (chat.returncode, chat.stdout, chat.stderr.count("\n")) == (1, "", 1)
    assert "no error and no warning" in chat.stderr
    empty = kb("explain")
    assert (empty.returncode, empty.stdout, empty.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-lstm"], "kb: only words to leave out; give one to look for, too: kb search lstm -cell\n"),
        (["lstm", "-lstm"], "kb: only words to leave out; give one to look for, too: kb search lstm -cell\n"),
        (["level:9"], "kb: no level 9; write level:1, level:2 or level:3\n"),
        (["area:foo"], "kb: no area 'foo'; the deck has "),
    ],
)
def test_what_finds_nothing_by_itself_says_why(small: Path, kb: Kb, words: list[str], said: str) -> None:
    """In place of entries that hold the very words, or none."""
    done = kb("search", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_a_file_is_not_explained_by_its_name(small: Path, kb: Kb, tmp_path: Path) -> None:
    """One that is there is told how to be given; of another it is said that there is none."""
    log = tmp_path / "my train.log"
    log.write_text("x")
    there = kb("explain", str(log))
    assert there.stderr == f"kb: {log} is a file, not a message; kb explain < '{log}'\n"
    for name in ("/no/such/file", "train.log"):
        missing = kb("explain", name)
        assert (missing.returncode, missing.stdout) == (2, "")
        assert missing.stderr == (f"kb: no file {name}; give a log with kb explain < FILE, or the words of a message\n")
