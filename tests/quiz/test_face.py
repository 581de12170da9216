"""What a question looks like and how it is answered, at a real pseudo-terminal: keys that are held or stray, commands
in every kind and at every moment, marks, the ladder of hints, progress."""

import re
import time
from pathlib import Path

import pytest
from wcwidth import wcswidth

from kb.screen.messages import Speech
from quiz.board import more_line
from quiz.log.event import Review
from quiz.schedule import Rating
from tests.conftest import EN, learner_log, write_entry
from tests.pseudo_terminal import Screen, answers
from tests.quiz.test_drill import place_of, small

__all__ = ["small"]

AFTER = "Enter next"
"""What stands on the screen once an answer was graded and keys count again."""


def ratings(home: Path) -> list[tuple[Rating, Rating]]:
    """What was proposed, and what counts."""
    return [(one.proposed, one.rating) for one in learner_log(home).reviews()]


# Keys


def test_a_digit_is_no_answer(small: Path, home: Path) -> None:
    """It says what it is, and so does a letter that names no option; one that does answers in any width and case."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        screen.wait_for("a-d choose")
        screen.send("2")
        screen.wait_for("2 is a rating; answer with a letter first")
        screen.wait_for("a-d choose", times=2)
        screen.send("z")
        screen.wait_for("there is no option z; give a-d")
        screen.wait_for("a-d choose", times=3)
        screen.send("9")
        screen.wait_for("there is no option 9; give a-d")
        screen.wait_for("a-d choose", times=4)
        assert answers(home) == []
        screen.send("Ｂ")
        text = screen.wait_for(AFTER)
        assert "✓ your answer: b · 3" in text
    assert answers(home) == [("61/which-value", True)]


def test_numbers_stand_in_their_order(small: Path, home: Path) -> None:
    """The third option is not called by the second one's number."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        assert re.findall(r"^  ([a-d])  (\d)$", screen.wait_for("a-d choose"), re.MULTILINE) == [
            *(("a", "2"), ("b", "3"), ("c", "6"), ("d", "9"))
        ]


@pytest.mark.parametrize("kind", ["choice", "predict", "recall"])
def test_a_key_that_is_held_answers_one_question(small: Path, home: Path, kind: str) -> None:
    """It is pressed again and again, as a terminal does for one that is held, until the grade's keys are there; after
    it is let go the grade still stands."""
    write_entry(small, 62, "other")
    key = {"choice": "b", "predict": "\r", "recall": "\r"}[kind]
    asked = {"choice": "a-d choose", "predict": "Your answer >", "recall": "Recall the answer"}[kind]
    with Screen("quiz", "61", "62", "--kind", kind) as screen:
        screen.wait_for(asked)
        if kind == "predict":
            screen.send("3")
        for _ in range(60):
            screen.send(key)
            screen.read(0.03)
        text = screen.wait_for("how well" if kind == "recall" else AFTER)
        assert text.count("of the values over their count" if kind == "recall" else "✓ right") == 1
        assert len(answers(home)) == (kind != "recall")
        screen.send("q")
        assert screen.end() == 0
    assert len(answers(home)) == (kind != "recall")


def test_a_held_skip_or_undo_does_not_run_through(small: Path, home: Path) -> None:
    """At most the question that is there and the next one are skipped."""
    for number in range(62, 68):
        write_entry(small, number, f"more-{number}")
    with Screen("quiz", *map(str, range(61, 68)), "--kind", "choice", rows=300) as screen:
        screen.wait_for("1 of 10")
        screen.wait_for_keys()
        for _ in range(40):
            screen.send("s")
            screen.read(0.03)
        screen.wait_until(lambda: screen.text.endswith("q quit"))
        places = [int(place) for place in re.findall(r"(\d+) of 10", screen.text)]
        assert 2 <= max(places) <= 3


