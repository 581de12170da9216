"""Notes that are less tidy than one thinks: which lines ask, and which only look as if they did."""

import json
from pathlib import Path

import pytest

from tests.conftest import Kb
from tests.exchange.test_import import apart, brought, found

FORMS = {
    "another word": "### 问题1：甲？\n\na\n\n### 面试题2：乙？\n\nb\n\n### 思考题 3：丙？\n\nc\n",
    "Q1. and A1.": "Q1. A?\nA1. a\n\nQ2. B?\nA2. b\n\nQ3. C?\nA3. c\n",
    "Chinese numbers": "一、甲？\n\na\n\n二、乙？\n\nb\n\n三、丙？\n\nc\n",
    "in brackets": "（1）甲？\na\n\n（2）乙？\nb\n\n（3）丙？\nc\n",
    "keycaps": "1️⃣ A?\na\n\n2️⃣ B?\nb\n\n3️⃣ C?\nc\n",
    "links": "## [1. A?](https://example.org/1)\n\na\n\n## [2. B?](#b)\n\nb\n\n## [3. C?](c.md)\n\nc\n",
    "anchors": '## <a name="q1"></a>1. A?\n\na\n\n## <a id="q2"></a> 2. B?\n\nb\n\n## 3. C?\n\nc\n',
    "Roman": "## I. A\n\na\n\n## II. B\n\nb\n\n## III) C\n\nc\n",
    "circled": "## ① A\n\na\n\n## ② B\n\nb\n\n## ③ C\n\nc\n",
    "pictures": "## 🔥 1. A\n\na\n\n## 🚀 2. B\n\nb\n\n## ⭐️ 3. C\n\nc\n",
    "Q in brackets": "## [Q1] A\n\na\n\n## [Q2] B\n\nb\n\n## 【问题3】C\n\nc\n",
    "in no order": "## 3. C?\n\nc\n\n## 1. A?\n\na\n\n## 2. B?\n\nb\n",
    "downwards": "## 3. C?\n\nc\n\n## 2. B?\n\nb\n\n## 1. A?\n\na\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_forms(text: str) -> None:
    """Three questions, with their numbers."""
    assert sorted(number or 0 for number, _ in found(text)) == [1, 2, 3]
    assert all(len(title) <= 2 for _, title in found(text))
    assert [loose for loose in apart(text).loose if loose.text] == []


def test_numbers_that_are_no_count() -> None:
    """Twice the same, and one that is far too large: all of them ask."""
    assert found("## 1. A?\n\na\n\n## 1. B?\n\nb\n\n## 2. C?\n\nc\n") == [(1, "A?"), (1, "B?"), (2, "C?")]
    assert found("## 1. A?\n\na\n\n## 2. B?\n\nb\n\n## 5000. C?\n\nc\n")[-1] == (5000, "C?")


def test_steps_in_an_answer_ask_nothing() -> None:
    """A numbered heading of the same level that does not ask, among those that do."""
    text = "## 61. A?\n\na\n\n## 1. first reason\n\nx\n\n## 2. second reason\n\ny\n\n## 62. B?\n\nb\n"
    assert found(text) == [(61, "A?"), (62, "B?")]


def test_over_two_lines() -> None:
    """Bold, in a list, after ``Q:``; in Chinese without a space."""
    bold = "**61. What is it\nin training?**\n\na\n\n**62. And how\nin evaluation?** Briefly.\n\nb\n"
    assert found(bold) == [(61, "What is it in training?"), (62, "And how in evaluation?")]
    assert apart(bold).parts[1].body[0] == "Briefly."
    asked = "Q: What is it\nin training?\nA: a\n\nQ: 什么是\n张量？\nA: b\n"
    assert found(asked) == [(None, "What is it in training?"), (None, "什么是张量？")]
    items = "1. What is it\n   in training?\n\na\n\n2. Why?\n\nb\n\n3. How?\n\nc\n"
    assert found(items)[0] == (1, "What is it in training?")
    assert found("**61. Never closed\n\ntext\n\n**62. Nor this\n\n- x\n") == [(None, "notes")]


def test_pairs_in_a_list() -> None:
    """A bullet before both."""
    for bullet in ("- **{}:**", "* {}:", "- {}："):
        text = "\n".join(f"{bullet.format(word)} {said}" for word, said in [("Q", "A?"), ("A", "a")] * 2)
        assert [title for _, title in found(text)] == ["A?", "A?"]


def test_headings_that_say_that_they_ask() -> None:
    """``### Q:`` without a question mark."""
    assert found("### Q: What is it\n\na\n\n### Q: Why\n\nA: b\n") == [(None, "What is it"), (None, "Why")]


def test_headings_beside_questions() -> None:
    """One that does not ask stands on the same level and is as much of an entry; a list of sources is none."""
    titles = ("Before", "What?", "Explain views", "Why?", "How?", "References")
    text = "# T\n\n" + "".join(f"## {title}\n\nx\n\n" for title in titles)
    assert [title for _, title in found(text)] == list(titles[1:-1])
    assert "## References" in apart(text).parts[-1].body


@pytest.mark.parametrize("begins", ["**{}. {}?**", "<details><summary>{}. {}?</summary>", "## {}. {}?"])
def test_code_that_is_never_closed(begins: str) -> None:
    """It swallows no question, whatever that begins with."""
    one, two, three = (begins.format(n, title) for n, title in ((1, "A"), (2, "B"), (3, "C")))
    text = f"{one}\n\n```python\nx = 1\n\n{two}\n\nb\n\n{three}\n\nc\n"
    assert found(text) == [(1, "A?"), (2, "B?"), (3, "C?")]


@pytest.mark.parametrize("rule", ["Answers:", "----", ""])
@pytest.mark.parametrize("item", ["{}. {}?", "{}) {}?", "{}. **{}?**"])
def test_a_list_of_the_questions_first(rule: str, item: str) -> None:
    """With the same words as the questions themselves, and nothing below: it makes no entries."""
    rows = [item.format(n, title) for n, title in ((1, "What"), (2, "Why"), (3, "How"))]
    text = "\n".join(["Contents:", "", *rows, "", rule, "", *(f"{row}\n\nanswer\n" for row in rows)])
    parts = apart(text).parts
    assert [(part.number, part.body) for part in parts] == [(n, ["answer"]) for n in (1, 2, 3)]


def test_front_matter(tmp_path: Path) -> None:
    """Of another program: told, its title taken; a rule at the top is none, nor are cards between rules."""
    front = "---\ntitle: My notes\ntags:\n  - torch\n# 1. a comment\n---\n\n"
    importer = brought(tmp_path, front + "## 1. A?\n\na\n\n## 2. B?\n\nb\n")
    assert [entry.title for entry in importer.entries] == ["A?", "B?"]
    assert {loose.why for loose in importer.reports[0].loose} == {"front matter, which is for another program"}
    assert 'en = "My notes"' in (tmp_path / "deck" / "deck.toml").read_text()
    assert found(front + "Some text.\n\n## Part\n\nmore\n") == [(None, "My notes")]
    assert found("---\nSome text.\n---\n\nmore\n")[0][1] != "My notes"
    assert len(found("---\nQ: A?\nA: a\n---\nQ: B?\nA: b\n---\n")) == 2


def test_the_title_of_the_deck(tmp_path: Path) -> None:
    """A heading above all questions; neither a comment of code nor a question in the middle."""
    for at, (text, title) in enumerate(
        [
            ("# My notes\n\n## 1. A?\n\na\n\n## 2. B?\n\nb\n", "My notes"),
            ("## 1. A?\n\n```python\n# not closed\n```\n\n## 2. B?\n\nb\n", "notes-0"),
            ("## What?\n\na\n\n# Why is it slow\n\n## Why?\n\nb\n", "notes-0"),
        ]
    ):
        brought(tmp_path, text, into=f"deck-{at}")
        assert f'en = "{title}"' in (tmp_path / f"deck-{at}" / "deck.toml").read_text()


def test_gaps_are_told_in_one_line() -> None:
    """However wide."""
    told = [remark.message for remark in apart("## 2. A?\n\na\n\n## 10. B?\n\nb\n\n## 12. C?\n\nc\n").remarks]
    assert told == ["3 to 9 are missing behind 2", "11 is missing behind 10"]


@pytest.mark.parametrize("text", ["", "\n \n", "---\ntags: [a]\n---\n"])
def test_nothing_in_it(text: str, kb: Kb, tmp_path: Path) -> None:
    """One line says so, and no deck is made."""
    (tmp_path / "notes.md").write_text(text)
    done = kb("import", str(tmp_path / "notes.md"), "--into", str(tmp_path / "mine"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "nothing in it looks like an entry" in done.stderr
    assert not (tmp_path / "mine").exists()
    told = kb("import", str(tmp_path / "notes.md"), "--into", str(tmp_path / "mine"), "--json")
    assert (told.returncode, json.loads(told.stdout)["files"][0]["entries"]) == (1, [])


def test_json_that_is_no_export(kb: Kb, tmp_path: Path) -> None:
    """It becomes no entry, and neither do two exports at once."""
    for text in ('{"a": 1}', "{", "[]"):
        (tmp_path / "bad.json").write_text(text)
        done = kb("import", str(tmp_path / "bad.json"), "--into", str(tmp_path / "mine"))
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "no deck that kb export json wrote" in done.stderr
    (tmp_path / "notes.md").write_text("## 1. A?\n\na\n")
    kb("import", str(tmp_path / "notes.md"), "--into", str(tmp_path / "mine"))
    kb("export", "json", "--deck", str(tmp_path / "mine"), "--out", str(tmp_path / "deck.json"))
    done = kb("import", str(tmp_path / "notes.md"), str(tmp_path / "deck.json"), "--into", str(tmp_path / "two"))
    assert (done.returncode, "imported alone" in done.stderr) == (2, True)
    assert not (tmp_path / "two").exists()


def test_an_export_that_is_there_already(kb: Kb, tmp_path: Path) -> None:
    """It is told how many files are new, tried or done."""
    (tmp_path / "notes.md").write_text("## 1. A?\n\na\n")
    kb("import", str(tmp_path / "notes.md"), "--into", str(tmp_path / "mine"))
    path = tmp_path / "deck.json"
    kb("export", "json", "--deck", str(tmp_path / "mine"), "--log", "--out", str(path))
    whole = json.loads(path.read_text())
    again, target = ("import", str(path), "--into"), str(tmp_path / "again")
    assert "2 files would be written" in kb(*again, target, "--dry-run").stderr
    assert "2 files written" in kb(*again, target).stderr
    assert "0 files would be written" in kb(*again, target, "--dry-run").stderr
    assert "no file is new" in kb(*again, target).stderr
    path.write_text(json.dumps(whole | {"id": "another", "events": ["{}"]}))
    done = kb(*again, target)
    assert (done.returncode, "another deck than" in done.stderr) == (1, True)


def test_what_has_no_script_is_not_said_to_run(kb: Kb, tmp_path: Path) -> None:
    """An entry in short names the commands that do something."""
    (tmp_path / "notes.md").write_text("## 1. A?\n\na\n\n## 2. B?\n\n```python\nx = 1\n```\n")
    kb("import", str(tmp_path / "notes.md"), "--into", str(tmp_path / "mine"))
    last = [kb("show", n, "--short", "--deck", str(tmp_path / "mine")).stdout.split("\n")[-2] for n in ("1", "2")]
    assert ["kb run" in line for line in last] == [False, True]
