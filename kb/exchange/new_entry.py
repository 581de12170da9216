"""New entry: a folder with everything that an entry can have, which passes the check and explains itself."""

from collections.abc import Mapping
from pathlib import Path

from kb.exchange.deck_folder import DeckFolder

SNIPPET = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""{lesson}"""

import os

import torch

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def scaled(x: torch.Tensor) -> torch.Tensor:  # (..., D) -> (..., D)
    # hole: scale-rows
    norms = x.norm(dim=-1, keepdim=True)  # (..., 1)
    return x / norms.clamp(min=1e-8)
    # end


# %% {proof}
x = torch.randn(2, 4, 3, device=device)  # {axes}
torch.testing.assert_close(scaled(x), torch.nn.functional.normalize(x, dim=-1))
assert (scaled(torch.zeros(1, 3, device=device)) == 0).all(), "{zero}"
print("{printed}")
'''
"""Each name in it is a text in the entry's language."""

TEXTS = {
    "en": {
        "lesson": "A row divided by its norm has length 1.",
        "proof": "What proves it: an independent check, and the edge",
        "axes": "three axes: with two, dim=1 would pass as well",
        "zero": "a row of zeros stays one, and is not nan",
        "printed": "rows scaled as torch does it",
    },
    "zh": {
        "lesson": "一行除以自己的范数，长度就是 1。",
        "proof": "证明：独立的核对，以及边界情况",
        "axes": "用三个维度：只有两个时，dim=1 也能通过",
        "zero": "全零的行仍是零，不会变成 nan",
        "printed": "各行的缩放与 torch 一致",
    },
}

FRONT = {
    "en": """---
area: {area}  # one of deck.toml's
level: 1  # 1 basic, 2 working knowledge, 3 advanced
tags: []  # [norm, scaling]
related: []  # numbers of other entries; the link counts both ways
aliases: []  # other names under which people look this up
errors: []  # messages that this entry explains, as they are printed
---
""",
    "zh": """---
area: {area}  # deck.toml 里的一个
level: 1  # 1 基础，2 熟练，3 进阶
tags: []  # [norm, scaling]
related: []  # 其他条目的编号，链接是双向的
aliases: []  # 人们会用来查找的其他名称
errors: []  # 这个条目解释的报错，照打印的样子写
---
""",
}

CODE = {
    "lines": """```python
    norms = x.norm(dim=-1, keepdim=True)  # (..., 1)
    return x / norms.clamp(min=1e-8)
```""",
    "predict": """```python predict
import torch

print(tuple(torch.ones(4, 3).norm(dim=-1, keepdim=True).shape))
```""",
    "solutions": """```python right
return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-8)
```

```python wrong
return x / x.norm(dim=-1, keepdim=True)
```

```python wrong
return x / x.norm(dim=0, keepdim=True).clamp(min=1e-8)
```""",
}
"""What stands in the pages of every language."""

# Each paragraph of a page is one line, however long.
# ruff: noqa: E501
PAGES = {
    "en": """
# {number}. Which question would somebody ask?

Answer it in at most three sentences: search shows this paragraph, and the recall card asks for it. Run it: [`snippet.py`](snippet.py).

## In short

The lines that a reader came for; each block stands in `snippet.py` to the letter.

{lines}

## Why it is so

Explain, with formulas where they help: $\\lVert x / \\lVert x \\rVert \\rVert = 1$.

## Pitfalls

- **"What people believe."** Say why it is not so.

## Sources

- A paper, a page of the documentation

## Quiz

### length-of-a-row

How long is each row of `scaled(x)`, if no row of `x` is zero?

> A hint: a nudge, never the answer.

- [ ] As long as the row of `x`
- [x] 1, whatever the row of `x`
- [ ] 1 divided by the row's norm

Say why the right one is right and why the tempting one is not.

### shape-of-the-norms

What does this print?

> Which axis is kept?

{predict}

The key is what the code prints.

### scale-rows

Fill in `scaled`: divide each row of `x` `(..., D)`, along its last axis, by its norm; a row of zeros stays one.

> What is the norm of a row of zeros?

{solutions}

What every wrong one misses.
""",
    "zh": """
# {number}. 读者会问什么问题？

用最多三句话回答：搜索会显示这一段，回忆卡片也考这一段。运行：[`snippet.py`](snippet.py)。

## 用法

读者想要的几行代码；每个代码块都与 `snippet.py` 中的某几行一字不差。

{lines}

## 为什么

解释原因，需要时用公式：$\\lVert x / \\lVert x \\rVert \\rVert = 1$。

## 易错点

- **“人们的误解。”** 说明为什么不对。

## 参考

- 论文，或文档的页面

## Quiz

### length-of-a-row

`x` 没有全零的行时，`scaled(x)` 的每一行有多长？

> 提示：只点一下，不给答案。

- [ ] 与 `x` 的那一行一样长
- [x] 总是 1，不管 `x` 的那一行
- [ ] 1 除以那一行的范数

说明为什么对的是对的，诱人的那个错在哪里。

### shape-of-the-norms

这段代码打印什么？

> 哪个维度保留了下来？

{predict}

答案就是代码打印的内容。

### scale-rows

补全 `scaled`：`x` 的形状是 `(..., D)`，沿最后一维把每一行除以它的范数；全零的行仍是零。

> 全零的行，范数是多少？

{solutions}

每个错误的写法漏掉了什么。
""",
}


def new_entry(target: Path, number: int, slug: str, language: str) -> Path:
    """Write an entry that passes ``kb check``; every part of it says what belongs there.

    Args:
        target: the deck's folder, which is made if there is none.
        number: the entry's.
        slug: the rest of its folder's name.
        language: of a deck that is made, and of the entry where the deck has it.

    Returns:
        The entry's folder.

    Raises:
        KbError: the number is taken, or the folder is no place for an entry.
    """
    folder = DeckFolder(target, (language,), target.name or "notes")
    primary = folder.languages[0]
    spoken = primary if primary in PAGES else "en"
    folder.claim(number)
    page = FRONT[spoken].format(area=folder.area) + _filled(PAGES[spoken], CODE | {"number": str(number)})
    return folder.add(number, slug, {f"{primary}.md": page, "snippet.py": _filled(SNIPPET, TEXTS[spoken])})


def _filled(template: str, texts: Mapping[str, str]) -> str:
    """A template with texts for its names; other braces, of formulas and f-strings, stay."""
    for name, text in texts.items():
        template = template.replace(f"{{{name}}}", text)
    return template