def test_a_stray_digit_does_not_make_a_wrong_answer_good(small: Path, home: Path) -> None:
    """Raising asks, and anything but y leaves it; what was wrong comes again."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        screen.wait_for("a-d choose")
        screen.send("a")
        assert "it is asked once more in this session" in screen.wait_for(AFTER)
        screen.send("3")
        screen.wait_for("that was wrong; rate it good all the same?")
        screen.wait_for("Enter leave it")
        screen.send("\r")
        screen.wait_for(AFTER, times=2)
        assert ratings(home) == [(Rating.AGAIN, Rating.AGAIN)]
        screen.send("3")
        screen.wait_for("Enter leave it", times=2)
        screen.send("y")
        screen.wait_for("(rated good)")
        assert ratings(home) == [(Rating.AGAIN, Rating.GOOD)]
        screen.wait_for(AFTER, times=3)
        screen.send("1")
        screen.wait_for("(rated again)", times=2)
        assert ratings(home) == [(Rating.AGAIN, Rating.AGAIN)]


def test_ratings_have_their_names_and_times(small: Path, home: Path) -> None:
    """On the keys of a card."""
    with Screen("quiz", "61", "--kind", "recall") as screen:
        screen.wait_for("Enter see the answer")
        screen.send("3")
        screen.wait_for("3 is a rating; see the answer first")
        screen.wait_for("Enter see the answer", times=2)
        screen.send("\r")
        text = screen.wait_for("q quit", times=3)
        assert "1 again (in this session) · 2 hard (1 day) · 3 good (2 days) · 4 easy (8 days)" in text
        screen.send("4")
        screen.wait_for("next review in 8 days (rated easy)")
        assert screen.end() == 0


# Marks


def test_marks_stand_at_their_options(small: Path, home: Path) -> None:
    """They are drawn where the options are; nothing scrolls away for them."""
    with Screen("quiz", "61", "--kind", "choice", rows=24) as screen:
        screen.wait_for("a-d choose")
        screen.send("s")
        text = screen.wait_for("a-c toggle")
        right = [place_of(text, "It lies between"), place_of(text, "It moves with")]
        wrong = place_of(text, "It is one of")
        screen.send("\r")
        screen.wait_for("nothing is marked yet")
        screen.wait_for("a-c toggle", times=2)
        for key in (wrong, *right):
            screen.send(key)
            screen.wait_for(f"[x] {key}")
        screen.send(wrong)
        screen.wait_until(lambda: f"[ ] {wrong}" in screen.text.rpartition("nothing is marked yet")[2])
        last = screen.text.rpartition("nothing is marked yet")[2]
        assert re.findall(r"\[(.)\] ([a-c])", last) == [("x" if key in right else " ", key) for key in "abc"]
        screen.send("\r")
        text = screen.wait_for(AFTER)
        assert all(f"✓ your answer: {key} · " in text for key in right)
    assert answers(home) == [("61/which-hold", True)]


def test_what_was_not_chosen_is_told(small: Path, home: Path) -> None:
    """One right of two, and the wrong one beside."""
    with Screen("quiz", "61", "--kind", "choice", "--plain") as screen:
        screen.wait_for("a-d choose")
        screen.send("s")
        text = screen.wait_for("a-c toggle")
        first, missed = place_of(text, "It lies between"), place_of(text, "It moves with")
        wrong = place_of(text, "It is one of")
        for key in sorted((first, wrong)):
            screen.send(key)
        screen.wait_for(f"marked: {', '.join(sorted((first, wrong)))}")
        screen.send("\r")
        text = screen.wait_for(AFTER)
        assert f"✓ your answer: {first} · It lies" in text
        assert f"✗ your answer: {wrong} · It is one" in text
        assert f"○ not chosen, but right: {missed} · It moves" in text


# Hints


def test_ladder_to_its_end(small: Path, home: Path) -> None:
    """Every rung differs, a struck option cannot be chosen, the end is told, and the answer counts as hard."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        screen.wait_for("a-d choose")
        for count in range(1, 6):
            screen.send("h")
            screen.wait_for("a-d choose", times=count + 1)
        text = screen.text
        assert re.findall(r"hint (\d)", text) == ["1", "2", "3", "4"]
        assert text.count("of the values over their count") == 1
        assert text.index("not d · 9") < text.index("not c · 6") < text.index("there is no further hint")
        screen.send("d")
        screen.wait_for("a hint struck d out")
        screen.wait_for("a-d choose", times=7)
        screen.send("b")
        screen.wait_for("(rated hard)")
    assert ratings(home) == [(Rating.HARD, Rating.HARD)]


