"""Notes as they lie about, into a deck: every form of a question is found, nothing is lost, nothing is overwritten."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.deck.manifest import read_deck
from kb.errors import KbError
from kb.exchange.importing import Importer
from kb.exchange.note_parts import take_apart
from kb.exchange.notes import Notes
from kb.exchange.numerals import chinese_number, numbered
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import Kb, only_json


def apart(text: str) -> Notes:
    """A text taken apart."""
    return take_apart(text.split("\n"), "notes")


def found(text: str) -> list[tuple[int | None, str]]:
    """Number and title of each entry."""
    return [(part.number, part.title) for part in apart(text).parts]


def brought(tmp_path: Path, *texts: str | bytes, into: str = "deck", language: str = "") -> Importer:
    """Texts written as files and imported."""
    paths = []
    for at, text in enumerate(texts):
        path = tmp_path / f"notes-{at}.md"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        paths.append(path)
    importer = Importer(tmp_path / into, paths, language, KINDS)
    importer.write()
    return importer


FORMS = [
    "## 61. {}",
    "# 61. {}",
    "#### 61. {}",
    "## 61) {}",
    "61) {}\n---",
    "**61. {}**",
    "**61.** {}",
    "__61. {}__",
    "- **61. {}**",
    "61. **{}**",
    "61. ### {}",
    "## Question 61: {}",
    "### Question 61 - {}",
    "## Q61: {}",
    "**Q61:** {}",
    "## 第61题：{}",
    "## 第 61 题 {}",
    "## 问题 61：{}",
    "## 六十一、{}",
    "## 第六十一题：{}",
    "## 61 - {}",
    "## 61 – {}",
    "## [61] {}",
    "## (61) {}",
    "## 【61】{}",
    "## 6️⃣1️⃣ {}",
    "61. {}\n======",
    "##61. {}",
    "##\u00a061. {}",
    "##\u300061. {}",
    "## ６１．{}",
    "<h2>61. {}</h2>",
    '<h3 id="q61">61. {}</h3>',
    "<details><summary>61. {}</summary>",
    "## **61. {}**",
    "## #61 {}",
    "## 61： {} ##",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_question_is_found_in_every_form(form: str) -> None:
    """Its number and its words, and what follows as its answer, whether others stand beside it in the usual form."""
    asked = form.format("What is dropout?")
    text = f"## 60. Before\n\nfirst\n\n{asked}\n\nIt sets values to zero.\n\n## 62. After\n\nlast\n"
    assert found(text) == [(60, "Before"), (61, "What is dropout?"), (62, "After")]
    assert "It sets values to zero." in apart(text).parts[1].body


@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_one_form(form: str) -> None:
    """Three questions in one and the same form."""
    parts = [form.replace("61", str(number)) for number in (61, 62, 63)]
    if "六十一" in form:
        parts = [form.replace("六十一", number) for number in ("六十一", "六十二", "六十三")]
    elif "６１" in form or "6️⃣1️⃣" in form:
        parts = [form.replace("１", digit).replace("1️⃣", f"{digit}\ufe0f\u20e3") for digit in "123"]
    text = "\n\n".join(f"{part.format(f'Why {at}?')}\n\nBecause {at}." for at, part in enumerate(parts)) + "\n"
    assert found(text) == [(61, "Why 0?"), (62, "Why 1?"), (63, "Why 2?")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("16:9 images", "a ratio"),
        ("61.1 A section", "a section of it"),
        ("3.14 is pi", "a number"),
        ("2024 in review", "a year"),
        ("3D convolutions", "a word"),
        ("10-20 layers", "a range"),
        ("100% of it", "a share"),
        ("一些方法、技巧", "words"),
    ],
)
def test_what_counts_nothing(text: str, why: str) -> None:
    """What begins with a number and counts no question."""
    assert numbered(text) is None, why


def test_chinese_numbers() -> None:
    """As they are read aloud, and digit by digit."""
    pairs = {"一": 1, "十": 10, "十一": 11, "二十": 20, "六十一": 61, "一百": 100, "一百零一": 101, "一〇一": 101}
    assert {text: chinese_number(text) for text in pairs} == pairs
    assert chinese_number("两千零二十六") == 2026


def test_what_stands_inside_an_answer_begins_no_entry() -> None:
    """Reasons that are counted, sections, comments of code, headings in comments."""
    inside = """## 1. first reason
