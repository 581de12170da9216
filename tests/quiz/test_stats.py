"""Stats: what the log tells, counted by hand on a small log."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from kb.cli.stats import TERMS
from kb.deck.library import Library
from kb.screen.messages import Speech
from kb.screen.width import width_of
from quiz.kinds.table import all_kinds
from quiz.knowledge_lines import Row, knowledge_lines, share_text, whole_lines
from quiz.log.event import Marking, Review
from quiz.log.log import Log
from quiz.schedule import DAY, REVIEW_GAP, Rating, recall_probability
from quiz.stats import (
    TELLING,
    Knowledge,
    Share,
    Stats,
    done_today,
    gather,
    orphans,
    recent_days,
    stats_json,
    streak,
)
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
    assert (found.whole.right, found.today, found.streak) == (Share(5, 7), 1, 3)
    assert found.whole.remembered == Share(1, 3)
    assert found.recent == Share(1, 2)
    assert sum(found.days.values()) == 7
    assert found.days["2026-03-10"] == 1
    assert found.new == 12 - 2
    assert found.whole.begun == Share(2, 12)
    assert found.due + sum(found.forecast) <= 2


def test_three_numbers_are_three(library: Library, log: Log) -> None:
    """What was right of all, what was remembered at reviews, what is known now: by entry, by area and by kind, of the
    same answers."""
    found = gather(library, log, NOON)
    memories = log.memories()
    mine = Knowledge(
        begun=Share(1, 6),
        right=Share(3, 4),  # good, again, good, good
        remembered=Share(1, 2),  # again after five days, good after a month; the one after an hour is drill
        known_percent=100 * recall_probability(memories["61/which-value"], NOON),
    )
    assert mine.known_percent is not None
    assert 90 < mine.known_percent < 100
    assert found.entries[61] == found.areas["training"] == mine
    assert found.kinds["choice"] == replace(mine, begun=Share(1, 4))
    other = found.kinds["predict"]
    assert (other.begun, other.right, other.remembered) == (Share(1, 2), Share(1, 2), Share(0, 1))
    assert other.known_percent == 0  # answered a moment ago, and wrong
    assert found.whole.known_percent == pytest.approx(mine.known_percent / 2)
    log.add(Review("62/printed", NOON + 60, "predict", "1", True, Rating.GOOD, Rating.GOOD, 5.0))
    assert gather(library, log, NOON + 60).kinds["predict"].known_percent == pytest.approx(100)


def test_marked_questions_are_counted(library: Library, log: Log) -> None:
    """Those of the deck; a bury ends with its day."""
    for item, marking in (("61/printed", Marking.FLAG), ("61/gone", Marking.FLAG), ("62/printed", Marking.SUSPEND)):
        log.mark(item, marking, "2026-03-10", NOON)
    log.mark("61/counted", Marking.BURY, "2026-03-10", NOON)
    assert gather(library, log, NOON).marked == {"flagged": 1, "suspended": 1, "buried": 1}
    assert gather(library, log, NOON + DAY).marked == {"flagged": 1, "suspended": 1, "buried": 0}


def test_least_known_come_first(library: Library, log: Log) -> None:
    """Areas, kinds and entries that were begun, by what is known of them now."""
    found = gather(library, log, NOON + 5 * DAY)
    for groups in (found.entries, found.kinds, found.areas):
        known = [one.known_percent or 0.0 for one in groups.values()]
        assert known == sorted(known)
        assert len(known) == 2
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
    for text in ("7 answers, 5 right", "What you know", "right of answered", "5 of 7", "1 of 3", "1 of 2"):
        assert text in shown.stdout
    assert "答对" in kb("stats", "--deck", str(deck), "--lang", "zh").stdout
    values = only_json(kb("stats", "--deck", str(deck), "--json").stdout)
    assert (values["answers"], values["right"], values["right_percent"]) == (7, 5, 71.4)
    assert (values["reviews"], values["remembered"], values["remembered_percent"]) == (3, 1, 33.3)
    assert (values["questions"], values["begun"], values["aimed_at_percent"]) == (12, 2, 90.0)
    group = values["entries"]["61"]
    assert (group["answers"], group["right"], group["right_percent"], group["remembered"]) == (4, 3, 75.0, 1)
    assert 0 < group["known_percent"] < 100
    assert group == values["areas"]["training"]
    assert values["kinds"]["choice"] == {**group, "questions": 4}
    assert values["recent"]["days"] == 30
    lost = only_json(kb("stats", "--orphans", "--deck", str(deck), "--json").stdout)
    assert lost["orphans"] == [{"item": "61/gone", "answers": 1}]


def test_help_names_what_json_holds(library: Library, log: Log) -> None:
    """Every name that a group has in --json, and when an answer is a review."""
    values = stats_json(gather(library, log, NOON))
    text = " ".join(TERMS.values())
    names = {*values["entries"]["61"], "areas", "kinds", "entries", "due", "new", "flagged", "suspended", "buried"}
    assert {name for name in names if name not in text} == set()
    assert f"{REVIEW_GAP / 3600:.0f} hours or more" in text
    assert f"fewer than {TELLING}." in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("is_plain", [False, True])
def test_lines_fit_and_say_what_they_are(library: Library, log: Log, language: str, width: int, is_plain: bool) -> None:
    """At any width every number stands under its name or behind it, and no word is broken."""
    say, found = Speech(language), gather(library, log, NOON)
    lines = ["".join(text for text, _ in line) for line in knowledge_lines(rows_of(found), width, say, is_plain)]
    assert max(map(width_of, lines)) <= width
    text = " ".join(" ".join(lines).split())
    heads = [say(head) for head in ("right of answered", "remembered at reviews", "known now", "begun")]
    words = {word for head in heads for word in head.split()}
    assert words <= set(text.split())
    is_table = width >= 80 and not is_plain
    assert all(text.split().count(head.split()[-1]) == (1 if is_table else 2) for head in heads)
    for name in ("61. What is the mean of a batch?", "3/4" if language == "zh" else "3 of 4"):
        assert set(name.split()) <= set(text.split())
    row = next(line for line in lines if ("3/4" if language == "zh" else "3 of 4") in line)
    assert not row.endswith(" ")


def rows_of(found: Stats) -> list[Row]:
    """The entries, by a title."""
    return [(f"{number}. What is the mean of a batch?", known) for number, known in found.entries.items()]


@pytest.mark.parametrize(
    ("share", "text"),
    [(Share(0, 0), "-"), (Share(2, 3), "2 of 3"), (Share(9, 9), "9 of 9"), (Share(16, 49), "16 of 49 (33 %)")],
)
def test_small_samples_are_shown_as_such(share: Share, text: str) -> None:
    """Two of three are two of three, and no 67 %."""
    assert share_text(share, Speech("en")) == text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_known_of_few_has_no_percentage(library: Library, log: Log, language: str) -> None:
    """Neither in the whole nor in a group; of enough it has one."""
    say, found = Speech(language), gather(library, log, NOON)
    lines = [*whole_lines(found, 80, say), *knowledge_lines(rows_of(found), 80, say, is_plain=False)]
    text = "\n".join("".join(text for text, _ in line) for line in lines)
    assert re.findall(r"(?<!\()\b\d+ %", text) == ["90 %"]  # what is aimed at
    enough = replace(found.whole, begun=Share(TELLING, 12))
    assert "48 %" in "".join(text for line in whole_lines(replace(found, whole=enough), 80, say) for text, _ in line)


def test_command_with_an_empty_log(deck: Path, kb: Kb) -> None:
    """Before the first answer there is nothing to divide by."""
    shown = kb("stats", "--deck", str(deck), environ={"COLUMNS": "40"})
    assert shown.returncode == 0, shown.stderr
    assert "right of answered      -" in shown.stdout
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