def test_own_hint_is_the_first_rung(small: Path, home: Path) -> None:
    """It stands in no question, and in both languages."""
    zh = (small / "061-mean" / "zh.md").read_text()
    en = EN.format(number=61).replace("\n```python predict", "\n> Two halves.\n\n```python predict")
    write_entry(small, en=en, zh=zh.replace("会打印什么？\n", "会打印什么？\n\n> 两半。\n"))
    with Screen("quiz", "61", "--kind", "predict") as screen:
        assert "Two halves" not in screen.wait_for("Your answer >")
        screen.send("：h\r")
        screen.wait_for("Two halves.")
        screen.send(":l\r")
        screen.wait_for("你的答案 >")
        screen.send(":h\r")
        screen.wait_for("答案是一个 1 位小数")
        screen.send("3\r")
        screen.wait_for("评为“困难”")


def test_a_look_at_the_entry_is_help(small: Path, home: Path) -> None:
    """Also where its pager is left at once."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1", PAGER="cat") as screen:
        screen.wait_for("a-d choose")
        screen.send("o")
        screen.wait_for("a-d choose", times=2)
        screen.send("b")
        screen.wait_for("(rated hard)")


# Commands


ASKED = {"choice": "a-d choose", "predict": "Your answer >", "code": "Your lines >", "recall": "Enter see the answer"}


@pytest.mark.parametrize("kind", ASKED)
def test_every_command_works_behind_a_colon(small: Path, home: Path, kind: str) -> None:
    """Before the answer and after it; Esc thinks better of it; what does not exist, or not now, says so."""
    end = "\r" if kind in ("predict", "code") else ""
    with Screen("quiz", "61", "--kind", kind, "--limit", "1", rows=200) as screen:
        screen.wait_for(ASKED[kind])
        screen.wait_for_keys()
        for at, (keys, sign) in enumerate(
            (
                (":?", "help: what works now"),
                (":h", "hint 1"),
                (":r", ":r works after" if end else "r works after"),
                (":k", "there is no command :k"),
                (":l", "选择" if kind == "choice" else "的均值" if kind in ("recall", "code") else "会打印什么"),
            ),
            2,
        ):
            screen.send(keys + end)
            screen.wait_for(sign)
            if at < 6:
                screen.wait_for(ASKED[kind], times=at)
            screen.wait_for_keys()
        if not end:
            screen.wait_until(lambda: screen.text.endswith("q 退出"))
            screen.send(":\x1b:q")
        else:
            screen.send(":q\r")
        assert screen.end() == 0
    assert answers(home) == []


@pytest.mark.parametrize("kind", ["choice", "predict", "code"])
def test_giving_up_shows_the_answer(small: Path, home: Path, kind: str) -> None:
    """In every kind that is graded, and counts as wrong; afterwards a colon still begins a command."""
    with Screen("quiz", "61", "--kind", kind, "--limit", "1") as screen:
        screen.wait_for(ASKED[kind])
        screen.wait_for_keys()
        screen.send(":g" + ("\r" if kind in ("predict", "code") else ""))
        text = screen.wait_for(AFTER)
        shown = {
            "choice": "○ right answer: b · 3",
            "predict": "right answer: 3.0",
            "code": "return total / len(values)",
        }
        assert shown[kind] in text
        assert "your answer" not in text
        screen.send(":s")
        screen.wait_for("s works before the answer")
        screen.wait_for(AFTER, times=2)
        screen.send(":u")
        screen.wait_for("taken back: 61/")
    assert answers(home) == []


def test_a_lone_command_letter_is_not_graded(small: Path, home: Path) -> None:
    """? helps; q asks whether it is the answer, and Enter says that it is."""
    with Screen("quiz", "61", "--kind", "answer") as screen:
        screen.wait_for("Your answer >")
        screen.send("?\r")
        assert ":q  " in screen.wait_for("quit; every answer is saved")
        screen.send("q\r")
        screen.wait_for(":q is the command; Enter gives “q” as the answer")
        screen.wait_for("Your answer >", times=3)
        assert answers(home) == []
        screen.send("\r")
        screen.wait_for("nothing was graded: that cannot be read as an answer; give a number")
        screen.wait_for("↑ the line before")
        screen.send("q4\r")
        screen.wait_for("nothing was graded", times=2)
        screen.send("4\r")
        screen.wait_for("✗ wrong")
    assert answers(home) == [("61/counted", False)]


@pytest.mark.parametrize(
    ("word", "key", "lang"),
    [
        *((word, ":q", "en") for word in ("exit", "quit()", "Stop")),
        ("help", ":?", "en"),
        ("skip", ":s", "en"),
        ("next", ":s", "en"),
        ("hint", ":h", "en"),
        ("idk", ":g", "en"),
        ("退出", ":q", "zh"),
        ("帮助", ":?", "zh"),
        ("跳过", ":s", "zh"),
        ("提示", ":h", "zh"),
    ],
)
def test_a_word_for_leaving_or_help_is_no_try(small: Path, home: Path, word: str, key: str, lang: str) -> None:
    """It is told what the command is, and what is then typed is done, with the colon of either width."""
    colon = "：" if lang == "zh" else ":"
    with Screen("quiz", "61", "--kind", "predict", "--lang", lang) as screen:
        screen.wait_for(" >")
        screen.send(f"{word}\r")
        screen.wait_for({"en": f"{key} is the command; Enter gives “{word}”", "zh": f"命令要写作 {key}"}[lang])
        screen.send(f"{colon}q\r")
        assert screen.end() == 0
    assert answers(home) == []


def test_a_command_may_be_named_by_its_word(small: Path, home: Path) -> None:
    """Behind a colon, as in other programs."""
    with Screen("quiz", "61", "--kind", "predict") as screen:
        screen.wait_for("Your answer >")
        screen.send(":help\r")
        screen.wait_for("quit; every answer is saved")
        screen.send(":quit\r")
        assert screen.end() == 0
    assert answers(home) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_refused_is_not_typed_behind(small: Path, home: Path, lang: str) -> None:
    """After a refused line another answer, or a command, stands by itself; the refused one comes back with ↑."""
    refused = {"en": "nothing was graded", "zh": "没有评分"}[lang]
    with Screen("quiz", "61", "--kind", "predict", "--lang", lang) as screen:
        screen.wait_for(" >")
        screen.send("six\r")
        screen.wait_for(refused)
        screen.send("u\r")
        screen.wait_for(":u")
        screen.send("\x1b[A\x1b[A.\r")
        screen.wait_for(refused, times=2)
        screen.wait_for("> six.")
        screen.send("3.0\r")
        screen.wait_for("✓")
    assert answers(home) == [("61/printed", True)]


def test_help_names_what_works_now(small: Path, home: Path) -> None:
    """Before an answer nothing that works after it, and the other way round."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1") as screen:
        screen.wait_for("a-d choose")
        screen.send("?")
        text = screen.wait_for("a-d choose", times=2)
        assert re.findall(r"^  (\S+)  +\w+", text.partition("? help")[2], re.MULTILINE)[:3] == ["a-d", "h", "s"]
        assert "run the proof" not in text
        assert "$EDITOR" not in text
        screen.send("b")
        screen.wait_for(AFTER)
        screen.send("?")
        text = screen.wait_for(AFTER, times=2).partition(AFTER)[2]
        assert "rate it: again, hard, good, easy" in text
        assert "run the proof, or the snippet" in text
        assert "skip" not in text