## 2. second reason
### 61.1 A section
## 16:9 images
<!-- ## 62. not yet -->
<!--
## 62. not yet
-->
```python
# 62. load the data
## 62. Load
x = 1
```
- a list
  ```text
  ## 62. inside a list
  ```"""
    notes = apart(f"## 61. A\n\n{inside}\n\n## 62. B\n\nb\n\n## 63. C\n\nc\n")
    assert [part.number for part in notes.parts] == [61, 62, 63]
    assert "\n".join(notes.parts[0].body) == inside
    told = [remark.message for remark in notes.remarks if "looks numbered" in remark.message]
    assert told == [
        "'## 1. first reason' looks numbered; it was taken for a part of the text",
        "'## 2. second reason' looks numbered; it was taken for a part of the text",
    ]


def test_another_level_is_no_other_answer() -> None:
    """62, a level deeper or without a space, is a question all the same."""
    assert found("## 61. A\na\n##62. B\nb\n### 63. C\nc\n## 64. D\nd") == [(61, "A"), (62, "B"), (63, "C"), (64, "D")]


def test_code_that_is_never_closed_swallows_nothing() -> None:
    """It ends before the next question, gets its mark, and is told."""
    text = "## 61. A\n\n```python\nx = 1\n\n## 62. B\n\nb\n\n```\ny = 2\n```\n\n## 63. C\n\nc\n"
    notes = apart(text)
    assert [part.number for part in notes.parts] == [61, 62, 63]
    assert notes.parts[0].body == ["```python", "x = 1", "```"]
    assert [remark.line for remark in notes.remarks if "never closed" in remark.message] == [3]
    assert apart("## 61. A\n```python\nx = 1\n\n```python\ny = 2\n```\n\n## 62. B\nb").parts[0].body[:3] == [
        "```python",
        "x = 1",
        "```",
    ]


def test_lists_of_the_questions() -> None:
    """Neither a table of contents nor a list of questions makes entries; what only it has is told by number."""
    for row in ("- [{n}. Q{n}](#q{n})", "{n}. Q{n}?", "- {n}. Q{n}", "* [{n}. Q{n}]"):
        toc = "\n".join(row.format(n=n) for n in (61, 62, 63, 64))
        notes = apart(f"# Notes\n\n{toc}\n\n" + "\n".join(f"## {n}. Q{n}\n\na\n" for n in (61, 62, 64)))
        assert [part.number for part in notes.parts] == [61, 62, 64], row
        told = [remark.message for remark in notes.remarks]
        assert "63 stands in the list and never comes" in told, row
        assert "63 is missing behind 62" in told, row


def test_chapters() -> None:
    """Headings above questions are no part of the answer before; numbers that begin again get others."""
    notes = apart("# Ch 1\n\n## 1. a\nx\n\n## 2. b\ny\n\n# Ch 2\n\nIntro.\n\n## 1. c\nz\n\n## 2. d\nw\n")
    assert [(part.number, part.title) for part in notes.parts] == [(1, "a"), (2, "b"), (None, "c"), (None, "d")]
    assert [loose.text for loose in notes.loose] == ["# Ch 1", "# Ch 2", "Intro."]


def test_questions_without_numbers() -> None:
    """Headings that ask, pairs of Q and A, folded answers."""
    assert found("## What is X?\nthis\n\n## Why?\nthat\n") == [(None, "What is X?"), (None, "Why?")]
    assert found("**Q:** why? **A:** so\n\n**Q:** how?\n\n**A:** thus\n") == [(None, "why?"), (None, "how?")]
    assert found("Q: why?\nA: so\n\nQ: how?\nA: thus\n") == [(None, "why?"), (None, "how?")]
    assert found("问：为什么？\n答：因为。\n\n问：怎么做？\n答：这样。\n") == [(None, "为什么？"), (None, "怎么做？")]
    folded = "<details>\n<summary>{}</summary>\n\nyes\n\n</details>\n\n"
    assert found(folded.format("One") + folded.format("Two")) == [(None, "One"), (None, "Two")]


def test_an_article() -> None:
    """A text without questions is one entry; those of its appendix become cards."""
    text = "# How it works\n\nShort.\n\n## Parts\n\nmany\n\n## Costs\n\nmore\n\n"
    assert found(text) == [(None, "How it works")]
    asked = "## Questions\n\n### 1. Why?\n\nbecause\n\n### 2. How?\n\nso\n"
    notes = apart(text + asked)
    assert [part.title for part in notes.parts] == ["How it works"]
    assert notes.parts[0].cards == [("Why?", ["because"]), ("How?", ["so"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings(tmp_path: Path, encoding: str, ends: str) -> None:
    """What programs save."""
    text = "## 61. 什么是 dropout？\n\n随机把一部分值置零。\n\n## 62. B\n\n答案在这里。\n".replace("\n", ends)
    importer = brought(tmp_path, text.encode(encoding))
    assert [entry.title for entry in importer.entries] == ["什么是 dropout？", "B"]
    assert "随机把一部分值置零。" in (tmp_path / "deck" / importer.entries[0].folder / "zh.md").read_text(
        encoding="utf-8"
    )


def test_what_is_no_text(tmp_path: Path) -> None:
    """One line says so, and nothing is written."""
    path = tmp_path / "image.md"
    path.write_bytes(b"\x89PNG\xff\xfe\xfa\x80")
    for bad in (path, tmp_path / "none.md", tmp_path):
        with pytest.raises(KbError):
            Importer(tmp_path / "deck", [bad], "", KINDS)
    assert not (tmp_path / "deck").exists()


def test_what_is_imported_is_there(tmp_path: Path) -> None:
    """Read by the library, with its code as a script, and to the letter."""
    text = (
        "## 61. What is a mean?\n\n- A sum over a count.\n\n```python\nx = 1\n```\n\nand\n\n```py\n"
        "assert x == 1\n```\n\n"
        "```python\n>>> x\n1\n```\n\n```python\nx = = 1\n```\n\n```bash\nls\n```\n\n<b>HTML</b> ![a](img/b.png) $x^2$\n"
    )
    importer = brought(tmp_path, text)
    library = Library.open(tmp_path / "deck", None, all_kinds)
    entry = library.entry(61)
    assert entry.summary.gists == {"en": "A sum over a count."}
    body = text.split("\n", 2)[2].strip()
    assert body in (tmp_path / "deck" / importer.entries[0].folder / "en.md").read_text(encoding="utf-8")
    assert entry.snippet
    assert [line for line in entry.snippet.source.splitlines() if "x" in line] == ["x = 1", "assert x == 1"]
    assert [why for _, why in importer.entries[0].code.left_out] == [
        "a dialogue with the interpreter",
        "no Python: invalid syntax",
    ]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A second import leaves what is there; another text under a number gets another number."""
    brought(tmp_path, "## 61. A\n\na\n\n## 62. B\n\nb\n")
    before = {path: path.read_bytes() for path in (tmp_path / "deck").rglob("*") if path.is_file()}
    again = brought(tmp_path, "## 61. A\n\na\n\n## 62. B\n\nchanged\n\n## 63. C\n\nc\n")
    assert [(entry.number, entry.is_kept) for entry in again.entries] == [(61, True), (63, False), (64, False)] or [
        (entry.number, entry.is_kept) for entry in again.entries
    ] == [(61, True), (64, False), (63, False)]
    assert {path: path.read_bytes() for path in before} == before


