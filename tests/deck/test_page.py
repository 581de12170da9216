"""Parsing an entry: every wrong turn has its message, and nothing crashes it."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.deck.item import Item
from kb.deck.manifest import Deck
from kb.deck.markdown import read_markdown
from kb.deck.page import Page
from kb.deck.page import parse_page as parse_page_of
from kb.deck.quiz_section import join_items as join_drafts
from kb.deck.rank import PITFALL
from kb.deck.text import Block, Span, Text
from kb.errors import Complaint
from quiz.kinds.table import KINDS
from tests.conftest import EN, ZH
from tests.golden import read_cases

LOOSE = Deck(Path("deck"), "loose", {}, ("en", "zh"), {}, ())
STRICT = Deck(Path("deck"), "strict", {}, ("en", "zh"), {"training": {"en": "training"}}, (), complete=True)
FRONT = "---\narea: training\nlevel: 1\n---\n\n"


def parse_page(source: str, path: str, language: str, deck: Deck) -> Page:
    """A file with items of all kinds."""
    return parse_page_of(source, path, language, deck, KINDS)


def join_items(number: int, pages: dict[str, Page], paths: dict[str, str]) -> tuple[tuple[Item, ...], list[Complaint]]:
    """The items of a page in each language."""
    return join_drafts(number, {language: page.drafts for language, page in pages.items()}, paths, KINDS)


def complaints(source: str, language: str = "en", deck: Deck = LOOSE) -> list[str]:
    """``line: message`` of every complaint."""
    page = parse_page(source, "x.md", language, deck)
    return [f"{one.line}: {one.message}" for one in page.complaints]


@pytest.mark.parametrize(
    ("title", "source", "expected"), read_cases("complaints.txt"), ids=lambda value: str(value)[:40]
)
def test_golden(title: str, source: str, expected: str) -> None:
    """Each violation is told with its line, and nothing else is. What is marked with ``complete`` is one only in a deck
    that says so of itself: notes need no gist, and their code is of any language."""
    of_any, of_complete = ([], []) if not expected else _sorted(expected.splitlines())
    assert _shifted(complaints(FRONT + source)) == of_any, title
    assert set(of_complete) <= set(_shifted(complaints(FRONT + source, deck=STRICT))), title


def _sorted(expected: list[str]) -> tuple[list[str], list[str]]:
    marked = [line.removeprefix("complete ") for line in expected if line.startswith("complete ")]
    return [line for line in expected if not line.startswith("complete ")], marked


def _shifted(found: list[str]) -> list[str]:
    """Complaints by the line in the case itself."""
    shift = FRONT.count("\n")
    return [f"{int(one.split(':')[0]) - shift}:{one.partition(':')[2]}" for one in found]


def test_example_is_clean() -> None:
    """A complete entry has no complaint in either language."""
    assert complaints(EN.format(number=61), "en", STRICT) == []
    assert complaints(ZH.format(number=61), "zh", STRICT) == []


def test_items_of_both_languages_are_joined() -> None:
    """Kinds, marks, scripts and wordings come together."""
    pages = {lang: parse_page(text.format(number=61), lang, lang, STRICT) for lang, text in (("en", EN), ("zh", ZH))}
    items, found = join_items(61, pages, {"en": "en.md", "zh": "zh.md"})
    assert found == []
    kinds = ["choice", "choice", "predict", "answer", "code"]
    assert kinds == [item.kind for item in items]
    assert items[0].marks == (False, True, False, False)
    assert (len(items[4].right), len(items[4].wrong)) == (2, 3)
    assert all(set(item.wordings) == {"en", "zh"} for item in items)
    assert items[0].wordings["zh"].explanation[0].text == "9 除以 3。2 是中位数。"


def test_quotations_before_the_key_are_hints() -> None:
    """In every language, in their order, and no part of the question; where there is no key they are text."""
    recall = "\n### told\n\nWho said so?\n\n> Nobody.\n"
    en = EN.format(number=61).replace("\n- [ ] 2", "\n> Add.\n\n> Divide *then*.\n\n- [ ] 2") + recall
    zh = ZH.format(number=61).replace("\n- [ ] 2", "\n> 先加。\n\n> 再除。\n\n- [ ] 2")
    zh += "\n### told\n\n谁说的？\n\n> 没有人。\n"
    pages = {"en": parse_page(en, "en", "en", STRICT), "zh": parse_page(zh, "zh", "zh", STRICT)}
    items, found = join_items(61, pages, {"en": "en.md", "zh": "zh.md"})
    assert (*found, *pages["en"].complaints, *pages["zh"].complaints) == ()
    texts = {
        language: [[block.text for block in hint] for hint in wording.hints]
        for language, wording in items[0].wordings.items()
    }
    assert texts == {"en": [["Add."], ["Divide then."]], "zh": [["先加。"], ["再除。"]]}
    assert [block.text for block in items[0].wordings["en"].question] == ["What is the mean of 1, 2 and 6?"]
    told = items[-1].wordings["en"]
    assert (told.hints, [block.kind for block in told.explanation]) == ((), ["quote"])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("### counted", "### counts", "item 'counted' is missing; translate it"),
        ("### counted", "### counts", "item 'counts' is not in the primary language; add it there or take it out"),
        ("- [x] 3\n- [ ] 6", "- [ ] 3\n- [x] 6", "has other options or marks than the original"),
        ("\n---\n\n除法", "\n除法", "lacks the line --- in the place of its code"),
        ("\n9 除以", "\n---\n\n9 除以", "a line --- that stands for nothing"),
        ("\n- [ ] 2", "\n> 先求和。\n\n- [ ] 2", "item 'which-value' has 1 hint (> ...), the original 0"),
    ],
)
def test_translation_differs(old: str, new: str, expected: str) -> None:
    """A translation with other items, marks or places is told."""
    zh = ZH.format(number=61).replace(old, new)
    pages = {"en": parse_page(EN.format(number=61), "en", "en", STRICT), "zh": parse_page(zh, "zh", "zh", STRICT)}
    _, found = join_items(61, pages, {"en": "en.md", "zh": "zh.md"})
    messages = [one.message for one in (*found, *pages["zh"].complaints)]
    assert any(expected in message for message in messages), messages


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("", "1: no front matter"),
        ("---\narea: [\n---\n", "the front matter is not YAML"),
        ("---\njust text\n---\n", "1: the front matter is no table"),
        ("---\narea: cooking\nlevel: 1\n---\n", "2: unknown area 'cooking'; the deck's are training"),
        ("---\narea: training\nlevel: 4\n---\n", "3: level is 4; give 1 (basic), 2 or 3 (advanced)"),
        ("---\narea: training\nlevel: 1\ncolour: red\n---\n", "4: unknown key 'colour'"),
        ("---\narea: training\nlevel: 1\ntags: one\n---\n", "4: tags is no list; write [one, two]"),
        ("---\narea: training\nlevel: 1\nrelated: [62, 'x']\n---\n", "4: 'x' in related; give numbers"),
        ("---\narea: training\nlevel: 1\naliases: [a, b]\n---\n", "4: 2 aliases, at least 3 are needed"),
    ],
)
def test_front_matter(front: str, expected: str) -> None:
    """Each wrong key or value of the front matter is told with its line."""
    found = complaints(front + "\n# 61. What?\n\nGist.\n", "en", STRICT)
    assert any(expected in one for one in found), found


def test_translation_has_no_front_matter() -> None:
    """Front matter belongs to the primary language."""
    found = complaints(FRONT + "# 61. 什么？\n\n要点。\n", "zh")
    assert found == ["1: front matter in a translation; it belongs into en.md alone"]


def test_long_gist() -> None:
    """A gist of more than three sentences is told; the sentence with the link does not count."""
    gist = "One. Two. Three. {extra}Run it: [`snippet.py`](snippet.py)."
    head = "\n\n# 61. What?\n\n"
    assert not any("sentences" in one for one in complaints(head + gist.format(extra=""), "en", STRICT))
    assert any(
        "the gist has 4 sentences" in one for one in complaints(head + gist.format(extra="Four. "), "en", STRICT)
    )


PIECES = st.sampled_from(
    [
        "# 61. T",
        "## Quiz",
        "## S",
        "### id",
        "- [x] a",
        "- [ ] b",
        "```python",
        "```",
        "---",
        "~~~",
        "> q",
        "| a | b |",
        "|--|--|",
        "$x_1$",
        "$$",
        "    code",
        "text",
        "",
        "1. one",
        "***",
        "[a](b)",
        "![i](j)",
        "<b>",
        "\x0c",
        "\u2028",
        "中文 x",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=25).map("\n".join), st.sampled_from(["en", "zh"]))
@example("---\n: : :\n---\n", "en")
@example("---\n? !!python/object:os.system\n---\n", "en")
@example("# 99999999999999999999. x\n\ny", "en")
def test_arbitrary_text_never_crashes(source: str, language: str) -> None:
    """Whatever the file holds, there is a page, and its complaints point into the file."""
    for deck in (LOOSE, STRICT):
        page = parse_page(source, "x.md", language, deck)
        last = source.count("\n") + source.count("\r") + 2
        assert all(0 <= one.line <= last for one in page.complaints)


WORD = st.text(alphabet="abcxyz 中文，。1", min_size=1, max_size=30).map(lambda text: f"w{' '.join(text.split())}w")
IDENTIFIER = st.from_regex(r"[a-z]{1,6}(-[a-z0-9]{1,4}){0,2}", fullmatch=True).filter(lambda name: name != "recall")
CODE = st.lists(st.from_regex(r"[a-z]{1,5} = [0-9]{1,3}", fullmatch=True), min_size=1, max_size=3).map("\n".join)


@st.composite
def items(draw: st.DrawFn) -> tuple[str, str, str, tuple[str, object, str]]:
    """An item's source, with what should be read from it."""
    name, kind = draw(IDENTIFIER), draw(st.sampled_from(["choice", "predict", "answer", "code"]))
    question, explanation = draw(WORD), draw(WORD)
    if kind == "choice":
        marks = draw(st.lists(st.booleans(), min_size=2, max_size=5).filter(lambda one: any(one) and not all(one)))
        middle = "\n".join(f"- [{'x' if mark else ' '}] option {at}" for at, mark in enumerate(marks))
        key: object = tuple(marks)
    elif kind == "code":
        right, wrong = draw(st.lists(CODE, min_size=1, max_size=3)), draw(st.lists(CODE, max_size=3))
        blocks = [f"```python right\n{one}\n```" for one in right] + [f"```python wrong\n{one}\n```" for one in wrong]
        middle, key = "\n\n".join(blocks), (tuple(right), tuple(wrong))
    else:
        key = draw(CODE)
        middle = f"```python {kind}\n{key}\n```"
    return name, kind, f"### {name}\n\n{question}\n\n{middle}\n\n{explanation}\n", (question, key, explanation)


