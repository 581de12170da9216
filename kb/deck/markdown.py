"""Markdown: source in, blocks out, with a complaint for whatever a terminal could not show."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from kb.deck.brackets import bracket_math_plugin, with_dollars
from kb.deck.formula import readable
from kb.deck.prose import MAX_LEVEL, misread
from kb.deck.text import Block, Span, bare_lines
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


@lru_cache(maxsize=1)
def read_markdown(source: str) -> Reading:
    """Read a Markdown text; the last one is kept, as some ask for a text and then for what lies in it.

    What a terminal cannot show (HTML, images) and what lies too deep is kept as text and complained about.
    """
    env: dict[str, Any] = {"misread": []}
    root = SyntaxTreeNode(_parser().parse(source, env))
    complaints: list[tuple[int, str]] = [*env["misread"], *_unused_definitions(env, root)]
    reader = _Reader(bare_lines(source), complaints)
    front_matter = None
    blocks = []
    for node in root.children:
        if node.type == "front_matter":
            front_matter = node.content
        else:
            blocks.append(reader.block(node))
    return Reading(front_matter, tuple(blocks), tuple(complaints))


def headings(source: str) -> list[tuple[int, int, str]]:
    """Line, level and text of every top-level heading, in the order of the file."""
    return [
        (block.line, int(block.info), block.text) for block in read_markdown(source).blocks if block.kind == "heading"
    ]


def dollared(source: str) -> str:
    """A text whose formulas all stand between dollars: readers of notebooks know no others."""
    return with_dollars(source, _parser().parse(source, {"misread": []}))


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
    bracket_math_plugin(parser)
    parser.core.ruler.before("inline", "first_dollar", _end_with_no_digit)
    parser.core.ruler.after("inline", "misread", _look_for_misread)
    return parser


def _look_for_misread(state: StateCore) -> None:
    """Note what is read otherwise than it was meant; what lies too deep becomes text again."""
    for token in state.tokens:
        if token.type != "inline" or not token.children:
            continue
        line = token.map[0] + 1 if token.map else 1
        if max(child.level for child in token.children) > MAX_LEVEL:
            words = Message("emphasis nested too deep; write it plainer")
            state.env["misread"].append((line, words))
            token.children = [Token("text", "", 0, content=token.content)]
        state.env["misread"] += [(line, message) for message in misread(token.children)]


def _unused_definitions(env: dict[str, Any], root: SyntaxTreeNode) -> Iterator[tuple[int, str]]:
    """Addresses of links that no link refers to: they would vanish, and so would a footnote's text."""
    used = {node.attrs.get("href", node.attrs.get("src")) for node in root.walk() if node.type in ("link", "image")}
    definitions = [*env.get("references", {}).items(), *((one["label"], one) for one in env.get("duplicate_refs", ()))]
    for label, definition in definitions:
        if label.startswith("^"):
            what = Message("a footnote ([{label}]) cannot be shown in a terminal; write it into the text", label=label)
        elif definition["href"] not in used:
            what = Message("nothing refers to the address [{label}]; take it out", label=label)
        else:
            continue
        yield definition["map"][0] + 1, what


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


class _Reader:
    """Makes blocks of the parser's nodes."""

    def __init__(self, lines: list[str], complaints: list[tuple[int, str]]) -> None:
        self.lines = lines
        self.complaints = complaints

    def block(self, node: SyntaxTreeNode) -> Block:
        line, end = _place(node)
        match node.type:
            case "heading":
                return Block("heading", self.inline(node), info=node.tag[1:], line=line, end=end)
            case "paragraph":
                return Block("paragraph", self.inline(node), line=line, end=end)
            case "fence":
                return Block("code", (Span(node.content),), info=" ".join(node.info.split()), line=line, end=end)
            case "code_block":
                self.complaints.append(
                    (line, Message("an indented code block; put it between ``` lines with an info string"))
                )
                return Block("code", (Span(node.content),), line=line, end=end)
            case "math_block" | "math_block_label":
                return Block("formula", (_formula(node.content),), line=line, end=end)
            case "bullet_list" | "ordered_list":
                start = str(node.attrs.get("start", 1)) if node.type == "ordered_list" else ""
                return Block("list", info=start, children=self.blocks(node), line=line, end=end)
            case "list_item":
                return _task(Block("item", children=self.blocks(node), line=line, end=end))
            case "blockquote":
                return Block("quote", children=self.blocks(node), line=line, end=end)
            case "hr":
                return Block("rule", line=line, end=end)
            case "table":
                rows = [row for part in node.children for row in part.children]
                return Block("table", children=tuple(self.row(row) for row in rows), line=line, end=end)
        self.complaints.append(
            (
                line,
                Message(
                    "Markdown of the kind {type!r} cannot be shown in a terminal; write it as plain text",
                    type=node.type,
                ),
            )
        )
        return Block("paragraph", (Span(node.content or ""),), line=line, end=end)

    def blocks(self, node: SyntaxTreeNode) -> tuple[Block, ...]:
        """What lies inside a list, an item or a quote; the parser leaves out what lies deeper than it counts."""
        line, end = _place(node)
        is_lost = not node.children and node.level + 1 >= _parser().options["maxNesting"]
        text = " ".join(" ".join(self.lines[line - 1 : end]).split()) if is_lost else ""
        if not text:
            return tuple(self.block(child) for child in node.children)
        self.complaints.append((line, Message("lists or quotes nested too deep; write them flatter")))
        return (Block("paragraph", (Span(text),), line=line, end=end),)

    def row(self, node: SyntaxTreeNode) -> Block:
        line, end = _place(node)
        return Block(
            "row",
            children=tuple(Block("cell", self.inline(cell), line=line, end=end) for cell in node.children),
            line=line,
            end=end,
        )

    def inline(self, node: SyntaxTreeNode) -> tuple[Span, ...]:
        spans: list[Span] = []
        for inline in node.children:
            for child in inline.children if inline.type == "inline" else [inline]:
                self.spans(child, "", spans)
        return _joined(spans)

    def spans(self, node: SyntaxTreeNode, style: str, spans: list[Span]) -> None:
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
                    self.spans(child, node.type, spans)
            case "link":
                inside: list[Span] = []
                for child in node.children:
                    self.spans(child, "", inside)
                spans.append(Span("".join(span.text for span in inside), "link", str(node.attrs.get("href", ""))))
            case "image":
                self.complaints.append(
                    (_place(node)[0], Message("an image cannot be shown in a terminal; describe it in words"))
                )
                spans.append(Span(node.content, style))
            case _:
                spans.append(Span(node.content or "", style))


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