def test_two_languages(tmp_path: Path) -> None:
    """The same numbers in two files are one entry."""
    brought(tmp_path, "## 61. What?\n\nThis.\n", "## 61. 什么？\n\n这个。\n")
    deck, complaints = read_deck(tmp_path / "deck")
    assert (deck.languages, complaints) == (("en", "zh"), [])
    assert Library.open(tmp_path / "deck", None, all_kinds).entry(61).summary.titles == {"en": "What?", "zh": "什么？"}


def test_links_and_names_lead_nowhere_else(tmp_path: Path) -> None:
    """Titles and links of the folder write nothing outside of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    deck = tmp_path / "deck"
    brought(tmp_path, "## 60. A\n\na\n")
    (deck / "061-etc").symlink_to(outside)
    importer = brought(tmp_path, "## 61. ../../etc\n\n[a](../../etc/passwd)\n\n## 62. \x1b[31m\x00name\n\nb\n")
    assert list(outside.iterdir()) == []
    assert {path.parent for path in deck.rglob("en.md")} == {
        path for path in deck.iterdir() if path.is_dir() and not path.is_symlink()
    }
    assert [entry.number for entry in importer.entries] == [62, 63] or [entry.number for entry in importer.entries] == [
        63,
        62,
    ]


WORDS = st.sampled_from(
    [
        "## 61. A",
        "## 62. B?",
        "##63. C",
        "### 1. first",
        "# build the model",
        "# Chapter 2",
        "**64. D?**",
        "- **65. E?**",
        "66. F",
        "67. G",
        "text",
        "  indented",
        "    deep",
        "```python",
        "```",
        "~~~",
        "x = 1",
        "---",
        "===",
        "<!--",
        "-->",
        "<details><summary>68. H</summary>",
        "</details>",
        "**Q:** why? **A:** so",
        "**Q:** how?",
        "**A:** thus",
        "## Quiz",
        "### an-item",
        "- [x] right",
        "- [ ] wrong",
        "| a | b |",
        "| --- | --- |",
        "$$",
        "> quote",
        "[1]: http://example.org",
        "![](a.png)",
        "## What?",
        "## Why?",
        "\u00a0",
        "## 六十九、I",
        "## ",
        "#",
        "tags: [a]",
        "title: T",
        "**70. Bold over",
        "two lines?**",
        "Q1. Why",
        "is that so?",
        "- **A:** so",
        "（3）甲？",
        "二、乙？",
        "### IV. R",
        "## [5. L?](https://example.org)",
        '## <a name="x"></a>6. N?',
        "## ⑦ C",
        "### Q: S",
        "",
        "",
    ]
)
LINES = st.lists(WORDS | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=12))


@given(lines=LINES)
@example(lines=["## 61. A", "## Quiz", "### an-item", "text"])
@example(lines=["---", "title: A", "## 1. B", "---", "## 1. C?"])
@example(lines=["1. A?", "2. B?", "", "1. A?", "a", "2. B?", "b"])
@example(lines=["**61. A", "and  B?**", "b"])
@example(lines=["Q: A", " and  B?", "A: b", "Q: C?", "A: d"])
@example(lines=["## 61. ![](a.png)", "b"])
def test_no_line_is_lost(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every line that is not blank stands in an entry, or is told as part of none, whatever the notes are."""
    folder = tmp_path_factory.mktemp("notes")
    importer = brought(folder, "\n".join(lines))
    if importer.entries:
        library = Library.open(folder / "deck", None, all_kinds)
        assert {entry.number for entry in importer.entries} == library.by_number.keys()
    else:
        assert not (folder / "deck").exists()
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (folder / "deck").rglob("en.md"))
    pages += "\n".join(path.read_text(encoding="utf-8") for path in (folder / "deck").rglob("zh.md"))
    told = json.dumps([report.to_json() for report in importer.reports], ensure_ascii=False)
    report = json.loads(told)
    loose = [one["text"].strip() for file in report for one in file["loose"]]
    headings = [line.strip() for file in report for one in file["entries"] for line in one["heading"].split("\n")]
    placed = [line.strip() for line in pages.split("\n")]
    for line in "\n".join(lines).split("\n"):
        if bare := line.strip():
            is_there = bare in placed or bare in loose or bare in headings or bare in pages
            assert is_there or _is_changed(bare, placed), bare


