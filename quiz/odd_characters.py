"""Odd characters: those that look like Python's own and are none, as keyboards and web pages put them into code."""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_PLAIN = {
    **dict.fromkeys("“”„‟〝〞", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    "。": ".",
    "、": ",",
    "【": "[",
    "】": "]",
    "〔": "[",
    "〕": "]",
    "《": "<",
    "》": ">",
    "｛": "{",
    "｝": "}",
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "*",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "…": "...",
}
"""What Python takes in the place of a character."""

_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
"""Characters of no width, which are only in the way."""


class Odd(NamedTuple):
    """One odd character outside strings and comments."""

    line: int
    """Its line, from 1."""
    character: str
    plain: str
    """What Python takes in its place."""


def plain_spaces(code: str) -> str:
    """Code whose spaces outside strings are all ordinary ones. Python takes no others, so nothing it means is lost."""
    at_code = set(_outside(code))
    return "".join(
        (_plain_space(char) if at in at_code else char).translate(_NOTHING if at in at_code else {})
        for at, char in enumerate(code)
    )


def plain_indentation(line: str) -> str:
    """A line that begins with ordinary spaces and tabs alone."""
    rest = line.lstrip().lstrip("\ufeff\u200b").lstrip()
    start = line[: len(line) - len(rest)].translate(_NOTHING)
    return "".join(map(_plain_space, start)) + rest


def odd_characters(code: str) -> Iterator[Odd]:
    """Those of a text that are not inside of its strings and comments."""
    for at in _outside(code):
        if (plain := _plain_of(code[at])) is not None:
            yield Odd(code.count("\n", 0, at) + 1, code[at], plain)


def _plain_of(char: str) -> str | None:
    if char in _PLAIN:
        return _PLAIN[char]
    if "\uff01" <= char <= "\uff5e":  # the full-width forms of ASCII
        return unicodedata.normalize("NFKC", char)
    return None


def _plain_space(char: str) -> str:
    if unicodedata.category(char) != "Zs" or char == " ":
        return char
    return "  " if unicodedata.east_asian_width(char) == "F" else " "  # as wide as it is shown


def _outside(code: str) -> Iterator[int]:
    """Places of the characters that are part of no string and no comment. Never raises, whatever the text."""
    at, end = 0, len(code)
    while at < end:
        char = code[at]
        if char == "#":
            at = _found(code, "\n", at)
        elif char in "\"'":
            at = _string_end(code, at)
        else:
            yield at
            at += 1


def _string_end(code: str, at: int) -> int:
    """The place behind a string that begins there; one in single quotes that is not closed ends with its line."""
    quote = code[at] * 3 if code.startswith(code[at] * 3, at) else code[at]
    at += len(quote)
    while at < len(code):
        if code.startswith(quote, at):
            return at + len(quote)
        if code[at] == "\n" and len(quote) == 1:
            return at
        at += 2 if code[at] == "\\" else 1
    return len(code)


def _found(code: str, what: str, start: int) -> int:
    at = code.find(what, start)
    return len(code) if at < 0 else at
