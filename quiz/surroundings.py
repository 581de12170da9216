"""Surroundings: what of the snippet was pasted with the lines for a hole, and what of it is the lines themselves.

Two ways lead to them. Lines of the snippet that stand unchanged before and after are known by themselves, however they
are indented and commented. A ``def`` that was written anew is known by its name, and its body is taken.
"""

import ast
import re
from typing import NamedTuple

from kb.deck.script import Hole, Snippet, parse_python
from kb.deck.text import bare_lines
from kb.errors import KbError, Message

BLANK = "..."
"""What stands in the place of lines that are not shown."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Cut(NamedTuple):
    """The learner's lines, out of what stood around them."""

    lines: list[str]
    what: Message
    """Where they stood."""
    is_sure: bool = True
    """Whether the snippet's own lines stand before them, and they end where the hole does."""


def depth_of(line: str) -> int:
    """How many characters of white space a line begins with."""
    return len(line) - len(line.lstrip())


def blanked(snippet: Snippet, *but: str) -> str:
    """The snippet without the lines in its holes, whose solutions are other questions' keys.

    Args:
        snippet: the entry's.
        but: names of holes that stay, with the comments that mark them; those of the others go too.
    """
    lines = bare_lines(snippet.source)
    for hole in reversed(snippet.holes):
        if hole.name not in but:
            lines[hole.first - 1 : hole.end + 1] = [hole.indent + BLANK]
    return "\n".join(lines) + "\n"


def hole_marks(lines: list[str], name: str) -> tuple[int, int]:
    """Places of the comments that open a hole and close it, the second behind it; -1 for a missing one."""
    mark = re.compile(rf"\s*# hole: *{re.escape(name)}\s*")
    opened = next((at for at, line in enumerate(lines) if mark.fullmatch(line)), -1)
    return opened, next((at for at in range(opened + 1, len(lines)) if re.fullmatch(r"\s*# end\s*", lines[at])), -1)


def cut_marked(lines: list[str], name: str) -> Cut | None:
    """What stands between the comments that mark a hole; either of them may be missing."""
    opened, closed = hole_marks(lines, name)
    if opened < 0 and (closed < 0 or any(line.strip() for line in lines[closed + 1 :])):
        return None
    return Cut(lines[opened + 1 : closed if closed >= 0 else len(lines)], Message("the lines of the hole"))


def cut_known(lines: list[str], snippet: Snippet, hole: Hole) -> Cut | None:
    """What stands between lines of the snippet, if enough of them are there not to be the learner's own."""
    theirs = [(at, bare) for at, line in enumerate(lines) if (bare := _bare(line))]
    for source in (blanked(snippet, hole.name), snippet.source):
        before, after = _around(source, hole.name)
        first = _overlap([bare for _, bare in theirs], [bare for bare, _ in before])
        left = [bare for _, bare in theirs[first:]]
        last = _overlap([*reversed(left)], [bare for bare, _ in reversed(after)])
        is_inside = any(indent < len(hole.indent) for _, indent in before[len(before) - first :])
        if first + last < len(theirs) and (is_inside or first + last > 1):
            own = theirs[first : len(theirs) - last]
            start = theirs[first - 1][0] + 1 if first else 0
            end = theirs[len(theirs) - last][0] if last else own[-1][0] + 1
            depths = [depth_of(lines[at]) for at, _ in own]
            is_sure = first > 0 and min(depths) == depths[0]
            return Cut(lines[start:end], Message("what stands between the snippet's own lines"), is_sure)
    return None


def cut_body(lines: list[str], snippet: Snippet, hole: Hole) -> Cut | None:
    """The body of a ``def`` of that name in which the hole is.

    Raises:
        KbError: the lines are such a ``def``, and its body does not fit the hole.
    """
    source = "\n".join(lines) + "\n"
    try:
        tree, around = parse_python(source), _nodes_around(snippet, hole)
    except SyntaxError:
        return None
    functions = [node for node in around if isinstance(node, _Function)]
    if not functions:
        return None
    ours = functions[-1]
    siblings = tree.body
    if len(siblings) == 1 and isinstance(siblings[0], ast.ClassDef):
        siblings = siblings[0].body
    found = [node for node in siblings if isinstance(node, _Function) and node.name == ours.name]
    if len(found) != 1:
        return None
    body = _inner_body(found[0], around[around.index(ours) :], hole)
    if body is None:
        raise KbError(
            "your lines are a whole def {name}, and it is not the snippet's",
            "give the lines in place of the dots alone",
            name=ours.name,
        )
    own = without_known(_dedented(_source_of(body, source)), snippet, hole)
    known = {_known_as(node) for node in parse_python(snippet.source).body}
    helpers = [
        line
        for node in siblings[: siblings.index(found[0])]
        if _is_helper(node) and _known_as(node) not in known
        for line in _source_of([node], source)
    ]
    renamed = _renamed(found[0], ours)
    what = Message("the body of def {name}", name=ours.name)
    if renamed:
        what = Message("the body of def {name}, with {renamed}", name=ours.name, renamed=renamed)
    return Cut([*_dedented(helpers), *([renamed] if renamed else []), *own], what)


def _known_as(node: ast.stmt) -> str:
    """What tells whether it is the snippet's own: the name that it defines, else all of it."""
    return node.name if isinstance(node, _Function | ast.ClassDef) else ast.dump(node)


