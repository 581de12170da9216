"""Mutants: a solution with one small mistake each. A snippet whose checks let one pass proves too little."""

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from kb.deck.script import parse_python

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
"""Each operator and the one that takes its place."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A solution with one mistake."""

    what: str
    """The mistake, in words."""
    lines: str
    """The solution with it."""


EQUIVALENT = "# equivalent:"
"""How the first line of a right solution begins that is a mutant of the snippet's own, and as right; why follows."""


def marked_equivalents(right: Iterable[str]) -> dict[str, str]:
    """Right solutions that are marked as equivalent mutants: the reason of each, by the solution as ``mutants`` would
    write it."""
    marked = {}
    for lines in right:
        first, _, _ = lines.lstrip().partition("\n")
        reason = first.removeprefix(EQUIVALENT).strip()
        if first.startswith(EQUIVALENT) and reason:
            try:
                marked[ast.unparse(parse_python(lines))] = reason
            except (SyntaxError, RecursionError):
                continue
    return marked


def mutants(lines: str) -> list[Mutant]:
    """Every mutant of a solution: another operator or constant, a dropped line, argument or sign, swapped arguments,
    and the hole left as ``pass``. Each differs from the solution and from the others; none for what is not Python."""
    try:
        tree = parse_python(lines)
    except SyntaxError:
        return []
    seen = {ast.unparse(tree)}
    found: list[Mutant] = []
    for what, mutant in _mutations(tree):
        try:
            text = ast.unparse(ast.fix_missing_locations(mutant))
        except (ValueError, RecursionError):
            continue
        if text not in seen:
            seen.add(text)
            found.append(Mutant(what, text))
    if "pass" not in seen:
        found.append(Mutant("left as pass", "pass"))
    return found


def _mutations(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    for at, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            mutant = copy.deepcopy(tree)
            # The copy is walked in the same order, so the same place is the same node.
            target = next(other for place, other in enumerate(ast.walk(mutant)) if place == at)
            change(mutant, target)
            yield what, mutant


Change = Callable[[ast.Module, Any], None]
"""Spoils a node of a tree in place."""


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What can go wrong at a node."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield f"another operator than {type(node.op).__name__}", _change_operator
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield "the comparison turned round", _turn_comparison
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield "a dropped sign or not", _drop_sign
    if isinstance(node, ast.Constant):
        for value in _other_values(node.value):
            yield f"{value!r} for {node.value!r}", partial(_set_constant, value=value)
    if isinstance(node, ast.Call):
        if len(node.args) >= 2 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
            yield "swapped arguments", _swap_arguments
        for place, keyword in enumerate(node.keywords):
            yield f"dropped {keyword.arg or 'keywords'}", partial(_drop_keyword, place=place)
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            for place, statement in enumerate(block):
                if isinstance(statement, ast.stmt):
                    line = ast.unparse(statement).splitlines()[0]
                    yield f"dropped line: {line}", partial(_drop_statement, field=field, place=place)


def _change_operator(_: ast.Module, node: Any) -> None:
    node.op = OPERATORS[type(node.op)]()


def _turn_comparison(_: ast.Module, node: Any) -> None:
    node.ops[0] = OPERATORS[type(node.ops[0])]()


def _drop_sign(tree: ast.Module, node: Any) -> None:
    _replace(tree, node, node.operand)


def _set_constant(_: ast.Module, node: Any, value: object) -> None:
    node.value = value


def _swap_arguments(_: ast.Module, node: Any) -> None:
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _drop_keyword(_: ast.Module, node: Any, place: int) -> None:
    del node.keywords[place]


def _drop_statement(_: ast.Module, node: Any, field: str, place: int) -> None:
    block = getattr(node, field)
    del block[place]
    if not block and field == "body":
        block.append(ast.Pass())


def _other_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, -value if value else 2]
    return [value * 2 + 1, 0.0] if isinstance(value, float) else []


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    """Put a node in the place of another."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list) and any(one is old for one in value):
                value[next(at for at, one in enumerate(value) if one is old)] = new
                return
