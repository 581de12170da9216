"""The built-in deck: its form, its snippets as plain scripts, and that its quiz cannot be guessed."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.deck.entry import Entry
from kb.deck.item import Item
from kb.deck.library import Library
from kb.deck.manifest import read_deck
from kb.deck.text import plain
from kb.search.tokens import words
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import CONTENT
from tests.verify.plain_python import PlainPython, run_cold

pytestmark = pytest.mark.usefixtures("unmeasured")

LIBRARY = Library.open(CONTENT, None, all_kinds)
ENTRIES = [LIBRARY.entry(summary.number) for summary in LIBRARY.summaries]


def test_form_is_clean() -> None:
    """kb check has nothing to say."""
    assert [str(one) for one in check_deck(read_deck(CONTENT)[0], KINDS)] == []


@pytest.fixture(scope="module")
def plain_python() -> Iterator[PlainPython]:
    """One interpreter for all snippets."""
    with PlainPython() as interpreter:
        yield interpreter


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.number))
def test_snippet_runs_by_itself(entry: Entry, plain_python: PlainPython, tmp_path: Path) -> None:
    """``python snippet.py`` works without kb: nothing of it is on the path, torch warns of nothing, and no file is left
    behind. (What a snippet proves is run by ``kb verify``.)"""
    assert entry.snippet is not None
    folder, notes = tmp_path / "folder", tmp_path / "notes"
    folder.mkdir()
    notes.mkdir()
    assert plain_python.run(entry.snippet.path, folder, notes) == (0, "")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [21, 69, 96])
def test_snippet_runs_by_an_interpreter_of_its_own(number: int, tmp_path: Path) -> None:
    """Some of them also without anything imported before: a plain one, one for torchrun, one that starts processes."""
    snippet = LIBRARY.entry(number).snippet
    assert snippet is not None
    assert run_cold(snippet.path, tmp_path) == (0, "")
    assert list(tmp_path.iterdir()) == []


def choices(language: str = "en") -> list[tuple[Item, list[str]]]:
    """Every choice item with its options as text."""
    return [
        (item, [plain(option) for option in item.wordings[language].options])
        for entry in ENTRIES
        for item in entry.items
        if item.kind == "choice"
    ]


def longest(_: str, options: list[str]) -> list[float]:
    """Bets on length."""
    return [float(len(option)) for option in options]


def shortest(_: str, options: list[str]) -> list[float]:
    """Bets on brevity."""
    return [float(-len(option)) for option in options]


def middle(_: str, options: list[str]) -> list[float]:
    """Strikes out what sticks out: the longest and the shortest."""
    sizes = [len(option) for option in options]
    return [float(size not in (min(sizes), max(sizes))) for size in sizes]


def first(_: str, options: list[str]) -> list[float]:
    """Bets on the first."""
    return [float(-at) for at in range(len(options))]


def most_code(_: str, options: list[str]) -> list[float]:
    """Bets on the option with most signs of code."""
    return [float(len(re.findall(r"[_.()\[\]=0-9]", option))) for option in options]


def echo(question: str, options: list[str]) -> list[float]:
    """Bets on the option that repeats words of the question."""
    asked = {word.token for word in words(question)}
    return [float(len({word.token for word in words(option)} & asked)) for option in options]


def score(guess: Callable[[str, list[str]], list[float]], language: str) -> tuple[float, float, int]:
    """A guesser's share of right answers, what chance gives, and over how many choice items with one right option.

    Where several options look equally good to it, it takes one of them by lot: the share is the expected one.
    """
    gained, chance, count = 0.0, 0.0, 0
    for item, options in choices(language):
        if sum(item.marks) != 1:
            continue
        question = " ".join(block.text for block in item.wordings[language].question)
        bets = guess(question, options)
        best = [at for at, bet in enumerate(bets) if bet == max(bets)]
        gained += sum(item.marks[at] for at in best) / len(best)
        chance += 1 / len(options)
        count += 1
    return gained / count, chance / count, count


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("guess", [longest, shortest, middle, first, most_code, echo], ids=lambda guess: guess.__name__)
def test_guessers_do_no_better_than_chance(guess: Callable[[str, list[str]], list[float]], language: str) -> None:
    """A guesser by form alone gains at most five points over chance, beyond what luck explains on so few items."""
    share, chance, count = score(guess, language)
    luck = (chance * (1 - chance) / count) ** 0.5
    assert share <= chance + max(0.05, 2 * luck), f"{share:.2f} against {chance:.2f} over {count} items"


def test_right_options_stand_everywhere() -> None:
    """Over the deck the first right option stands at each of four places about equally often."""
    places = [item.marks.index(True) for item, options in choices() if len(options) == 4 and sum(item.marks) == 1]
    for place in range(4):
        assert 0.1 <= places.count(place) / len(places) <= 0.45, (place, places.count(place), len(places))


def test_explanations_do_not_repeat_the_option() -> None:
    """What is said after an answer is a reason, not the option again."""
    found = []
    for item, options in choices():
        explanation = " ".join(block.text for block in next(iter(item.wordings.values())).explanation)
        found += [
            (item.key, option)
            for option, is_right in zip(options, item.marks, strict=True)
            if is_right and len(option.split()) > 3 and option.rstrip(".").lower() in explanation.lower()
        ]
    assert found == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.number))
def test_snippet_is_of_readable_length(entry: Entry) -> None:
    """About a hundred lines, 145 at the most where something stands, none wider than 120."""
    assert entry.snippet is not None
    lines = entry.snippet.source.splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 145
    assert max(map(len, lines)) <= 120


def test_every_title_finds_its_entry() -> None:
    """The exact title, every alias and the slug of an entry put it first."""
    from kb.search.searcher import Searcher

    index = Searcher.open(LIBRARY, None)
    missed = []
    for entry in ENTRIES:
        summary = entry.summary
        for query in (*summary.titles.values(), *summary.aliases, summary.slug):
            hits = index.search(query, limit=3).hits
            if not hits or entry.number not in (hits[0].summary.number, *hits[0].also):
                missed.append((entry.number, query, [hit.summary.number for hit in hits]))
    # An alias may belong to two entries on one subject; a title or a slug may not.
    assert len(missed) <= 0.03 * sum(len(entry.summary.aliases) for entry in ENTRIES), missed


def test_dice_of_the_session_hide_the_files_order() -> None:
    """Shuffled options make the place in the file worthless to a learner."""
    dice = random.Random(0)
    order = [0, 1, 2, 3]
    seen = dict.fromkeys(range(4), 0)
    for _ in range(4000):
        dice.shuffle(order)
        seen[order.index(0)] += 1
    assert all(800 < count < 1200 for count in seen.values())
