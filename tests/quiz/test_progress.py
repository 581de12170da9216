"""Progress: done, begun, pending; the path; what kb list and bare kb show of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.library import Library
from quiz.desk import Desk
from quiz.kinds.table import all_kinds
from quiz.log.event import Marking, Review
from quiz.plan import Card, visits
from quiz.progress import Progress, State, next_on_path, path_through, progress_by_entry, progress_in
from quiz.schedule import Rating
from tests.conftest import CONTENT, Kb, learner_log, only_json, write_entry

WRITTEN = ("which-value", "which-hold", "printed", "counted", "mean-by-hand")


@pytest.fixture
def small(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three entries, named by KB_DECK: 61 and 62 of level 1, 63 of level 2."""
    write_entry(deck, 62, "other")
    folder = write_entry(deck, 63, "third")
    (folder / "en.md").write_text((folder / "en.md").read_text().replace("level: 1", "level: 2"))
    monkeypatch.setenv("KB_DECK", str(deck))
    return deck


def give(home: Path, number: int, *names: str, rating: Rating = Rating.GOOD, at: float = 1e9) -> None:
    """Answers to items of an entry."""
    log = learner_log(home)
    for place, name in enumerate(names):
        log.add(Review(f"{number}/{name}", at + place, "choice", "1", rating > 1, rating, rating, 5.0))
    log.close()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.sampled_from(["choice", "recall"])), max_size=12),
    st.data(),
)
def test_state_follows_from_the_numbers(items: list[tuple[int, str, str]], data: st.DataObject) -> None:
    """Done is all right, pending is nothing answered; neither recall cards beside written items nor suspended ones
    count."""
    cards = list({(number, name): Card(number, name, kind) for number, name, kind in items}.values())
    keys = [card.key for card in cards]
    some = st.sets(st.sampled_from(keys)) if keys else st.just(set())
    answered, suspended = data.draw(some), data.draw(some)
    known = {key for key in answered if data.draw(st.booleans())}
    found = progress_by_entry(cards, answered, known, suspended)
    assert found.keys() == {card.number for card in cards}
    for number, progress in found.items():
        ours = [card for card in cards if card.number == number]
        count = {card.key for card in ours if card.kind != "recall"} or {card.key for card in ours}
        count -= suspended
        assert progress == Progress(len(count), len(count & answered), len(count & known))
        assert (progress.state is State.DONE) == (count <= known)
        assert (progress.state is State.PENDING) == (not count <= known and not count & answered)


@given(
    st.dictionaries(st.integers(1, 12), st.integers(1, 4), max_size=12),
    st.dictionaries(st.integers(1, 12), st.integers(1, 3)),
    st.sets(st.tuples(st.integers(1, 12), st.integers(1, 12))),
    st.integers(0, 60),
)
def test_visits_are_what_the_next_best_entry_gives(
    new: dict[int, int], answered: dict[int, int], pairs: set[tuple[int, int]], limit: int
) -> None:
    """Step by step the entry of the lowest level, of the fewest questions asked, next to most that were begun."""
    levels = {number: 1 + number % 3 for number in range(1, 13)}
    links: dict[int, set[int]] = {}
    for one, other in pairs:
        links.setdefault(one, set()).add(other)
    left, asked = dict(new), dict(answered)
    expected: list[int] = []
    begun = set(answered)
    while any(left.values()) and len(expected) < limit:
        number = min(
            (number for number, count in left.items() if count),
            key=lambda one: (
                levels[one],
                asked.get(one, 0),
                -sum(one in links.get(other, ()) for other in begun),
                one,
            ),
        )
        expected.append(number)
        left[number] -= 1
        asked[number] = asked.get(number, 0) + 1
        begun.add(number)
    assert expected == visits(new, answered, levels, links, limit)


