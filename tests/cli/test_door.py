"""The door: whatever is typed gives a result or one line, in the reader's language, and nothing acts on a guess."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.cli.app import COMMANDS, load
from kb.cli.arguments import COMMON, arranged, with_dashes
from tests.conftest import COMMAND, EN, ROOT, ZH, Kb, only_json, write_entry

LSTM = EN.replace("What is the mean of a batch?", "How does an LSTM keep a gradient?").replace(
    "aliases: [average, torch.mean, 平均值]", "aliases: [LSTM, long memory, nn.LSTM]"
)


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two entries, on the mean and on LSTMs."""
    monkeypatch.setenv("KB_DECK", str(deck))
    write_entry(deck, 62, "lstm", en=LSTM.format(number=62), zh=ZH.format(number=62))
    return deck


# Options before and after the command


@pytest.mark.parametrize(
    ("typed", "read", "is_plain"),
    [
        (["--json", "search", "lstm"], ["search", "--json", "lstm"], False),
        (
            ["--lang", "zh", "--deck=notes", "list", "--level", "1"],
            ["list", "--lang", "zh", "--deck=notes", "--level", "1"],
            False,
        ),
        (["list", "--plain"], ["list"], True),
        (["--plain", "list"], ["list"], True),
        (["search", "--", "--plain"], ["search", "--", "--plain"], False),
        (["--lang", "zh"], ["--lang", "zh"], False),
        (["--lang"], ["--lang"], False),
        (["--version"], ["--version"], False),
        ([], [], False),
    ],
)
def test_options_of_every_command_may_stand_before_it(typed: list[str], read: list[str], is_plain: bool) -> None:
    """They are read where they stand after it; --plain is taken out."""
    assert arranged(typed) == (read, is_plain)


@pytest.mark.parametrize("before", [["--json"], ["--lang", "zh", "--json"], ["--json", "--lang=zh"]])
def test_before_is_as_good_as_after(small: Path, kb: Kb, before: list[str]) -> None:
    """The same object, whichever side of the command the options stand on."""
    assert kb(*before, "list").stdout == kb("list", *before).stdout
    assert only_json(kb(*before, "list").stdout)["entries"]


def test_bare_kb_takes_them_too(small: Path, kb: Kb) -> None:
    """What is due, as an object."""
    assert only_json(kb("--json").stdout)["new"] == 12
    assert only_json(kb("--json", "--deck", str(small)).stdout)["entries"] == 2


def test_every_command_takes_them() -> None:
    """All but --plain, which no command sees."""
    for name in COMMANDS:
        options = {option for one in load(name).params for option in one.opts}
        assert COMMON.keys() - options == {"--plain"}, name


# Words with dashes


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("lstm -cell", "-- lstm -cell"),
        ("-cell lstm -nlp", "-- -cell lstm -nlp"),
        ("lstm -n 3 -cell", "-n 3 -- lstm -cell"),
        ("-n3 lstm", "-n3 -- lstm"),
        ("lstm -n=3", "-n=3 -- lstm"),
        ("lstm --limit=2 -x --json", "--limit=2 --json -- lstm -x"),
        ("lstm -hidden -json -all", "-- lstm -hidden -json -all"),
        ("-h", "-h --"),
        ("lstm --bogus", "--bogus -- lstm"),
        ("-- --limit 3", "-- --limit 3"),
        ("lstm -1", "-- lstm -1"),
        ("lstm --deck d --lang zh -", "--deck d --lang zh -- lstm -"),
    ],
)
def test_dashes_of_a_search_are_words(typed: str, read: str) -> None:
    """`-word` excludes wherever it stands; options stay options."""
    assert with_dashes(typed.split(), {"--limit": True, "-n": True, "--all": False, "--open": False}) == read.split()


