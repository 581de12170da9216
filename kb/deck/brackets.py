r"""Brackets: formulas as LaTeX itself writes them, ``\( w \)`` in a line and ``\[ z = 1 \]`` by themselves.

Markdown takes ``\(`` and ``\[`` for a bracket that is none of its own, and programs that write Markdown put a backslash
before every bracket: so ``x\[0\]`` and ``\[a link\](b)`` stay what they are. The plugin for such formulas that comes
with the parser takes these too, drops what follows a formula on its line, and keeps the signs of a quote in it.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_BODY = r"((?:[^\\`]|\\[^\[\]()])++)"
r"""Neither another bracket with a backslash, so that a thousand that are never closed are read once, nor code. The
``\\[2pt]`` between two rows is a backslash that stands for itself, and a bracket."""

_INLINE = re.compile(rf"\\\({_BODY}\\\)")
_DISPLAY = re.compile(rf"\\\[{_BODY}\\\]")

_SIGN = re.compile(r"[\\^_=<>+*/]")
"""What a formula has, and words between brackets have not."""


def bracket_math_plugin(parser: MarkdownIt) -> None:
    """Let a parser know these formulas, as tokens of the kinds that those between dollars have."""
    parser.inline.ruler.before("escape", "bracket_math", _in_a_line)
    parser.block.ruler.before("fence", "bracket_math_block", _by_itself)


def _in_a_line(state: StateInline, silent: bool) -> bool:
    is_display = state.src.startswith("\\[", state.pos)
    found = (_DISPLAY if is_display else _INLINE).match(state.src, state.pos, state.posMax)
    if not found or not found[1].strip() or _is_of_a_word(state.src, found.start(), found.end()):
        return False
    if is_display and not _SIGN.search(found[1]):
        return False
    if not silent:
        token = state.push("math_inline_double" if is_display else "math_inline", "math", 0)
        token.content, token.markup = found[1], found[0][:2]
        token.meta = {"place": found.span()}
    state.pos = found.end()
    return True


def _is_of_a_word(text: str, start: int, end: int) -> bool:
    """Whether brackets are an index, a call's, or a link's: letters, digits or other brackets touch them."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    is_after_a_word = before.isascii() and (before.isalnum() or before in ("_", "]", ")"))
    return is_after_a_word or after in ("(", "[", "_")


def _by_itself(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""Lines from one that begins with ``\[`` to one that ends with ``\]``, none of them empty."""
    start = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or not state.src.startswith("\\[", start):
        return False
    lines = [state.src[start : state.eMarks[first]]]
    at = first
    while not lines[-1].rstrip().endswith("\\]"):
        at += 1
        if at >= last or state.isEmpty(at) or state.sCount[at] < state.blkIndent:
            return False
        start = state.bMarks[at] + state.tShift[at]
        if state.src.startswith("\\[", start):
            return False  # and so each line is looked at for one opening bracket alone
        lines.append(state.src[start : state.eMarks[at]])
    found = _DISPLAY.fullmatch("\n".join(lines).rstrip())
    if not found or not found[1].strip():
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.block, token.content, token.markup = True, found[1], "\\["
        token.map = [first, at + 1]
    state.line = at + 1
    return True


def with_dollars(source: str, tokens: list[Token]) -> str:
    r"""A text whose formulas stand between dollars, the only ones that notebooks know.

    Args:
        source: the text.
        tokens: what a parser with the plugin made of it.
    """
    lines = source.split("\n")
    for token in tokens:
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "math_block" and token.markup == "\\[":
            lines[first] = lines[first].replace("\\[", "$$", 1)
            left, _, right = lines[end - 1].rpartition("\\]")
            lines[end - 1] = f"{left}$${right}"
        elif token.type == "inline":
            formulas = [child for child in token.children or () if child.meta.get("place")]
            if formulas:
                _exchange(lines, first, token.content, formulas)
    return "\n".join(lines)


def _exchange(lines: list[str], first: int, content: str, formulas: list[Token]) -> None:
    """Exchange the signs of the formulas of a paragraph or cell, whose words are a part of each of its lines."""
    written = content.split("\n")
    marked = _marked(content, formulas).split("\n")
    for at, (old, new) in enumerate(zip(written, marked, strict=True), first):
        if old != new and at < len(lines):
            lines[at] = lines[at].replace(old, new, 1)


def _marked(content: str, formulas: list[Token]) -> str:
    parts, done = [], 0
    for token in formulas:
        start, end = token.meta["place"]
        dollars = "$" if token.type == "math_inline" else "$$"
        # A dollar with a space beside it is a price to many readers of Markdown; the end of a line stays one.
        parts += [content[done:start], dollars, content[start + 2 : end - 2].strip(" \t"), dollars]
        done = end
    return "".join([*parts, content[done:]])
