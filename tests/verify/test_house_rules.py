"""House rules: the recipe, hints, holes in functions, and what may not be called."""

from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS
from tests.conftest import DECK, EN, SNIPPET, ZH, write_entry


def check(deck: Path, rules: str, en: str = EN, zh: str = ZH, snippet: str = SNIPPET) -> list[str]:
    """Every complaint about an entry of a deck with these rules."""
    (deck / "deck.toml").write_text(DECK.replace("\n[areas]", f"\n[rules]\n{rules}\n[areas]", 1), encoding="utf-8")
    write_entry(deck, en=en.format(number=61), zh=zh.format(number=61), snippet=snippet)
    return [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]


def test_a_deck_that_names_no_rule_is_held_to_none(deck: Path) -> None:
    """Nothing is said of an entry without recipe and hints."""
    assert [] == check(deck, "")


RECIPE = 'recipe = { en = "In short" }'
CODE = "```python\n    total = sum(values)\n    return total / len(values)\n```\n\n"
SHORT = EN.replace("## How it works", f"## In short\n\n{CODE}## How it works", 1)
LATE = SNIPPET.replace("# %% The mean", "# %% In short\nx = 1\n\n\n# %% The mean")
CELLS = LATE.replace('print("step=1', '# %% Steps\nprint("step=1')
LONG = "x = 1\n" * 16


@pytest.mark.parametrize(
    ("en", "snippet", "complaints"),
    [
        (SHORT, SNIPPET, []),
        (SHORT.replace("## In short\n", "## In short\n\nTwo lines.\n"), SNIPPET, []),
        (SHORT.replace("## In short", "## Summary"), SNIPPET, ["14: the first section is not ## In short; begin with"]),
        (EN, SNIPPET, ["14: the first section is not ## In short; begin with the lines that a reader came for"]),
        (SHORT.replace(CODE, "", 1), SNIPPET, ["14: ## In short has no code; add a python block, or python illustr"]),
        (
            SHORT.replace(CODE, "```text\nno code\n```\n\n", 1),
            SNIPPET,
            ["14: ## In short has no code; add a python block, or python illustration"],
        ),
        (SHORT, LATE, ["16: the code under ## In short is not from the first cell of snippet.py; begin that with"]),
        (SHORT.replace(CODE, "```python\nx = 1\n```\n\n", 1), CELLS, []),
        (SHORT.replace(CODE, f"{CODE}```python\nx = 1\n```\n\n", 1), CELLS, []),
        (SHORT.replace(CODE, "```python illustration\nnet = load()\n```\n\n", 1), SNIPPET, []),
        (SHORT.replace(CODE, f"```python illustration\nnet = load()\n```\n\n{CODE}", 1), LATE, []),
        (
            SHORT.replace(CODE, f"```python illustration\n{LONG}```\n\n", 1),
            SNIPPET,
            ["16: 16 lines of code under ## In short; 15 at most, to be pasted as they are"],
        ),
        (SHORT.replace(CODE, f"```python illustration\n\n{LONG[6:]}\n```\n\n", 1), SNIPPET, []),
    ],
)
def test_recipe(deck: Path, en: str, snippet: str, complaints: list[str]) -> None:
    """The first section, with at most 15 lines, from the snippet's first cell or an illustration."""
    found = check(deck, RECIPE, en=en, snippet=snippet)
    assert len(complaints) == len(found), found
    for expected, one in zip(complaints, found, strict=True):
        line, _, message = expected.partition(": ")
        assert message in one
        assert one.startswith(f"061-mean/en.md:{line}:")


def test_recipe_of_each_language(deck: Path) -> None:
    """Its own name; a language that the deck does not name has none."""
    (one,) = check(deck, 'recipe = { zh = "用法" }')
    assert one.startswith("061-mean/zh.md:5: the first section is not ## 用法")
    zh = ZH.replace("## 原理", f"## 用法\n\n{CODE}## 原理", 1)
    assert [] == check(deck, 'recipe = { en = "In short", zh = "用法" }', en=SHORT, zh=zh)


def test_an_entry_without_a_section(deck: Path) -> None:
    """It is told at the gist."""
    text = "---\narea: training\nlevel: 1\n---\n\n# 1. What?\n\nThis.\n"
    (deck / "061-mean").rename(deck / "gone")
    (deck / "deck.toml").write_text(f'languages = ["en"]\n[rules]\n{RECIPE}\n', encoding="utf-8")
    (deck / "001-note").mkdir()
    (deck / "001-note" / "en.md").write_text(text)
    assert any(
        str(one).startswith("001-note/en.md:8: the first section is not ## In short")
        for one in check_deck(read_deck(deck)[0], KINDS)
    )