def test_a_question_that_comes_back_is_as_it_was(small: Path, home: Path) -> None:
    """After x and u: what hints struck out stays so, the next hint is the next one, and the help counts."""
    with Screen("quiz", "61", "--kind", "choice", "--limit", "2") as screen:
        for count in range(1, 4):
            screen.wait_for("a-d choose", times=count)
            screen.send("h")
        screen.wait_for("hint 3")
        screen.wait_for("a-d choose", times=4)
        screen.send("x")
        screen.wait_for("a-c toggle")
        screen.wait_for_keys()
        screen.send("u")
        text = screen.wait_for("a-d choose", times=5)
        assert "(struck out)" in text[text.rindex("What is the mean of 1, 2 and 6?") :]
        screen.wait_for_keys()
        screen.send("h")
        screen.wait_for("hint 4")
        screen.wait_for("a-d choose", times=6)
        screen.send(place_of(text, "3"))
        screen.wait_for("(rated hard)")


# Progress


@pytest.mark.parametrize(("lang", "word"), [("en", "early"), ("zh", "提前复习")])
def test_what_is_not_due_is_asked_early(small: Path, home: Path, lang: str, word: str) -> None:
    """It is told as such, and what is due as that."""
    due = {"en": "due", "zh": "复习"}[lang]
    learner_log(home).add(
        Review("61/which-value", time.time() - 60, "choice", "2", True, Rating.GOOD, Rating.GOOD, 5.0)
    )
    learner_log(home).add(Review("61/which-hold", 1000.0, "choice", "1", True, Rating.GOOD, Rating.GOOD, 5.0))
    with Screen("quiz", "61", "--kind", "choice", "--lang", lang) as screen:
        assert f"  {due}" in screen.wait_for("a-c")
        assert word not in screen.text
        screen.wait_for_keys()
        screen.send("s")
        screen.wait_for("a-d")
        assert screen.text.count(f"  {word}") == 1


