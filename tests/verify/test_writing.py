"""Writing: words and percentages that are written in another way than the deck's."""

from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.verify.form import check_deck
from quiz.kinds.table import KINDS
from tests.conftest import DECK, EN, ZH, write_entry

RULES = """
[rules]
percent = true

[rules.words.zh]
"损失" = ["loss"]
"偏置" = ["bias", "running bias"]
"回放缓冲区" = ["记忆库"]
"滑动统计量" = ["滑动统计"]
"U 形网络" = ["U 型网络"]
"""


def said_otherwise(deck: Path, en: str = EN, zh: str = ZH) -> list[str]:
    """Complaints about these texts: file, line, message."""
    (deck / "deck.toml").write_text(DECK.replace("\n[areas]", f"{RULES}\n[areas]", 1), encoding="utf-8")
    write_entry(deck, en=en.format(number=61), zh=zh.format(number=61))
    return [str(one) for one in check_deck(read_deck(deck)[0], KINDS)]


@pytest.mark.parametrize(
    ("said", "form", "place"),
    [
        ("训练时 loss 会下降", "损失", "训练时 loss 会下降，"),
        ("Loss 会下降", "损失", "Loss 会下降，"),
        ("**loss 会下降**", "损失", "loss 会下降，"),
        ("“loss 曲线”能说明问题", "损失", "“loss 曲线”能"),
        ("最后是 loss", "损失", "最后是 loss，再除以个"),
        ("用 `F.mse_loss` 求 loss", "损失", "… 求 loss，再除以个"),
        ("记忆库里有样本", "回放缓冲区", "记忆库里有样本，"),
        ("滑动统计会变", "滑动统计量", "滑动统计会变，再除"),
        ("running bias 不同", "偏置", "running bias 不同，再"),
        ("这是 U 型网络", "U 形网络", "这是 U 型网络，再除以个"),
    ],
)
def test_word(deck: Path, said: str, form: str, place: str) -> None:
    """One that the deck writes otherwise, with its place."""
    line = ZH[: ZH.index("先求和")].count("\n") + 1
    expected = f"061-mean/zh.md:{line}: “{place}”: this deck writes {form}; a name in code stands in `code`"
    assert [expected] == said_otherwise(deck, zh=ZH.replace("先求和", said))


@pytest.mark.parametrize(
    "said",
    [
        "损失会下降",
        "`loss` 会下降，`loss = 1` 也是",
        "$loss$ 会下降",
        "focal loss 与 hinge loss 会下降",
        "loss landscape 很平",
        "loss_fn 会下降，又如 loss-scale",
        "损失（loss）会下降",
        "程序报 “loss is not finite”",
        "见 [loss](https://example.org/loss)",
        "见 https://example.org/loss",
        "lossless 与 gloss",
        "滑动统计量会变",
        "回放缓冲区里有样本",
    ],
)
def test_word_that_is_left_alone(deck: Path, said: str) -> None:
    """The right one, code, English names and messages, links."""
    assert [] == said_otherwise(deck, zh=ZH.replace("先求和", said))


@pytest.mark.parametrize(
    ("old", "told_at"),
    [
        ("一个 batch 的均值", ""),
        ("均值等于所有值之和", "均值等于"),
        ("原理", "## 原理"),
        ("那是中位数。", "- **“均值就是"),
        ("1、2、6 的均值", "1、2、6"),
        ("一定是其中某个值", "关于均值"),
        ("9 除以 3。", "9 除以"),
    ],
)
def test_every_part_of_a_text_is_read(deck: Path, old: str, told_at: str) -> None:
    """Title, gist, headings, pitfalls, questions, options (told at their question), explanations."""
    (one,) = said_otherwise(deck, zh=ZH.replace(old, f"看 loss，{old}", 1))
    line = ZH[: ZH.index(told_at)].count("\n") + 1
    assert one.startswith(f"061-mean/zh.md:{line}: “")
    assert "loss，" in one


def test_sources_and_other_languages_are_left_alone(deck: Path) -> None:
    """A book has its own title, and English has its own words."""
    assert [] == said_otherwise(
        deck, EN.replace("Add the values", "Add the loss"), ZH.replace("教材", "讲 loss 的教材")
    )


@pytest.mark.parametrize("said", ["5 %", "5％", "0.5 %", "48 to 63 %", "**5 %**"])
def test_percentage_with_a_space(deck: Path, said: str) -> None:
    """In both languages, in options too."""
    en, zh = EN.replace("Add the values", f"Add {said}"), ZH.replace("先求和", f"先求 {said} 的和")
    found = said_otherwise(deck, en, zh)
    lines = [text[: text.index(start)].count("\n") + 1 for text, start in ((en, f"Add {said}"), (zh, "先求 "))]
    assert [f"061-mean/en.md:{lines[0]}", f"061-mean/zh.md:{lines[1]}"] == [one.partition(": ")[0] for one in found]
    assert all(one.endswith("”: write 5%, without a space") for one in found)
    assert "write 5%" in str(said_otherwise(deck, zh=ZH.replace("介于最小值与最大值之间", "占 5 %")))


@pytest.mark.parametrize("said", ["5%", "5%, that is", "`7 % 2`", "$5\\\\,\\\\%$", "a % of 5", "0.5%."])
def test_percentage_that_is_right(deck: Path, said: str) -> None:
    """Code and formulas write it as they must."""
    assert [] == said_otherwise(deck, EN.replace("Add the values", f"Add {said}"))


def test_a_deck_that_asks_for_nothing(deck: Path) -> None:
    """It writes as it likes."""
    write_entry(deck, zh=ZH.format(number=61).replace("先求和", "先求 loss 的 5 %"))
    assert [] == check_deck(read_deck(deck)[0], KINDS)