@pytest.mark.parametrize(
    "words", ["mean -lstm", "-lstm mean", "-lstm mean -n 5", "mean -n 5 -LSTM", "--json mean -lstm"]
)
def test_excluded_words_are_not_found(small: Path, kb: Kb, words: str) -> None:
    """As the README says it."""
    found = only_json(kb("search", "--json", *words.replace("--json", "").split()).stdout)
    assert [hit["number"] for hit in found["hits"]] == [61]


def test_a_phrase_behind_a_dash_is_one(small: Path, kb: Kb) -> None:
    """What the shell kept together is excluded together."""
    found = only_json(kb("search", "--json", "mean", "-gradient zzz").stdout)
    assert found["query"] == 'mean -"gradient zzz"'


@pytest.mark.parametrize("words", ["search lstm --lang", "explain lstm --deck", "search --lang --json lstm"])
def test_an_option_without_its_value_is_told(kb: Kb, words: str) -> None:
    """Where every word may begin with a dash, too: what is put before them is no value."""
    option, command = next(one for one in words.split() if one.startswith("--")), words.split()[0]
    done = kb(*words.split())
    assert (done.returncode, done.stderr) == (2, f"kb: {option} needs a value; kb {command} --help shows how\n")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("rnu 62", "did you mean kb run?"),
        ("qiuz", "did you mean kb quiz?"),
        ("shwo", "did you mean kb show?"),
        ("hlep", "did you mean kb help?"),
        ("bogus", "no command 'bogus'; kb --help lists all"),
        ("show --plan 62", "kb show has no option --plan; did you mean --plain?"),
        ("show --bogus 62", "kb show --help lists all"),
        ("quiz --limit 0", "kb: --limit takes"),
        ("quiz --limit=0", "kb: --limit takes"),
        ("quiz -n0", "kb: -n takes"),
    ],
)
def test_a_slip_is_told_by_the_name_that_was_typed(kb: Kb, typed: str, said: str) -> None:
    """And what is nearest to it, also where two letters changed places."""
    done = kb(*typed.split())
    assert done.returncode == 2
    assert said in done.stderr


@given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=8), max_size=6))
def test_any_words_are_read(words: list[str]) -> None:
    """No word is lost, none is doubled, and arranging twice is arranging once."""
    once, _ = arranged(words)
    assert sorted(once) == sorted(word for word in words if word != "--plain" or "--" in words)
    dashed = with_dashes(words, {"-n": True})
    if dashed[-1:] and dashed[-1] in ("-n", "--deck", "--lang") and "--" not in dashed:
        return  # an option without its value, which is told
    assert sorted(dashed) == sorted([*words, "--"]) if "--" not in words else dashed.count("--") >= 1
    assert with_dashes(dashed, {"-n": True}) == dashed


# Words that name an entry


@pytest.mark.parametrize(
    "words", ["62", "LSTM", "long memory", "how does an lstm keep a gradient?", "lstm gradient", "６２"]
)
@pytest.mark.parametrize("command", ["show", "run"])
def test_several_words_name_an_entry_wherever_one_does(small: Path, kb: Kb, command: str, words: str) -> None:
    """A number, a name of several words, words that all stand in it."""
    done = kb(command, *words.split(), "--json")
    shown = only_json(done.stdout)
    assert shown.get("number", shown.get("entry")) == 62


@pytest.mark.parametrize("command", ["run", "verify", "quiz"])
def test_what_acts_refuses_a_guess(small: Path, kb: Kb, command: str) -> None:
    """A misspelt name runs nothing, and the nearest entry is named."""
    done = kb(command, "lstmm", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "kb: 'lstmm' names no entry; give a number; the nearest is 62. How does an LSTM keep a gradient?\n"
    )


def test_what_acts_on_words_names_what_it_found(small: Path, kb: Kb) -> None:
    """On stderr, before the output."""
    assert kb("run", "long", "memory").stderr.startswith("62. How does an LSTM keep a gradient?\n")
    assert kb("run", "62").stderr.startswith("\n✓")