def test_hints(deck: Path) -> None:
    """Each written item has one; a card of plain text, which is recalled, needs none."""
    found = check(deck, "hints = true")
    ids = ("which-value", "which-hold", "printed", "counted", "mean-by-hand")
    assert len(ids) == len(found)
    assert all(any(f"item '{name}' has no hint; write > " in one for one in found) for name in ids)
    en = EN.replace("\n- [ ] 2\n", "\n> Add first.\n\n- [ ] 2\n")
    zh = ZH.replace("\n- [ ] 2\n", "\n> 先求和。\n\n- [ ] 2\n")
    assert not any("which-value" in one for one in check(deck, "hints = true", en=en, zh=zh))
    card = "\n### a-card\n\nThe mean.\n"
    assert not any("a-card" in one for one in check(deck, "hints = true", en=EN + card, zh=ZH + card))


TOP = SNIPPET.replace(
    "# %% The mean",
    "values = [1.0]\n# hole: at-the-top\ntotal = sum(values)\n# end\n\n\n# %% The mean",
)
AFTER = SNIPPET.replace("\n\n\nassert mean([1.0", "\n\n\n# hole: at-the-top\ntotal = 3\n# end\nassert mean([1.0")
LOOP = SNIPPET.replace("# %% The mean", "for i in range(2):\n    # hole: at-the-top\n    x = i\n    # end\n\n\n# %%")
WHOLE = SNIPPET.replace("# %% The mean", "# hole: at-the-top\ndef f():\n    return 1\n# end\n\n\n# %% The mean")
CLASS = SNIPPET.replace("# %% The mean", "class A:\n    # hole: at-the-top\n    x = 1\n    # end\n\n\n# %% The mean")
METHOD = SNIPPET.replace(
    "# %% The mean",
    'class A:\n    async def f(self):\n        """Do."""\n        # hole: at-the-top\n        # a remark\n        '
    "        x = 1\n        # end\n\n\n# %% The mean",
)


@pytest.mark.parametrize(
    ("snippet", "is_outside"),
    [(SNIPPET, False), (METHOD, False), (TOP, True), (AFTER, True), (LOOP, True), (WHOLE, True), (CLASS, True)],
)
def test_hole_outside_a_function(deck: Path, snippet: str, is_outside: bool) -> None:
    """Its own value can be asserted inside one alone."""
    found = [one for one in check(deck, "holes = true", snippet=snippet) if "outside" in one]
    line = snippet.split("# hole: at-the-top")[0].count("\n") + 1
    message = "hole 'at-the-top' lies outside every function; move its lines into one, which asserts can call"
    assert ([f"061-mean/snippet.py:{line}: {message}"] if is_outside else []) == found


QUESTION = "Fill in the body of `mean`: return the mean of `values`."
QUESTION_ZH = "补全 `mean` 的函数体：返回 `values` 的均值。"


def bans(deck: Path, english: str, chinese: str, forbid: str = "") -> list[str]:
    """What is complained about when the code item asks this."""
    en = EN.replace(QUESTION, f"{QUESTION} {english}{forbid}")
    return check(deck, "forbid = true", en=en, zh=ZH.replace(QUESTION_ZH, f"{QUESTION_ZH}{chinese}"))


@pytest.mark.parametrize(
    "said",
    [
        "Do not call `sum`.",
        "Don't call it.",
        "Compute it without calling `sum`.",
        "Compute it without running a layer.",
        "Do not use `statistics.fmean`.",
        "You must not use torch's mean.",
        "Use tensor operations, not torch's own losses.",
        "Write the recurrence by hand.",
        "Implement it from scratch.",
        "不要调用 `sum`。",
        "不调用 `sum`，直接算。",
        "不要运行任何层。",
        "不得使用 `sum`。",
        "不用 torch 自带的损失。",
        "请手写这个函数。",
        "要从零实现。",
    ],
)
def test_ban_without_a_block(deck: Path, said: str) -> None:
    """What may not be called is held by the block alone."""
    found = bans(deck, said, "") if said.isascii() else bans(deck, "", said)
    assert 1 == len(found), found
    line = EN[: EN.index("### mean-by-hand")].count("\n") + 1
    assert f"061-mean/en.md:{line}: item 'mean-by-hand' says “" in found[0]
    assert "” and has no text forbid block; name there what may not be called" in found[0]
    assert [] == bans(deck, said, "不要调用 `sum`。", "\n\n```text forbid\nsum\n```\n")


@pytest.mark.parametrize(
    "said",
    [
        "Return a tensor without dimensions, without the constant and without `dampening`.",
        "Do not use a loop, and do not use `for`.",
        "`sum` may be called; what it does not return is not used.",
        "It is called by hand-made code, and trained from scratch.",
        "Clear the gradients yourself.",
        "The gradients must not run into `mean`.",
        "两个函数分别调用 `sum`。",
        "输入是手写数字。",
        "不要用 `for`，也不用考虑顺序。",
        "别的函数会调用它。",
        "手动清零梯度由调用方负责。",
    ],
)
def test_what_is_no_ban(deck: Path, said: str) -> None:
    """Phrases that look like one."""
    assert [] == (bans(deck, said, "") if said.isascii() else bans(deck, "", said))


def test_only_a_code_item_can_forbid(deck: Path) -> None:
    """A question of another kind may say so."""
    en = EN.replace("What is the mean of 1, 2 and 6?", "Do not call anything. What is the mean of 1, 2 and 6?")
    assert [] == check(deck, "forbid = true", en=en)