def without_known(lines: list[str], snippet: Snippet, hole: Hole) -> list[str]:
    """Lines without those statements of the snippet before and after the hole that were taken with them."""
    source = "\n".join(lines) + "\n"
    try:
        body, around = parse_python(source).body, _nodes_around(snippet, hole)
    except SyntaxError:
        return lines
    ours = _part(around[-1], around[-1], hole) if around else []
    theirs = [ast.dump(one) for one in body]
    first = _overlap(theirs, [ast.dump(one) for one in ours if one.lineno <= hole.first])
    after = [ast.dump(one) for one in ours if one.lineno > hole.end]
    last = _overlap([*reversed(theirs[first:])], [*reversed(after)])
    kept = body[first : len(body) - last]
    return _source_of(kept, source) if kept and first + last else lines


def _is_helper(node: ast.stmt) -> bool:
    """Whether it is what a learner may write above a ``def`` for use in it."""
    is_constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    return is_constant or isinstance(node, ast.Import | ast.ImportFrom | _Function | ast.ClassDef)


def _bare(line: str) -> str:
    """A line without what its writer may choose: white space, comments, the kind of quotes."""
    return re.sub(r"\s", "", re.sub(r"(^|\s)#.*", "", line)).replace('"', "'")


def _around(source: str, name: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The lines before and after a hole, bare, each with the width of its indentation; the empty ones left out."""
    lines = bare_lines(source)
    first, last = hole_marks(lines, name)
    found = [
        [(bare, depth_of(line)) for line in part if (bare := _bare(line))]
        for part in (lines[:first], lines[last + 1 :])
    ]
    return found[0], found[1]


def _overlap(theirs: list[str], known: list[str]) -> int:
    """How many of their first lines are the last ones known, at most."""
    counts = range(min(len(theirs), len(known)), 0, -1)
    return next((count for count in counts if theirs[:count] == known[-count:]), 0)


def _nodes_around(snippet: Snippet, hole: Hole) -> list[ast.stmt]:
    """The statements in which a hole is, the outermost first."""
    line = hole.first + 1
    around: list[ast.stmt] = []
    left: list[ast.AST] = [parse_python(snippet.source)]
    while left:
        node = left.pop()
        if isinstance(node, ast.stmt | ast.expr) and not node.lineno < line <= (node.end_lineno or 0):
            continue  # nor is it in anything below
        if isinstance(node, ast.stmt) and hasattr(node, "body"):
            around.append(node)
        left += ast.iter_child_nodes(node)
    return around


def _inner_body(theirs: ast.stmt, around: list[ast.stmt], hole: Hole) -> list[ast.stmt] | None:
    """The statements at the hole's depth within a statement like the first of those around it."""
    body = _part(theirs, around[0], hole)
    for node in around[1:]:
        same = [one for one in body if type(one) is type(node) and _head(one) == _head(node)]
        if len(same) != 1:
            return None
        body = _part(same[0], node, hole)
    if len(body) > 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]  # a docstring
    return body or None


def _part(theirs: ast.stmt, ours: ast.stmt, hole: Hole) -> list[ast.stmt]:
    """The branch of their statement that is the one of ours in which the hole is."""
    for name in ("body", "orelse", "finalbody"):
        mine: list[ast.stmt] = getattr(ours, name, [])
        if mine and mine[0].lineno <= hole.end and hole.first < (mine[-1].end_lineno or 0):
            part: list[ast.stmt] = getattr(theirs, name, [])
            return part
    return []


def _head(node: ast.stmt) -> str:
    """A compound statement's first line, without its branches."""
    parts = [value for name, value in ast.iter_fields(node) if name not in ("body", "orelse", "finalbody", "handlers")]
    return " ".join(
        ast.dump(one) if isinstance(one, ast.AST) else repr(one)
        for value in parts
        for one in (value if isinstance(value, list) else [value])
    )


def _source_of(body: list[ast.stmt], source: str) -> list[str]:
    """The lines of statements, with the comments right above them."""
    lines = bare_lines(source)
    head = body[0]
    first = min([head.lineno, *(one.lineno for one in getattr(head, "decorator_list", []))]) - 1
    found = lines[first : body[-1].end_lineno]
    start = len(found[0].encode()[: head.col_offset].decode()) if first == head.lineno - 1 else 0
    if found[0][:start].strip():  # on the line of its def, or after a semicolon
        return [found[0][start:], *found[1:]]
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return lines[first : body[-1].end_lineno]


def _dedented(lines: list[str]) -> list[str]:
    margin = min((depth_of(line) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


def _renamed(theirs: _Function, ours: _Function) -> str:
    """A line that gives our arguments their names; empty if they are the same.

    Raises:
        KbError: they are not as many, or of another kind.
    """
    names = [_arguments(one) for one in (theirs, ours)]
    if [kind for _, kind in names[0]] != [kind for _, kind in names[1]]:
        raise KbError(
            "your def {name} takes ({theirs}), the snippet's ({ours})",
            "give the lines in place of the dots alone",
            name=ours.name,
            theirs=", ".join(name for name, _ in names[0]),
            ours=", ".join(name for name, _ in names[1]),
        )
    pairs = [(mine, yours) for (mine, _), (yours, _) in zip(*names, strict=True) if mine != yours]
    if not pairs:
        return ""
    return f"{', '.join(mine for mine, _ in pairs)} = {', '.join(yours for _, yours in pairs)}"


def _arguments(function: _Function) -> list[tuple[str, str]]:
    """Names of arguments, each with its kind."""
    given = function.args
    stars = [(one.arg, kind) for one, kind in ((given.vararg, "*"), (given.kwarg, "**")) if one]
    return [
        *((one.arg, "") for one in (*given.posonlyargs, *given.args)),
        *((one.arg, "=") for one in given.kwonlyargs),
        *stars,
    ]