@given(WORD, WORD, st.lists(WORD, max_size=3), st.lists(items(), max_size=4, unique_by=lambda one: one[0]))
def test_round_trip(
    title: str, gist: str, sections: list[str], made: list[tuple[str, str, str, tuple[str, object, str]]]
) -> None:
    """What is written as an entry is read as that entry, without a complaint."""
    parts = [FRONT + f"# 61. {title}", gist, *(f"## Section {at}\n\n{text}" for at, text in enumerate(sections))]
    parts += ["## Quiz", *(source for _, _, source, _ in made)]
    page: Page = parse_page("\n\n".join(parts) + "\n", "en.md", "en", LOOSE)
    assert page.complaints == ()
    assert page.text is not None
    assert (61, title, gist) == (page.number, page.text.title, page.text.gist.text)
    assert [block.text for block in page.text.body if block.kind == "paragraph"] == sections
    assert read_markdown(page.text.markdown).blocks[0].text == f"61. {title}"
    read, found = join_items(61, {"en": page}, {"en": "en.md"})
    assert found == []
    for item, (name, kind, _, (question, key, explanation)) in zip(read, made, strict=True):
        wording = item.wordings["en"]
        assert (name, kind, question, explanation) == (
            item.id,
            item.kind,
            wording.question[0].text,
            wording.explanation[0].text,
        )
        if kind == "choice":
            assert key == item.marks
        elif kind == "code":
            assert key == (tuple(one.rstrip("\n") for one in item.right), tuple(one.rstrip("\n") for one in item.wrong))
        else:
            assert key == item.code.rstrip("\n")