def test_what_shows_says_that_it_guessed(small: Path, kb: Kb) -> None:
    """Reading harms nobody."""
    done = kb("show", "lstmm")
    assert (done.returncode, done.stderr) == (0, "the nearest to 'lstmm'\n")


def test_names_and_words_are_told_apart_in_a_list(small: Path, kb: Kb) -> None:
    """Numbers and exact names count by themselves, what stands between together."""
    lines = kb("quiz", "61", "long", "memory", "--json", "--limit", "12").stdout.splitlines()
    assert len(lines) == 2  # one question, then the end of the input
    done = kb("verify", "long", "memory", "average", "--json")
    assert {one["entry"] for one in only_json(done.stdout)["results"]} == {61, 62}


@pytest.mark.parametrize(
    "words", [["99999999999999999999"], ["9" * 5000], ["63"], ["-1"], ["0"], [""], ["zzzz"], ["61", "62"]]
)
@pytest.mark.parametrize("command", ["show", "run"])
def test_no_such_entry_is_one_line(small: Path, kb: Kb, command: str, words: list[str]) -> None:
    """Numbers of any size, and words that nothing holds."""
    done = kb(command, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert len(done.stderr) < 300


# Errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "999"], "kb: 没有条目 999；最接近的是 61, 62；kb list 可列出全部\n"),
        (["sho"], "kb: 没有命令 'sho'；是否想用 kb show？kb --help 可列出全部\n"),
        (["list", "--levl", "1"], "kb: kb list 没有选项 --levl；是否想用 --level？\n"),
        (["list", "--level", "x"], "kb: --level 要一个 1 到 3 的整数；kb list --help 可查看用法\n"),
        (["show"], "kb: kb show 需要 ENTRY...；kb show --help 可查看用法\n"),
        (["list", "extra"], "kb: kb list 不需要 extra；kb list --help 可查看用法\n"),
        (["warm", "--minutes", "x"], "kb: --minutes 要一个数；kb warm --help 可查看用法\n"),
        (["warm", "--minutes"], "kb: --minutes 需要一个值；kb warm --help 可查看用法\n"),
        (["list", "--json=1"], "kb: --json 不带值；kb list --help 可查看用法\n"),
    ],
)
@pytest.mark.parametrize("how", ["variable", "option before", "option after"])
def test_errors_are_in_the_readers_language(small: Path, kb: Kb, arguments: list[str], said: str, how: str) -> None:
    """Whether or not a deck was opened before something went wrong."""
    words = {"option before": ["--lang", "zh", *arguments], "option after": [*arguments, "--lang", "zh"]}
    if arguments[-1] == "--minutes" and how == "option after":
        return  # there --lang is its value
    done = kb(*words.get(how, arguments), environ={"KB_LANG": "zh"} if how == "variable" else {})
    assert (done.returncode, done.stderr) == (2, said)


def test_a_mistake_of_the_program_is_one_line(small: Path, home: Path) -> None:
    """What nobody expected is told as that, and can be looked at."""
    code = (
        "import sys\nimport kb.cli.list\n"
        "def broken(*_):\n    raise ZeroDivisionError('by {nought}')\n"
        "kb.cli.list.chosen = broken\n"
        "from kb.cli.door import run_app\nsys.exit(run_app(['list']))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (
        1,
        "kb: a mistake of the program's own: ZeroDivisionError: by {nought};"
        " nothing that was saved is lost; KB_TRACEBACK=1 shows where it is\n",
    )
    environ = {**os.environ, "KB_TRACEBACK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_the_program_as_they_should(small: Path, home: Path, number: signal.Signals) -> None:
    """Whoever waits for it learns the signal; what it runs is ended with it."""
    write_entry(small, snippet="print('begun', flush=True)\nimport time\ntime.sleep(600)\n")
    process = subprocess.Popen([*COMMAND, "run", "61"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=120)
    assert (process.returncode, error) == (-number, b"")
