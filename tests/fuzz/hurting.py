"""What hurts: texts, values and documents that programs stumble over, for every fuzz target."""

from typing import Any

import yaml
from hypothesis import strategies as st

from tests.conftest import EN, ZH

_PIECES = (
    *("\ud800", "\udfff", "\udc80x", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\x0c", "\x0b"),
    *("\r", "\r\n", "\n", "\t", " ", "\xa0", "\u3000", "\u200b", "\u200d", "\u2060", "\xad", "\ufeff", "\ufffe"),
    *("\u202e", "\u2066", "\u200f", "e\u0301", "\u0301", "a" + "\u0300" * 50, "\u1100\u1161\u11a8", "\u0600"),
    *("一", "，", "。", "“", "”", "（", "、", "均值", "**最先。**所以", "ｆ", "５", "長", "\U00020000", "ﬁ", "ß", "İ"),
    *("🙂", "👩\u200d👩\u200d👧", "🏳️\u200d🌈", "🇩🇪", "👍🏽", "\U000e0067", "\U0010ffff"),
    *(
        "'",
        '"',
        "`",
        "```",
        "~~~",
        "\\",
        "$",
        "$$",
        "{",
        "}",
        "{}",
        "{0}",
        "{count:a|b}",
        "%s",
        "%",
        "%n",
        "<b>",
        "<!--",
    ),
    *("[", "]", "(", ")", "![", "](", "|", "*", "**", "_", "#", "- ", "> ", "1. ", "---", "[x] ", "[^1]: ", "&#0;"),
    *("\\frac{", "^{", "_{", "\\", "\\left(", "\\text", "x_1", "!!binary ", "&a ", "*a", "<<: ", "? ", ": ", "@", "!"),
    *("0", "-1", "1e999", "nan", "inf", "-0.0", "0x", "1_000", "9" * 400, "9" * 5_000, "None", "null", "true", "[]"),
)
"""Characters and signs, each of which has a meaning somewhere."""

_LONG = (
    "a",
    "一",
    " ",
    "\n",
    "[",
    "(",
    "{",
    "*",
    "`",
    ">",
    "- ",
    "-",
    "\\",
    "'",
    "\u0301",
    "👩\u200d",
    ".",
    "a.",
    "a b ",
)
"""What is said a thousand times."""


def texts() -> st.SearchStrategy[str]:
    """Any text, most of them made of what hurts."""
    runs = st.builds(lambda piece, count: piece * count, st.sampled_from(_LONG), st.sampled_from([30, 300, 3_000]))
    piece = st.sampled_from(_PIECES) | st.text(max_size=8) | st.text(st.characters(codec=None), max_size=4) | runs
    return st.lists(piece, max_size=8).map("".join)


def sound_texts() -> st.SearchStrategy[str]:
    """The same without halves of characters: what can stand in a file."""
    return texts().map(lambda text: text.encode("utf-8", "replace").decode("utf-8"))


def scalars() -> st.SearchStrategy[Any]:
    """Single values as JSON, YAML and TOML have them."""
    numbers = st.sampled_from([0, -1, 2**31, 2**53, 2**63 - 1, 2**63, 10**400]) | st.integers()
    return st.none() | st.booleans() | numbers | st.floats() | texts()


def json_values() -> st.SearchStrategy[Any]:
    """Any value of JSON, deep ones among them."""
    deep = st.builds(_deep, scalars(), st.sampled_from([10, 500, 5_000]))
    return (
        st.recursive(
            scalars(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
            max_leaves=8,
        )
        | deep
    )


def _deep(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


_YAML_VALUES = (
    *("training", "[training]", "1", "3", "[62]", "[a, b, c]", "", "~", "true", ".nan", "-.inf", "2020-02-30", "1:30"),
    *(
        "!!binary aGk=",
        "!!int x",
        "!!python/object:os.system x",
        "&a [*a]",
        "*b",
        "{a: {b: [c]}}",
        "? [1]\n: 2",
        "|\n  a",
    ),
    *("[" * 30, "[" * 60_000, "- " * 60_000, "{a: " * 60_000, "9" * 400, "9" * 5_000, "[1, 1]", "[a, a]", "[[a]]"),
    *(
        '"\\0"',
        '"\\u2028"',
        '"\\ud800"',
        '"\\e[31m"',
        "'a",
        "<<",
        "%YAML 1.1",
        "---",
        "...",
        "[&x 1, *x, *x]",
        "0o7",
        "1_0",
    ),
)


def yaml_documents() -> st.SearchStrategy[str]:
    """Front matters: known keys with wrong values, unknown and doubled keys, and what YAML makes of any value."""
    key = st.sampled_from(["area", "level", "tags", "related", "aliases", "errors", "x", "1", "<<", "? [a]"]) | texts()
    value = st.sampled_from(_YAML_VALUES) | texts() | json_values().map(_dumped)
    lines = st.lists(st.tuples(key, value).map(": ".join), max_size=8)
    laughs = "\n".join(
        ["a0: &a0 [x, x, x]", *(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}, *a{at - 1}]" for at in range(1, 30))]
    )
    return (lines.map("\n".join) | st.just(f"{laughs}\ntags: *a29") | texts()).map(_utf8)


def _dumped(value: Any) -> str:
    try:
        return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True)
    except (RecursionError, yaml.YAMLError, ValueError, UnicodeError):
        return repr(type(value))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


_MARKDOWN_PIECES = (
    *("# 61. T", "# No number", f"# {'9' * 5_000}. T", "## Quiz", "## Pitfalls", "## Sources", "## S", "### id"),
    *("### which-value", "- [x] a", "- [ ] b", "1. [ ] c", "* d", "```python", "```python proof", "```", "~~~", "---"),
    *("> q", "| a | b |\n|--|--|\n| c | d |", "|--|", "$x_1$", "$$\nx\n$$", "    code", "[a]: b", "[^1]: c", "![i](j)"),
    *(
        "<details>",
        "<!-- c -->",
        "<br>",
        "**粗。**细",
        "[a][b]",
        "[snippet](snippet.py)",
        "\\",
        "&amp;",
        "***",
        "=====",
    ),
    *(
        ">" * 30 + " q",
        "- " * 30 + "x",
        "*" * 3_000 + "x" + "*" * 3_000,
        "$" + "{" * 2_000 + "}" * 2_000 + "$",
        "[" * 999,
    ),
    *(
        "".join("  " * at + "- x\n" for at in range(15)),
        "$\\sqrt{\\frac{1}{x^{y^{z}}}}$",
        "$" + "^{" * 300 + "$",
        "1. " * 9,
    ),
)


@st.composite
def markdown_documents(draw: st.DrawFn) -> str:
    """An entry's file with a few things gone wrong: lines cut, doubled, swapped, put in; or made of pieces alone."""
    if draw(st.integers(0, 4)) == 0:
        return _utf8("\n".join(draw(st.lists(st.sampled_from(_MARKDOWN_PIECES) | texts(), max_size=20))))
    lines = draw(st.sampled_from([EN, ZH])).format(number=61).split("\n")
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["cut", "double", "swap", "piece", "text", "end", "indent"])):
            case "cut":
                del lines[at : at + draw(st.integers(1, 5))]
                lines.append("")
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                lines.insert(at, lines.pop(draw(st.integers(0, len(lines) - 1))))
            case "piece":
                lines.insert(at, draw(st.sampled_from(_MARKDOWN_PIECES)))
            case "text":
                lines.insert(at, draw(texts()))
            case "end":
                lines[at] += draw(texts())
            case "indent":
                lines[at:] = [line[1:] for line in lines[at:]]
    return _utf8("\n".join(lines))


@st.composite
def spoilt(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that something happened to: cut, doubled, written over, bits that fell over."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.sampled_from([1, 16, 100, 4_096]))
        match draw(st.sampled_from(["cut", "out", "doubled", "over", "flip", "put in"])):
            case "cut":
                data = data[:at]
            case "out":
                data = data[:at] + data[at + size :]
            case "doubled":
                data = data[: at + size] + data[at:]
            case "over":
                filling = draw(st.sampled_from([b"\x00", b"\xff", b"a", b"\x13"]))
                data = data[:at] + (filling * size)[: max(0, len(data) - at)] + data[at + size :]
            case "flip" if at < len(data):
                data = data[:at] + bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) + data[at + 1 :]
            case "put in":
                data = data[:at] + draw(st.binary(min_size=1, max_size=16)) + data[at:]
    return data