def test_a_quote_that_closes_behind_a_sentence_is_a_part_of_it() -> None:
    """And Chinese sentences stand next to each other without a space."""
    said = Block("paragraph", (Span("“像素准确率就行。”", "strong"), Span("不行。要看 IoU。")))
    pitfalls = Block("heading", (Span("易错点"),)), Block("list", children=(Block("item", children=(said,)),))
    text = Text("zh", "题", Block("paragraph", (Span("答。"),)), pitfalls, "")
    assert ("“像素准确率就行。”不行。要看 IoU。", PITFALL) in text.lines
    assert [line for line, _ in Text("zh", "题", said, (), "").lines] == ["“像素准确率就行。”", "不行。", "要看 IoU。"]


@pytest.mark.parametrize(
    ("start", "kind", "short"),
    [
        ("Word one.", "paragraph", "Word one."),
        ("- [ ] word one\n  - [x] nested\n- [x] two", "list", "word one nested two"),
        ("1. word one\n2. two", "list", "word one two"),
        ("| word | b |\n|--|--|\n| c | d |", "table", "word b c d"),
        ("> word\n>\n> - one", "quote", "word one"),
        ("```python\nword = 1\nb = 2\n```", "code", "word = 1 b = 2"),
        ("$$\nword\n$$", "formula", "word"),
        ("![word](a.png)", "paragraph", "word"),
        ("![](a.png)\n\nWord.", "paragraph", "Word."),
        ("<p>word</p>", "paragraph", "<p>word</p>"),
        ("## Section\n\n- word", "list", "word"),
        ("---\n\nWord.\n\n- one", "paragraph", "Word."),
        ("## Word", "heading", "Word"),
    ],
)
def test_what_an_entry_begins_with_is_shown_once(start: str, kind: str, short: str) -> None:
    """It is the gist, as it was written; each block of the file is shown once, in its order."""
    source = f"# 61. Title?\n\n{start}\n" + ("\nLast.\n" if kind != "heading" else "")
    text = parse_page(FRONT + source, "x.md", "en", LOOSE).text
    assert text
    assert (text.gist.kind, text.short) == (kind, short)
    written = read_markdown(FRONT + text.markdown).blocks[1:]
    assert written == text.blocks
    assert text.lines


def test_the_gist_in_short() -> None:
    """No more than some words of a list, however long it is; all of the list is there."""
    page = parse_page(FRONT + "# 61. Title?\n\n" + "- some words\n" * 1_000, "x.md", "en", LOOSE)
    assert page.text
    assert page.text.short.endswith("some words …")
    assert len(page.text.short) <= 302
    assert len(page.text.gist.children) == 1_000
