"""HTML of an answer's blocks: for cards and for pages, which differ in their formulas and in where links lead."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from kb.deck.text import Block, Span

SAFE = ("https://", "http://", "mailto:", "#")
"""How an address begins that a page may lead to, beside those of its own."""


@dataclass(frozen=True, slots=True)
class Form:
    """What differs between the places that HTML is made for."""

    formula: Callable[[str, bool], str]
    """LaTeX, and whether it stands by itself, to HTML."""
    link: Callable[[str], str]
    """A link's address to the one that is written; empty for none."""
    code: Callable[[str, str], str]
    """Code and its info string to HTML."""


def html_of(blocks: Iterable[Block], form: Form) -> str:
    """Blocks as HTML."""
    return "\n".join(_block(block, form) for block in blocks)


def spans_html(spans: Iterable[Span], form: Form) -> str:
    """A stretch of text as HTML."""
    return "".join(_span(span, form) for span in spans)


def _span(span: Span, form: Form) -> str:
    text = escape(span.text, quote=False)
    match span.style:
        case "code":
            return f"<code>{text}</code>"
        case "strong":
            return f"<strong>{text}</strong>"
        case "em":
            return f"<em>{text}</em>"
        case "formula":
            return form.formula(span.source, False)
        case "break":
            return "<br>"
        case "link":
            address = form.link(span.source)
            return f'<a href="{escape(address)}">{text}</a>' if address else text
    return text


def _block(block: Block, form: Form) -> str:
    inside = spans_html(block.spans, form)
    match block.kind:
        case "heading":
            return f"<h{block.info}>{inside}</h{block.info}>"
        case "paragraph":
            return f"<p>{inside}</p>"
        case "code":
            return form.code(block.text, block.info)
        case "formula":
            return form.formula(block.spans[0].source, True)
        case "list":
            start = f' start="{escape(block.info)}"' if block.info not in ("", "1") else ""
            tag = "ol" if block.info else "ul"
            return f"<{tag}{start}>\n{html_of(block.children, form)}\n</{tag}>"
        case "item":
            return f"<li>{_item(block, form)}</li>"
        case "quote":
            return f"<blockquote>\n{html_of(block.children, form)}\n</blockquote>"
        case "rule":
            return "<hr>"
        case "table":
            return _table(block, form)
    return f"<p>{inside}</p>"


def _item(block: Block, form: Form) -> str:
    """A point of a list; one paragraph needs no mark of its own."""
    mark = {"x": "☑ ", " ": "☐ "}.get(block.info, "")
    if len(block.children) == 1 and block.children[0].kind == "paragraph":
        return mark + spans_html(block.children[0].spans, form)
    return mark + html_of(block.children, form)


def _table(block: Block, form: Form) -> str:
    rows = []
    for at, row in enumerate(block.children):
        tag = 'th scope="col"' if at == 0 else "td"
        cells = "".join(f"<{tag}>{spans_html(cell.spans, form)}</{tag[:2]}>" for cell in row.children)
        rows.append(f"<tr>{cells}</tr>")
    head, body = rows[:1], rows[1:]
    inside = f"<thead>{''.join(head)}</thead>\n<tbody>\n" + "\n".join(body) + "\n</tbody>"
    return f'<div class="wide" tabindex="0"><table>\n{inside}\n</table></div>'


def python_html(code: str) -> str:
    """Python code with its words marked by class: ``k`` keywords, ``s`` strings, ``c`` comments, ``n`` names, ``l``
    literals; an empty line stays one."""
    from kb.screen.highlight import python_lines

    short = {"keyword": "k", "string": "s", "comment": "c", "name": "n", "literal": "l"}
    lines = []
    for line in python_lines(code.rstrip("\n")):
        parts = []
        for text, style in line:
            words = escape(text, quote=False)
            parts.append(f'<span class="{short[style]}">{words}</span>' if style in short else words)
        lines.append("".join(parts))
    return "\n".join(lines)
