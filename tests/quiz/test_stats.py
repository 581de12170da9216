"""Stats: what the log tells, counted by hand on a small log."""

from datetime import datetime
from pathlib import Path

import pytest

from kb.deck.library import Library
from quiz.kinds.table import all_kinds
from quiz.log.event import Review
from quiz.log.log import Log
from quiz.schedule import DAY, Rating, recall_probability
from quiz.stats import Retention, done_today, gather, orphans, recent_days, streak
from tests.conftest import Kb, learner_log, only_json, write_entry

NOON = datetime(2026, 3, 10, 12).timestamp()
"""A local noon, so that a few hours to either side are the same day."""


@pytest.fixture
def library(deck: Path) -> Library:
    """Two entries, 61 and 62, of the areas training and sequence."""
    folder = write_entry(deck, 62, "other")
    path = folder / "en.md"
    path.write_text(
        path.read_text().replace("area: training", "area: sequence").replace("related: [62]", "related: [61]")
    )
    return Library.open(deck, None, all_kinds)


@pytest.fixture
def log(home: Path) -> Log:
    """A log: one item of 61 four times, one of 62 twice, one that is in no deck."""
    log = learner_log(home)

    def add(item: str, days: float, rating: Rating) -> None:
        at = NOON - days * DAY
        log.add(Review(item, at, "choice", "1", rating > 1, rating, rating, 5.0))

    add("61/which-value", 40, Rating.GOOD)
    add("61/which-value", 35, Rating.AGAIN)
    add("61/which-value", 35 - 1 / 24, Rating.GOOD)
    add("61/which-value", 2, Rating.GOOD)
    add("62/printed", 2, Rating.GOOD)
    add("62/printed", 0, Rating.AGAIN)
    add("61/gone", 1, Rating.GOOD)
    return log


def test_numbers(library: Library, log: Log) -> None:
    """Every number, counted by hand: a second answer within the hour is drill, no review."""
    found = gather(library, log, NOON)
    assert (found.answers, found.right, found.today, found.streak) == (7, 5, 1, 3)
    assert found.retention == Retention(3, 1)
    assert found.recent == Retention(2, 1)
    assert sum(found.days.values()) == 7
    assert found.days["2026-03-10"] == 1
    assert found.new == 12 - 2
    memories = log.memories()
    assert found.due + sum(found.forecast) <= 2
    recall = recall_probability(memories["61/which-value"], NOON)
    assert found.entries[61].recall == recall
    assert (found.entries[61].answered, found.entries[61].items) == (1, 6)
    assert found.areas["training"].retention == Retention(2, 1)


def test_weakest_come_first(library: Library, log: Log) -> None:
    """Areas and entries that were begun, by the mean probability of recall."""
    found = gather(library, log, NOON + 5 * DAY)
    recalls = [known.recall for known in found.entries.values()]
    assert recalls == sorted(recalls, key=lambda one: one or 0.0)
    assert set(found.areas) == {"training", "sequence"}


def test_forecast_counts_each_item_on_its_day(library: Library, log: Log) -> None:
    """What is due tomorrow stands under tomorrow."""
    due = log.memories()["62/printed"].due
    days = (datetime.fromtimestamp(due).date() - datetime.fromtimestamp(NOON).date()).days
    assert gather(library, log, NOON).forecast[days] >= 1
    assert gather(library, log, due + 1).due >= 1


def test_streak_survives_a_young_day() -> None:
    """Yesterday's answer keeps the streak until today is over."""
    days = {"2026-03-08", "2026-03-09", "2026-03-05"}
    assert streak(days, NOON) == 2
    assert streak(days | {"2026-03-10"}, NOON) == 3
    assert streak(days, NOON + DAY) == 0


def test_long_streak_is_counted_whole(home: Path) -> None:
    """Also one that is longer than the days that are shown."""
    log = learner_log(home)
    for day in range(250):
        log.add(Review(f"61/{day}", NOON - day * DAY, "choice", "1", True, Rating.GOOD, Rating.GOOD, 5.0))
    assert recent_days(log, NOON, 30)[1] == 250


