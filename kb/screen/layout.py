"""Layout: blocks in, lines of styled pieces out, wrapped to a width in terminal cells.

Chinese may break between any two characters, but no line begins with closing punctuation and none ends with an
opening one.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from kb.screen.width import graphemes, width_of

if TYPE_CHECKING:
    from kb.deck.text import Block, Span  # for their names alone: a search shows no blocks

Piece = tuple[str, str]
"""Text and the name of its style."""
Line = list[Piece]

CLOSING = frozenset("，。：；？！）、》」』】”’…～%,.;:!?)]}")
OPENING = frozenset("（《「『【“‘([{")

NO_WRAP = 1_000_000
"""A width that nothing reaches: for output that is no terminal's."""

Colour = Callable[[str], list[Line]]
"""Python code in, its lines with styles out."""


# A NamedTuple: a frozen dataclass takes 0.5 ms to make, at every start.
class Style(NamedTuple):
    """How blocks are to look."""

    width: int
    """Terminal cells a line may take."""
    is_plain: bool
    """Without colours, structure is shown by characters: ``##`` before headings, backquotes around code."""
    link: "Callable[[Span], Line]"
    """How a link is shown."""
    colour: Colour
    """How code is coloured."""


def lay_out(blocks: "Iterable[Block]", style: Style) -> list[Line]:
    """The lines of a text, with an empty line between blocks."""
    lines: list[Line] = []
    for block in blocks:
        if lines:
            lines.append([])
        lines += _block(block, style)
    return lines


def pieces(spans: "Iterable[Span]", style: Style) -> Line:
    """Spans as styled pieces; ``\\n`` where a new line is forced."""
    line: Line = []
    for span in spans:
        if span.style == "link":
            line += style.link(span)
        elif span.style == "break":
            line.append(("\n", ""))
        elif span.style == "code" and style.is_plain:
            line.append((f"`{span.text}`", ""))
        else:
            line.append((span.text, span.style))
    return line


def wrap(line: Line, width: int, first: str = "", rest: str | None = None) -> list[Line]:
    """Break a line of pieces so that none is wider than ``width`` cells.

    Args:
        line: the pieces; a ``\\n`` in them forces a new line.
        width: cells.
        first: what stands before the first line.
        rest: what stands before the others; spaces as wide as ``first`` if left out.
    """
    rest = " " * width_of(first) if rest is None else rest
    lines: list[Line] = []
    current: Line = [(first, "")] if first else []
    used, is_empty, space = width_of(first), True, 0

    def start_next() -> None:
        nonlocal current, used, is_empty, space
        lines.append(current)
        current, used, is_empty, space = ([(rest, "")] if rest else []), width_of(rest), True, 0

    for unit in _units(line):
        text = "".join(char for char, _ in unit)
        if text == "\n":
            start_next()
            continue
        if text == " ":
            space = 0 if is_empty else 1
            continue
        size = width_of(text)
        if not is_empty and used + space + size > width:
            start_next()
        if space:
            current.append((" ", unit[0][1] if current and current[-1][1] == unit[0][1] else ""))
            used += 1
            space = 0
        for char, style in unit:
            size = width_of(char)
            if not is_empty and used + size > width:
                start_next()  # a word wider than the line
            current.append((char, style))
            used += size
            is_empty = False
    lines.append(current)
    return [_joined(one) for one in lines]


def flow(parts: Iterable[Line], width: int, between: str = " · ") -> list[Line]:
    """Parts one after the other, each whole on a line unless it is wider than one; no line begins with what is between
    them."""
    lines: list[Line] = []
    used = 0
    for part in parts:
        size = sum(width_of(text) for text, _ in part)
        if lines and used + width_of(between) + size <= width:
            lines[-1] = [*lines[-1], (between, "dim"), *part]
            used += width_of(between) + size
        else:
            lines += wrap(part, width)
            used = sum(width_of(text) for text, _ in lines[-1])
    return lines


