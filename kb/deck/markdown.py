"""Markdown: source in, blocks out, with a complaint for whatever a terminal could not show."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from kb.deck.formula import readable
from kb.deck.text import Block, Span
from kb.errors import Message


@dataclass(frozen=True, slots=True)
class Reading:
    """A Markdown file, read."""

    front_matter: str | None
    """The YAML between the first two ``---`` lines, or None."""
    blocks: tuple[Block, ...]
    """The top level of the text."""
    complaints: tuple[tuple[int, str], ...]
    """Line and message of what cannot be shown."""


def read_markdown(source: str) -> Reading:
    """Read a Markdown text.

    Never fails: what a terminal cannot show (HTML, images) is kept as text and complained about.
    """
    complaints: list[tuple[int, str]] = []
    root = SyntaxTreeNode(_parser().parse(source))
    front_matter = None
    blocks = []
    for node in root.children:
        if node.type == "front_matter":
            front_matter = node.content
        else:
            blocks.append(_block(node, complaints))
    return Reading(front_matter, tuple(blocks), tuple(complaints))


def headings(source: str) -> list[tuple[int, int, str]]:
    """Line, level and text of every top-level heading, in the order of the file."""
    return [
        (block.line, int(block.info), block.text) for block in read_markdown(source).blocks if block.kind == "heading"
    ]


def split_lines(source: str) -> list[str]:
    """The lines of a text with their ends, as Markdown counts them: a form feed or U+2028 ends none."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", source)


def walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Every block, from the outside in."""
    for block in blocks:
        yield block
        yield from walk(block.children)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    front_matter_plugin(parser)
    # A price ($5) or a shell variable is no formula: no space inside the dollars, no digit after them.
    dollarmath_plugin(parser, allow_space=False, allow_digits=False, double_inline=True)
    parser.core.ruler.before("inline", "first_dollar", _end_with_no_digit)
    return parser


def _end_with_no_digit(state: StateCore) -> None:
    """Put a space after a text that begins with a formula and ends with a digit.

    The formula's rule refuses a dollar after a digit, and takes the last character for the one before the first.
    """
    for token in state.tokens:
        if token.type == "inline" and token.content[:1] == "$" and token.content[-1].isdigit():
            token.content += " "


def _place(node: SyntaxTreeNode) -> tuple[int, int]:
    """First and last line of a node, from 1; those of the nearest node above it where it has none of its own."""
    at: SyntaxTreeNode | None = node
    while at is not None:
        if not at.is_root and at.map is not None:
            return at.map[0] + 1, at.map[1]
        at = at.parent
    return 1, 1


def _block(node: SyntaxTreeNode, complaints: list[tuple[int, str]]) -> Block:
    line, end = _place(node)
    match node.type:
        case "heading":
            return Block("heading", _inline(node, complaints), info=node.tag[1:], line=line, end=end)
        case "paragraph":
            return Block("paragraph", _inline(node, complaints), line=line, end=end)
        case "fence":
            return Block("code", (Span(node.content),), info=" ".join(node.info.split()), line=line, end=end)
        case "code_block":
            complaints.append((line, Message("an indented code block; put it between ``` lines with an info string")))
            return Block("code", (Span(node.content),), line=line, end=end)
        case "math_block" | "math_block_label":
            return Block("formula", (_formula(node.content),), line=line, end=end)
        case "bullet_list" | "ordered_list":
            start = str(node.attrs.get("start", 1)) if node.type == "ordered_list" else ""
            return Block("list", info=start, children=_blocks(node, complaints), line=line, end=end)
        case "list_item":
            return _task(Block("item", children=_blocks(node, complaints), line=line, end=end))
        case "blockquote":
            return Block("quote", children=_blocks(node, complaints), line=line, end=end)
        case "hr":
            return Block("rule", line=line, end=end)
        case "table":
            rows = [row for part in node.children for row in part.children]
            return Block("table", children=tuple(_row(row, complaints) for row in rows), line=line, end=end)
    complaints.append(
        (
            line,
            Message(
                "Markdown of the kind {type!r} cannot be shown in a terminal; write it as plain text", type=node.type
            ),
        )
    )
    return Block("paragraph", (Span(node.content or ""),), line=line, end=end)


def _blocks(node: SyntaxTreeNode, complaints: list[tuple[int, str]]) -> tuple[Block, ...]:
    return tuple(_block(child, complaints) for child in node.children)


def _row(node: SyntaxTreeNode, complaints: list[tuple[int, str]]) -> Block:
    line, end = _place(node)
    return Block(
        "row",
        children=tuple(Block("cell", _inline(cell, complaints), line=line, end=end) for cell in node.children),
        line=line,
        end=end,
    )


def _task(item: Block) -> Block:
    """An item that begins with ``[ ]`` or ``[x]`` becomes a task: the mark moves into its info."""
    if not item.children or item.children[0].kind != "paragraph" or not item.children[0].spans:
        return item
    paragraph, *rest = item.children
    first, *others = paragraph.spans
    mark = first.text[:4]
    if first.style or mark not in ("[ ] ", "[x] ", "[X] "):
        return item
    spans = (Span(first.text[4:]), *others) if first.text[4:] else tuple(others)
    info = "x" if mark[1] in "xX" else " "
    return Block(
        "item",
        info=info,
        children=(Block("paragraph", spans, line=paragraph.line, end=paragraph.end), *rest),
        line=item.line,
        end=item.end,
    )


def _inline(node: SyntaxTreeNode, complaints: list[tuple[int, str]]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for inline in node.children:
        for child in inline.children if inline.type == "inline" else [inline]:
            _spans(child, "", spans, complaints)
    return _joined(spans)


def _spans(node: SyntaxTreeNode, style: str, spans: list[Span], complaints: list[tuple[int, str]]) -> None:
    match node.type:
        case "text":
            spans.append(Span(node.content, style))
        case "softbreak":
            spans.append(Span("\n", style))
        case "hardbreak":
            spans.append(Span("\n", "break"))
        case "code_inline":
            spans.append(Span(node.content, "code"))
        case "math_inline" | "math_inline_double":
            spans.append(_formula(node.content))
        case "strong" | "em":
            for child in node.children:
                _spans(child, node.type, spans, complaints)
        case "link":
            inside: list[Span] = []
            for child in node.children:
                _spans(child, "", inside, complaints)
            spans.append(Span("".join(span.text for span in inside), "link", str(node.attrs.get("href", ""))))
        case "image":
            complaints.append(
                (_place(node)[0], Message("an image cannot be shown in a terminal; describe it in words"))
            )
            spans.append(Span(node.content, style))
        case _:
            spans.append(Span(node.content or "", style))


def _formula(latex: str) -> Span:
    return Span(readable(latex.strip()), "formula", latex.strip())


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Merge neighbours of one style; a line's end becomes a space, except between two wide characters."""
    out: list[Span] = []
    for at, span in enumerate(spans):
        if span.text == "\n" and span.style != "break":
            before = out[-1].text[-1:] if out else ""
            after = spans[at + 1].text[:1] if at + 1 < len(spans) else ""
            span = Span("" if _is_wide(before) and _is_wide(after) else " ", span.style)
        if not span.text:
            continue
        if out and span.style in ("", "strong", "em") and out[-1].style == span.style:
            out[-1] = Span(out[-1].text + span.text, span.style)
        else:
            out.append(span)
    if out and out[-1].text.endswith(" ") and not out[-1].style:
        out[-1] = Span(out[-1].text.rstrip(" "))
    return tuple(out)


def _is_wide(char: str) -> bool:
    return bool(char) and unicodedata.east_asian_width(char) in "WF"
