"""Messages: every one has its Chinese, and none is left over."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from string import Formatter

import pytest

from kb.screen.language import SPOKEN
from kb.screen.messages import ROOMS, Speech, time_text, words_of
from tests.conftest import ROOT

SOURCES = sorted(
    path
    for part in ("kb", "quiz")
    for path in (ROOT / part).rglob("*.py")
    if "languages" not in path.parts and path.name != "harness.py"  # which stands alone, in a script's own process
)

TEMPLATES = {
    "KbError": slice(0, 2),
    "UsageError": slice(0, 2),
    "Message": slice(0, 1),
    "say": slice(0, 1),
    "complain": slice(0, 2),
    "_complain": slice(0, 2),
    "_tell_that": slice(0, 1),
    "_rename": slice(0, 1),
}
"""Functions that say something, and which of their arguments are what they say."""

WORDS = {message: said for room in ROOMS for message, said in words_of("zh", room).items()}


def calls() -> Iterator[tuple[str, ast.expr]]:
    """Where the program says something, and what."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or path.name in ("errors.py", "messages.py"):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in TEMPLATES:
                for argument in node.args[TEMPLATES[name]]:
                    yield f"{path.name}:{node.lineno}", argument


def constants() -> dict[str, str]:
    """Texts that have a name."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                found |= {name.id: str(node.value.value) for name in node.targets if isinstance(name, ast.Name)}
    return found


def spoken() -> set[str]:
    """Every text in the program."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def said() -> set[str]:
    """Every text that the program says."""
    named = constants()
    texts = [
        argument.value if isinstance(argument, ast.Constant) else named.get(getattr(argument, "id", ""), "")
        for _, argument in calls()
    ]
    return {text for text in texts if isinstance(text, str) and " " in text} | key_names()


def key_names() -> set[str]:
    """What keys and commands are said to do."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Command":
                found |= {str(one.value) for one in node.args[1:3] if isinstance(one, ast.Constant)}
            is_table = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("KEYS")
            if is_table or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("keys", "offer")):
                pairs = [one for one in ast.walk(node) if isinstance(one, ast.Tuple) and len(one.elts) > 1]
                texts = [one for pair in pairs for one in pair.elts[1:]]
                found |= {one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {text for text in found if text[0].isalpha() and len(text) > 1}


def test_nothing_is_said_but_templates() -> None:
    """What is put together before it is said cannot be said in another language: a message is a template, or made by
    whoever made one."""
    made = [
        f"{place} {ast.unparse(argument)}"
        for place, argument in calls()
        if isinstance(argument, ast.JoinedStr | ast.BinOp)
        or (isinstance(argument, ast.Call) and ast.unparse(argument.func).endswith("say"))
    ]
    assert made == []


def test_every_message_has_its_chinese() -> None:
    """Nobody who reads Chinese is answered in English."""
    assert set() == said() - WORDS.keys()


def test_no_message_is_left_over() -> None:
    """The tables hold what the program says and nothing else, each once."""
    assert set() == WORDS.keys() - spoken()
    assert len(WORDS) == sum(len(words_of("zh", room)) for room in ROOMS)


def test_values_are_the_same() -> None:
    """A translation names the same values as its message."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [message for message, chinese in WORDS.items() if names(message) != names(chinese)] == []


def test_every_language_is_a_folder() -> None:
    """English is what the program is written in."""
    folders = {path.name for path in (ROOT / "kb/screen/languages").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {"en", *folders} == set(SPOKEN)


@pytest.mark.parametrize(("count", "text"), [(0, "0 answers"), (1, "1 answer"), (2, "2 answers")])
def test_one_is_singular(count: int, text: str) -> None:
    """A number chooses the form of its word."""
    assert Speech("en")("{count} {count:answer|answers}", count=count) == text


def test_every_number_of_things_has_a_singular() -> None:
    """`1 answers` is not English."""
    counted = re.compile(r"\{(count|days|found|received|equivalent)\} (?:more )?[a-z]+s\b")
    plural = {message for message in said() for found in counted.finditer(message) if f"{{{found[1]}:" not in message}
    assert plural == {
        "the gist has {count} sentences, {most} at most; move the rest below",  # four at least
        "last {days} days",  # a constant
        "{count} words, with spaces between",  # two at least
    }


@pytest.mark.parametrize("language", ["en", "fr", "", "../zh", "zh.x", "__init__"])
def test_language_without_words_is_english(language: str) -> None:
    """A deck may be written in a language that the program does not speak, and call it anything."""
    assert Speech(language)("level {level}", level=3) == "level 3"


def test_language_is_loaded_when_it_is_spoken() -> None:
    """Who reads English loads no other words."""
    code = (
        "import sys\nfrom kb.screen.messages import Speech\n"
        "for name in ('en', 'zh'):\n"
        "    print(Speech(name)('passed'), 'kb.screen.languages.zh.screens' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "passed False\n通过 True\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 minute"),
        (59 * 60, "59 minutes"),
        (3600, "1 hour"),
        (86400 - 60, "1 day"),
        (26 * 3600, "26 hours"),
        (2 * 3600, "2 hours"),
        (2 * 86400 - 60, "2 days"),
        (9e7, "3 years"),
    ],
)
def test_time_is_told_in_its_largest_fitting_unit(seconds: float, text: str) -> None:
    """A minute at least."""
    assert time_text(seconds, Speech("en")) == text


def test_chinese_has_its_own_punctuation() -> None:
    """No bracket, comma, colon or semicolon of Latin width stands beside a Chinese character."""
    beside = re.compile(r"[\u3400-\u9fff][(),:;?!]|[(),:;?!][\u3400-\u9fff]")
    values = re.compile(r"\{[^{}]*\}")  # what stands in them is a name
    assert {message: said for message, said in WORDS.items() if beside.search(values.sub("", said))} == {}


def test_no_bracket_is_put_around_a_message() -> None:
    """Brackets are of a language: they stand in its message, and no program text puts half-width ones around it."""
    texts = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for before, value in pairwise(node.values)
        if isinstance(before, ast.Constant)
        and str(before.value).endswith("(")
        and isinstance(value, ast.FormattedValue)
        and "say(" in ast.unparse(value)
    ]
    assert texts == []