def clip(text: str, width: int) -> str:
    """A text cut to a width, with an ellipsis where something is missing."""
    if width_of(text) <= width:
        return text
    out, used = "", 0
    for char in graphemes(text):
        used += width_of(char)
        if used > width - 1:
            break
        out += char
    return out + "…"


def pad(text: str, width: int) -> str:
    """A text filled with spaces to a width."""
    return text + " " * max(0, width - width_of(text))


def _units(line: Line) -> Iterable[list[Piece]]:
    """The pieces of a line that must stay together: words, single wide characters, spaces, with punctuation glued to
    what it closes or opens. Each piece of one is a grapheme."""
    unit: list[Piece] = []
    for text, style in line:
        for char in graphemes(text):
            if char in " \n":
                if unit:
                    yield unit
                yield [(char, style)]
                unit = []
                continue
            if unit and _may_break(unit[-1][0], char):
                yield unit
                unit = []
            unit.append((char, style))
    if unit:
        yield unit


def _may_break(before: str, after: str) -> bool:
    if after[0] in CLOSING or before[0] in OPENING:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(char: str) -> bool:
    return char > "\u1100" and width_of(char) == 2


def _joined(line: Line) -> Line:
    out: Line = []
    for text, style in line:
        if out and out[-1][1] == style:
            out[-1] = (out[-1][0] + text, style)
        else:
            out.append((text, style))
    return out


def _block(block: "Block", style: Style) -> list[Line]:
    match block.kind:
        case "heading":
            mark = "#" * int(block.info or 1) + " " if style.is_plain else ""
            return wrap([(text, kind or "heading") for text, kind in pieces(block.spans, style)], style.width, mark)
        case "code":
            return code_lines(block.text, block.info, style)
        case "formula":
            return [line for text in block.text.splitlines() for line in wrap([(text, "formula")], style.width, "    ")]
        case "list":
            return _list(block, style)
        case "quote":
            return [[("│ ", "dim"), *line] for line in lay_out(block.children, _narrower(style, 2))]
        case "table":
            return _table(block, style)
        case "rule":
            return [[("─" * min(style.width, 40), "dim")]]
    return wrap(pieces(block.spans, style), style.width)


def code_lines(code: str, info: str, style: Style, indent: str = "  ") -> list[Line]:
    """Code, indented; a line that is too wide goes on below, further in."""
    source = code.rstrip("\n")
    lines = [[(text, "")] for text in source.split("\n")]
    if info.startswith("python") and not style.is_plain:
        lines = style.colour(source)
    out: list[Line] = []
    for line in lines:
        text = "".join(piece for piece, _ in line)
        deeper = " " * (len(text) - len(text.lstrip()) + 4)
        out += fold([(indent, ""), *line], style.width, indent + deeper)
    return out


def diff_lines(before: str, after: str, names: tuple[str, str], width: int) -> list[Line]:
    """What changed between two texts, as a unified diff; nothing if nothing did."""
    import difflib  # deferred: only a comparison needs it

    styles = {"+": "good", "-": "bad", "@": "dim"}
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
    return [piece for line in lines for piece in fold([(line, styles.get(line[:1], ""))], width, "    ")]


def fold(line: Line, width: int, rest: str) -> list[Line]:
    """Cut a line of code at the width, if possible in its second half: before a comment, at a space, behind a sign.

    Args:
        line: of code.
        width: cells of a line.
        rest: what the further lines begin with; a comment that goes on there has its sign again.
    """
    rest = rest if width_of(rest) < width // 2 else ""
    out: list[Line] = []
    current: Line = []
    used = 0
    for char, kind in ((char, kind) for text, kind in line for char in graphemes(text)):
        size = width_of(char)
        if used + size > width:
            cut = _cut(current, char)
            goes_on = kind == "comment" and cut > 0 and current[cut - 1][1] == kind and width_of(rest) + 2 < width // 2
            begins = f"{rest}# " if goes_on else rest
            out.append(_joined(current[:cut]))
            kept = current[cut:] if cut < len(current) or char != " " else []
            current = [*((one, kind if goes_on else "") for one in begins), *kept]
            used = sum(width_of(one) for one, _ in current)
            if char == " " and not kept:
                continue  # the end of the line stands for it
        current.append((char, kind))
        used += size
    return [*out, _joined(current)]