def test_path_is_done_begun_and_the_rest(small: Path, home: Path) -> None:
    """The next is what was begun, else the nearest of the lowest level; every entry is on the path once."""
    library = Library.open(small, None, all_kinds)
    give(home, 62, *WRITTEN)
    log = learner_log(home)
    progress = progress_in(library, log, 2e9)
    assert [progress[number].state for number in (61, 62, 63)] == [State.PENDING, State.DONE, State.PENDING]
    assert path_through(library, progress) == [62, 61, 63]
    give(home, 63, "printed", rating=Rating.AGAIN)
    log.refresh()
    progress = progress_in(library, log, 2e9)
    assert progress[63] == Progress(5, 1, 0)
    path = path_through(library, progress)
    assert (path, next_on_path(path, progress)) == ([62, 63, 61], 63)
    for name in WRITTEN:
        log.mark(f"63/{name}", Marking.SUSPEND, "2026-01-01", 1e9)
    progress = progress_in(library, log, 2e9)
    assert progress[63].state is State.DONE  # nothing of it is ever asked


def test_fresh_path_goes_up_the_levels(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the built-in deck: every entry once, no lower level after a higher one."""
    monkeypatch.setenv("KB_DECK", str(CONTENT))
    desk = Desk(all_kinds)
    path = path_through(desk.library, progress_in(desk.library, desk.log, 1e9))
    levels = [desk.library.by_number[number].level for number in path]
    assert sorted(path) == sorted(desk.library.by_number)
    assert levels == sorted(levels)


def test_list_shows_how_far_each_entry_is(small: Path, home: Path, kb: Kb) -> None:
    """In words and numbers; by state; nothing before the first answer."""
    assert "done" not in kb("list").stdout
    assert [one["progress"]["state"] for one in only_json(kb("list", "--json").stdout)["entries"]] == ["pending"] * 3
    give(home, 61, *WRITTEN)
    give(home, 62, "printed", "recall")
    give(home, 62, "counted", rating=Rating.AGAIN)
    rows = {one["number"]: one for one in only_json(kb("list", "--json").stdout)["entries"]}
    assert rows[61]["progress"] == {"items": 5, "answered": 5, "right": 5, "state": "done"}
    assert rows[62]["progress"] == {"items": 5, "answered": 2, "right": 1, "state": "begun"}
    assert (rows[61]["answered"], rows[62]["answered"]) == (5, 2)
    lines = {int(line[:4]): line for line in kb("list").stdout.splitlines() if line[:4].strip().isdecimal()}
    assert [lines[number][10:17].strip() for number in (61, 62, 63)] == ["done", "1/5", ""]
    assert "完成" in kb("list", "--lang", "zh").stdout
    for state, number in (("done", 61), ("begun", 62), ("pending", 63)):
        found = only_json(kb("list", "--state", state, "--json").stdout)["entries"]
        assert [one["number"] for one in found] == [number]
    assert kb("list", "--state", "begun", "--area", "sequence").returncode == 1
    done = kb("list", "--state", "finished")
    assert (done.returncode, "choose done, begun, pending" in done.stderr) == (2, True)


def test_home_names_the_next_step(small: Path, home: Path, kb: Kb) -> None:
    """Learning on a fresh home, what is due later; the entry that comes next by name."""
    from kb.screen.messages import Speech
    from quiz.home import facts_of, next_steps

    def steps(now: float, deck: Path | None = None) -> str:
        desk = Desk(all_kinds, deck)
        desk.say = Speech("en")
        return "\n".join("".join(text for text, _ in line) for line in next_steps(desk, facts_of(desk, now)))

    assert steps(1e9) == "next: kb learn\nkb learn begins with 61. What is the mean of a batch?"
    named = f" --deck {small}"
    assert steps(1e9, small) == f"next: kb learn{named}\nkb learn{named} begins with 61. What is the mean of a batch?"
    assert only_json(kb("--json").stdout)["next_entry"] == 61
    give(home, 61, *WRITTEN)
    assert steps(1e9 + 10) == "next: kb learn\nkb learn goes on with 62. What is the mean of a batch?"
    assert steps(2e9) == "next: kb quiz\nkb learn goes on with 62. What is the mean of a batch?"
    give(home, 62, *WRITTEN)
    give(home, 63, *WRITTEN)
    assert steps(1e9 + 10) == "next: kb quiz"  # the recall cards
    give(home, 61, "recall")
    give(home, 62, "recall")
    give(home, 63, "recall")
    assert steps(1e9 + 10) == "next: kb search"