def _is_changed(line: str, placed: list[str]) -> bool:
    """Lines whose marks had to change: a heading of the quiz's name, deep headings in a card, a rule under a title."""
    return bool(
        f"{line.rstrip('#').rstrip()}." in placed
        or re.sub(r"^#{1,3}", "####", line) in placed
        or re.fullmatch(r"=+|-+", line)
    )


def test_a_large_file_is_quick(tmp_path: Path) -> None:
    """Time in proportion to the size: many questions, headings that mislead, quotes nested without end."""
    many = "".join(f"## {n}. Question {n}?\n\nAnswer {n}.\n\n```python\nx = {n}\n```\n\n" for n in range(1, 1_001))
    start = time.process_time()
    small = take_apart(many.split("\n"), "notes")
    once = time.process_time() - start
    start = time.process_time()
    apart("\n".join(f"## {n * 7919 % 10_007}. x" for n in range(10_000)))
    apart(">" * 10_000 + " deep\n" + "- " * 400 + "deep\n" + "`" * 10_000)
    assert time.process_time() - start < 100 * max(once, 0.01)
    assert len(small.parts) == 1_000


@pytest.mark.usefixtures("not_isolated")
def test_scripts_are_run_once_they_are_trusted(kb: Kb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--run``: which run, and why one does not; nothing runs while nobody has trusted it, and what was written
    stays."""
    monkeypatch.setenv("KB_TRUST", "")
    mark = tmp_path / "ran"
    notes = tmp_path / "notes.md"
    first = f"## 1. First\n\n```python\nopen({str(mark)!r}, 'w')\nprint('one')\n```\n\n"
    notes.write_text(first + "## 2. Second\n\n```python\nprint(nothing)\n```\n\n## 3. Third\n\nWords.\n")
    deck = tmp_path / "mine"
    refused = kb("import", str(notes), "--into", str(deck), "--run")
    assert refused.returncode == 1
    assert "kb trust" in refused.stderr
    assert not mark.exists()
    assert len(only_json(kb("list", "--deck", str(deck), "--json").stdout)["entries"]) == 3
    kb("trust", str(deck), "--always", "--yes")
    more = tmp_path / "more.md"
    more.write_text(notes.read_text().replace("## 1.", "## 4.").replace("## 2.", "## 5.").replace("## 3.", "## 6."))
    told = kb("import", str(more), "--into", str(deck), "--run").stdout
    assert "✓ 4 runs" in told
    assert "✗ 5 fails: line" in told
    assert "NameError" in told
    assert mark.exists()


def test_a_try_run_runs_nothing(kb: Kb, tmp_path: Path) -> None:
    """Both at once make no sense, and that is said."""
    notes = tmp_path / "notes.md"
    notes.write_text("## 1. First\n\nWords.\n")
    done = kb("import", str(notes), "--into", str(tmp_path / "mine"), "--run", "--dry-run")
    assert done.returncode == 2
    assert "writes nothing that could be run" in done.stderr
    assert not (tmp_path / "mine").exists()