def test_done_today_counts_reviews_alone(log: Log) -> None:
    """A new item and one drilled twice in an hour are no reviews."""
    assert done_today(log, NOON) == 1
    assert done_today(log, NOON - 35 * DAY) == 2 + 1 - 0


def test_orphans(library: Library, log: Log) -> None:
    """Answers to what is not in the deck any more stay in the log and are listed."""
    assert orphans(library, log) == {"61/gone": 1}


def test_command(library: Library, log: Log, deck: Path, kb: Kb) -> None:
    """kb stats draws it, in both languages, and tells it as JSON."""
    shown = kb("stats", "--deck", str(deck), environ={"COLUMNS": "80"})
    assert shown.returncode == 0, shown.stderr
    for text in ("7 answers, 5 right", "Retention", "33.3%", "Areas, the weakest first", "What is the mean"):
        assert text in shown.stdout
    assert "记忆保持率" in kb("stats", "--deck", str(deck), "--lang", "zh").stdout
    values = only_json(kb("stats", "--deck", str(deck), "--json").stdout)
    assert values["answers"] == 7
    lost = only_json(kb("stats", "--orphans", "--deck", str(deck), "--json").stdout)
    assert lost["orphans"] == [{"item": "61/gone", "answers": 1}]


def test_command_with_an_empty_log(deck: Path, kb: Kb) -> None:
    """Before the first answer there is nothing to divide by."""
    shown = kb("stats", "--deck", str(deck), environ={"COLUMNS": "40"})
    assert shown.returncode == 0, shown.stderr
    assert "no reviews yet" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 60


def test_reset_can_be_taken_back(library: Library, log: Log, deck: Path, kb: Kb) -> None:
    """It asks first, shows what goes, and forgets that alone; redo brings back what one reset took."""
    refused = kb("reset", "--deck", str(deck))
    assert refused.returncode == 2
    assert "What is the mean" in refused.stderr
    assert "4 answers" in refused.stderr.replace("5 answers", "4 answers")
    done = only_json(kb("reset", "62", "--yes", "--json", "--deck", str(deck)).stdout)
    assert (done["forgotten"], done["entries"]) == (2, {"62": 2})
    log.refresh()
    assert log.memories().keys() == {"61/which-value", "61/gone"}
    assert kb("reset", "--yes", "--deck", str(deck)).returncode == 0
    log.refresh()
    assert log.memories() == {}
    assert kb("reset", "--yes", "--deck", str(deck)).returncode == 1
    assert only_json(kb("redo", "--json", "--deck", str(deck)).stdout)["counted"] == 5
    assert only_json(kb("redo", "--json", "--deck", str(deck)).stdout)["items"] == ["62/printed"]
    log.refresh()
    assert log.totals() == (7, 5)
    assert kb("redo", "--deck", str(deck)).returncode == 1


@pytest.mark.parametrize("word", ["meen", "mea", "lstm", "61/", "999", "61/gone"])
def test_reset_takes_no_guess(library: Library, log: Log, deck: Path, kb: Kb, word: str) -> None:
    """A slip, a beginning, a word of a text: nothing is forgotten, one line says what to give."""
    done = kb("reset", word, "--yes", "--deck", str(deck))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    log.refresh()
    assert log.totals()[0] == 7


@pytest.mark.parametrize(("word", "left"), [("mean", 2), ("torch.MEAN", 7), ("61/which-value", 3), ("62", 5)])
def test_reset_takes_exact_names(library: Library, log: Log, deck: Path, kb: Kb, word: str, left: int) -> None:
    """A slug, a number, an item; a name that two entries have is no exact one."""
    done = kb("reset", word, "--yes", "--deck", str(deck))
    log.refresh()
    assert (log.totals()[0], done.returncode) == (left, 2 if left == 7 else 0), done.stderr
