"""Chinese typography: what is marked, and what is left alone."""

import pytest

from kb.deck.markdown import read_markdown
from kb.verify.typography import misprints, sentence


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("使用torch训练", "no space between Chinese and Latin"),
        ("用`eval()`评估", "no space between Chinese and Latin"),
        ("共10个", "no space between Chinese and Latin"),
        ("先求和,再相除", "half-width punctuation"),
        ("为什么?", "half-width punctuation"),
        ("结束.", "half-width punctuation"),
        ("均值(mean)如下", "half-width parentheses"),
        ("the mean (均值) is", "half-width parentheses"),
        ('所谓"均值"', "straight quotes"),
        ("求和 ，再相除", "a space beside full-width punctuation"),
        ("求和， 再相除", "a space beside full-width punctuation"),
    ],
)
def test_misprint_is_marked(text: str, message: str) -> None:
    """Each rule finds its breach."""
    block = read_markdown(text).blocks[0]
    assert any(message in found for _, found in misprints(sentence(block)))


@pytest.mark.parametrize(
    "text",
    [
        "使用 torch 训练，共 10 个 batch。",
        "调用 `eval()`，再评估（见 `train()`）。",
        "**“均值就是中位数。”** 那是误解。",
        "**忘记调用 `eval()`。** 预测会保持随机。",
        "形状为 `(N, C, H, W)`，即 $x_1, x_2$。",
        "PyTorch documentation, `torch.nn.LSTM`, 2024",
        "Hochreiter 与 Schmidhuber，*Long Short-Term Memory*，1997",
        "约 0.5%，比值 3:1",
        "与 20,000 · exp(-4) 相比，拉力很小",
    ],
)
def test_good_typography_is_left_alone(text: str) -> None:
    """No rule marks what an editor would not."""
    block = read_markdown(text).blocks[0]
    assert list(misprints(sentence(block))) == []