# More than the screen holds


@pytest.mark.parametrize("key", ["q", "\x03", "\x1b"])
@pytest.mark.parametrize("kind", ["choice", "code"])
def test_leaving_the_rest_of_a_question(small: Path, home: Path, kind: str, key: str) -> None:
    """Nothing more of it is shown, its prompt is there, and the session goes on."""
    with Screen("quiz", "61", "--kind", kind, "--limit", "1", rows=10, columns=40) as screen:
        text = screen.wait_for("— more · any key · q skips the rest —")
        assert all(wcswidth(line) <= 40 for line in text.splitlines())
        screen.wait_for_keys()
        screen.send(key)
        screen.wait_for({"choice": "a-d choose", "code": "Your lines >"}[kind])
        screen.wait_for_keys()
        assert "nothing was answered" not in screen.text
        screen.send("\x03")
        assert screen.end() == 130
    assert answers(home) == []


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_leaving_the_rest_of_a_proof(small: Path, home: Path, key: str) -> None:
    """It is not run, and the answer's keys work."""
    path = small / "061-mean" / "en.md"
    proof = "assert sum([1, 2, 6]) / 3 == 3"
    path.write_text(path.read_text().replace(proof, "\n".join([proof] * 60)))
    with Screen("quiz", "61", "--kind", "choice", "--limit", "1", rows=24) as screen:
        screen.send(place_of(screen.wait_for("a-d choose"), "3"))
        screen.wait_for(AFTER)
        screen.send("r")
        screen.wait_for("— more · any key · q skips the rest —")
        screen.wait_for_keys()
        screen.send(key)
        screen.wait_for(AFTER, times=2)
        screen.wait_for_keys()
        screen.send("4")
        screen.wait_for("(rated easy)")
        assert "passed" not in screen.text
        screen.send("q")
        assert screen.end() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_line_of_more_has_room(language: str) -> None:
    """The keys are named where they fit, and the line never fills a screen's."""
    for width in range(10, 90):
        line = more_line(Speech(language), width)
        assert wcswidth(line) < max(width, 11)
        assert "q" in line or width < 40


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_progress_counts_on_while_one_errs(small: Path, home: Path, columns: int, lang: str) -> None:
    """n of N with what is asked again, and the score; one line at 80 columns, and at 40 nothing is broken inside."""
    again, score, second, once = {
        "en": ("+1 again", "0 right, 1 wrong", "2 of 2", "once more"),
        "zh": ("重答 +1", "对 0，错 1", "第 2/2 题", "再答一次"),
    }[lang]
    arguments = ("quiz", "61", "--kind", "choice", "--limit", "1", "--lang", lang)
    with Screen(*arguments, columns=columns, rows=24) as screen:
        screen.wait_for("a-d")
        screen.wait_for_keys()
        screen.send("a")
        screen.wait_for({"en": AFTER, "zh": "Enter 下一题"}[lang])
        screen.send("\r")
        text = screen.wait_for("a-d", times=2)
        lines = text.splitlines()
        assert all(wcswidth(line) <= columns for line in lines)
        assert not any(line.startswith(("·", "，")) for line in lines)
        for part in (again, score, second, once):
            assert any(part in line for line in lines)
        if columns == 80:
            assert any(again in line and score in line and second in line and once in line for line in lines)


def test_progress_in_words_where_nothing_is_drawn(small: Path, home: Path) -> None:
    """No bar."""
    with Screen("quiz", "61", "--kind", "choice", "--plain") as screen:
        screen.wait_for("a-d choose")
        screen.wait_for_keys()
        screen.send("a")
        screen.wait_for(AFTER)
        screen.send("\r")
        text = screen.wait_for("2 of 3, new, +1 again, 0 right, 1 wrong")
        assert "─" not in text
        assert "━" not in text