_BEHIND = frozenset(",([{.=+-*/:")
"""Signs behind which code goes on in another line as well as not."""


def _cut(current: Line, following: str) -> int:
    """Where a line that is full is cut: how much of it stays."""
    full, half = len(current), len(current) // 2
    marks = (at for at in range(half, full) if current[at][0] == "#" and current[at][1] == "comment")
    begun = next((at for at in marks if current[at - 1][1] != "comment" and at > half), None)
    if begun is not None:
        return begun
    if following == " ":
        return full
    spaces = (at for at in range(full, half, -1) if current[at - 1][0] == " ")
    signs = (at for at in range(full, half, -1) if current[at - 1][0] in _BEHIND)
    return next(spaces, 0) or next(signs, full)


def _narrower(style: Style, by: int) -> Style:
    return Style(max(10, style.width - by), style.is_plain, style.link, style.colour)


def _list(block: "Block", style: Style) -> list[Line]:
    lines: list[Line] = []
    number = int(block.info) if block.info.isdigit() else None
    is_loose = any(len(item.children) > 1 for item in block.children)
    for at, item in enumerate(block.children):
        if item.info:
            mark = "[x] " if item.info == "x" else "[ ] "
        else:
            mark = f"{number + at}. " if number is not None else ("- " if style.is_plain else "• ")
        inside = lay_out(item.children, _narrower(style, len(mark))) or [[]]
        if lines and is_loose:
            lines.append([])
        lines += [[(mark if row == 0 else " " * len(mark), ""), *line] for row, line in enumerate(inside)]
    return lines


def _table(block: "Block", style: Style) -> list[Line]:
    rows = [[pieces(cell.spans, style) for cell in row.children] for row in block.children]
    columns = max(len(row) for row in rows)
    for row in rows:
        row.extend([[] for _ in range(columns - len(row))])
    gap = 2
    natural = [max(sum(width_of(text) for text, _ in row[column]) for row in rows) for column in range(columns)]
    least = [max(_longest(row[column]) for row in rows) for column in range(columns)]
    widths = _shared(natural, least, max(columns * 4, style.width - gap * (columns - 1)))
    lines: list[Line] = []
    for at, row in enumerate(rows):
        cells = [wrap(cell, widths[column]) for column, cell in enumerate(row)]
        for height in range(max(len(cell) for cell in cells)):
            line: Line = []
            for column, cell in enumerate(cells):
                content = cell[height] if height < len(cell) else []
                line += [(text, kind or ("strong" if at == 0 else "")) for text, kind in content]
                if column < columns - 1:
                    used = sum(width_of(text) for text, _ in content)
                    line.append((" " * (widths[column] - used + gap), ""))
            lines.append(line)
        if at == 0:
            lines.append([("  ".join("─" * width for width in widths), "dim")])
    return lines


def _longest(line: Line) -> int:
    """The width of what cannot be broken."""
    return max((width_of("".join(char for char, _ in unit)) for unit in _units(line)), default=0)


def _shared(natural: list[int], least: list[int], room: int) -> list[int]:
    """Column widths that fit: the widest give way first, and words are broken only where nothing else is left."""
    widths = [max(1, width) for width in natural]
    for floors in (least, [4] * len(natural)):
        while sum(widths) > room:
            loose = [column for column, width in enumerate(widths) if width > max(4, floors[column])]
            if not loose:
                break
            widths[max(loose, key=widths.__getitem__)] -= 1
    return widths
