"""The older form: one file a chapter. Nothing of the text is lost or attached to the wrong entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deck.chapters import Part, PartKind, split_chapter

CHAPTER = """# Chapter 7

- [61. What is a head?](#61)
- [62. What is a mask?](#62)

61. What is a head?
62. What is a mask?



## 61. What is a head with $k^2$ weights?


It is a layer, $y = Wx$, and

$$
\\sum_i x_i
$$

```
## 62. A heading inside a fence is code
```

~~~text
## 63. and here
~~~

### A part of it

Text of 61.
## 62. What is a mask?

```python
x = 1
```

## 65、编号有空缺也可以

文字。

# Chapter 8

Introduction.

## 71. The next

Text.
"""


def numbers(parts: tuple[Part, ...]) -> list[int]:
    """Numbers of the entries."""
    return [part.number for part in parts if part.kind is PartKind.ENTRY]


def test_entries_keep_what_is_theirs() -> None:
    """Lists before, fences, formulas and gaps in the numbers: each text stays with its entry."""
    parts, trouble = split_chapter(CHAPTER)
    assert numbers(parts) == [61, 62, 65, 71]
    assert trouble == ()
    by_number = {part.number: part for part in parts if part.kind is PartKind.ENTRY}
    assert "Text of 61." in by_number[61].source
    assert "inside a fence" in by_number[61].source
    assert by_number[61].body.startswith("It is a layer")
    assert by_number[62].body == "```python\nx = 1\n```"
    assert by_number[65].title == "编号有空缺也可以"
    assert "Introduction." not in by_number[65].source
    assert [part.kind for part in parts if part.kind is not PartKind.ENTRY] == [PartKind.PREAMBLE, PartKind.OTHER]


def test_questions_listed_as_headings_are_no_entries() -> None:
    """A list of the questions in the form of headings belongs to the preamble."""
    source = "## 61. One?\n## 62. Two?\n\n## 61. One?\n\nYes.\n\n## 62. Two?\n\nNo.\n"
    parts, trouble = split_chapter(source)
    assert numbers(parts) == [61, 62]
    assert [part.body for part in parts if part.kind is PartKind.ENTRY] == ["Yes.", "No."]
    assert trouble == ()
    assert source == "".join(part.source for part in parts)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("## 61. A\n\nx\n\n## 61. B\n\ny\n", (5, "a second entry 61; give it a number of its own")),
        ("## 61. A\n\n## 62. B\n\ny\n", (1, "entry 61 is empty; write its answer or take it out")),
    ],
)
def test_doubtful_parts_are_told(source: str, expected: tuple[int, str]) -> None:
    """Numbers that come twice and entries without an answer are named with their line."""
    assert expected in split_chapter(source)[1]


LINES = st.sampled_from(
    [
        "## 61. T",
        "## 62) T",
        "# C",
        "## S",
        "### 63. deep",
        "```",
        "~~~",
        "```py",
        "text",
        "",
        "$$",
        "> ## 64. q",
        "- ## 65. l",
        "    ## 66. code",
        "61. list",
        "T\n---",
        "66. T\n---",
        "\x0c## 67. ff",
        "\u2028## 68. ls",
        "<!--",
        "-->",
    ]
)


@given(st.lists(st.tuples(LINES | st.text(max_size=12), st.sampled_from(["\n", "\r\n", "\r", ""])), max_size=30))
def test_nothing_is_lost(pieces: list[tuple[str, str]]) -> None:
    """The parts put together are the file, whatever it holds."""
    source = "".join(text + end for text, end in pieces)
    parts, _ = split_chapter(source)
    assert source == "".join(part.source for part in parts)
