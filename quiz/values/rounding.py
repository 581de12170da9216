"""Rounding: which numbers of a key its own script rounds, read from the script."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from string import Formatter

from kb.deck.script import parse_python
from quiz.door import Unreadable, guarded
from quiz.values.value import Named, Number, Series, Value


class Exactness(Enum):
    """What an expression's number is printed as, where ``round`` does not say."""

    EXACT = "as it is"
    PRINTED = "rounded to the last place that is printed"


@dataclass(frozen=True, slots=True)
class Each:
    """Every one of several values is rounded alike."""

    one: "Rounding"


Rounding = Exactness | int | tuple["Rounding", ...] | Each
"""Of a value: places to which it is rounded, or one of these for each of its parts."""

_DEPTH = 12
"""Expressions within each other that are looked into."""

_SPECIFIED = re.compile(r"\.\d+([efgn%]?)$", re.I)
_PERCENT_FIELD = re.compile(r"%%|%[-+ #0]*\d*(\.\d+)?([a-zA-Z])")
_WRITTEN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PASSES = frozenset("item tolist numpy tuple list sorted float str abs cpu detach squeeze flatten".split())
_ROUNDS = frozenset(("round", "around", "round_"))


def printed_roundings(code: str) -> tuple[Rounding, ...]:
    """How each ``print`` of a script rounds what it prints, in the order of the lines."""
    try:
        tree = parse_python(code)
    except SyntaxError:
        return ()
    nodes = list(ast.walk(tree))
    values: dict[str, ast.expr] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
    prints = [
        node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print" and node.args
    ]
    scripts = _Script(values)
    return tuple(
        scripts.rounding(node.args[0]) if len(node.args) == 1 else tuple(map(scripts.rounding, node.args))
        for node in sorted(prints, key=lambda node: node.lineno)
    )


class _Script:
    """A script's names, and what is done with its numbers."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def rounding(self, node: ast.expr, depth: int = 0) -> Rounding:
        """How an expression rounds its numbers."""
        if depth > _DEPTH:
            return Exactness.EXACT

        def inner(one: ast.expr) -> Rounding:
            return self.rounding(one, depth + 1)

        match node:
            case ast.Call():
                return self.of_call(node, inner)
            case ast.JoinedStr(values=parts):
                return _flat([leaf for part in parts for leaf in self.of_part(part, inner)])
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
                return tuple(map(inner, parts))
            case ast.ListComp(elt=one) | ast.GeneratorExp(elt=one) | ast.Starred(value=one):
                return Each(inner(one))
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(template))):
                return _flat(
                    [
                        Exactness.PRINTED if found[1] else Exactness.EXACT
                        for found in _PERCENT_FIELD.finditer(template)
                        if found[2]
                    ]
                )
            case ast.Subscript(value=one) | ast.UnaryOp(operand=one) | ast.IfExp(body=one):
                return inner(one)
            case ast.Name(id=name) if name in self.values:
                return inner(self.values[name])
        return Exactness.EXACT

    def of_call(self, node: ast.Call, inner: Callable[[ast.expr], Rounding]) -> Rounding:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        object_ = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _ROUNDS:
            return self.places(node)
        if name == "format" and isinstance(object_, ast.Constant) and isinstance(object_.value, str):
            return _flat([_specified(spec or "") for _, field, spec, _ in _fields(object_.value) if field is not None])
        if name == "format" and object_ is None and len(node.args) == 2:
            spec = node.args[1]
            return _specified(spec.value if isinstance(spec, ast.Constant) else "")
        if name in _PASSES and (object_ is not None or node.args):
            return inner(node.args[0] if object_ is None else object_)
        return Exactness.EXACT

    def places(self, node: ast.Call) -> Rounding:
        """The places of ``round(x, 2)``, ``x.round(decimals=2)``, ``torch.round(x, decimals=2)``."""
        named = [one.value for one in node.keywords if one.arg in ("ndigits", "decimals")]
        is_method = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") not in (
            *("torch", "np", "numpy"),
        )
        found = [*named, *node.args[0 if is_method else 1 :]]
        if not found:
            return 0
        try:
            count = guarded(lambda: ast.literal_eval(found[0]))
        except Unreadable:
            return Exactness.PRINTED
        return count if type(count) is int and abs(count) < 30 else 0 if count is None else Exactness.PRINTED

    def of_part(self, part: ast.expr, inner: Callable[[ast.expr], Rounding]) -> list[Rounding]:
        """A piece of an f-string: a field, or text, whose numbers are as exact as they stand."""
        if isinstance(part, ast.FormattedValue):
            spec = ast.unparse(part.format_spec)[2:-1] if part.format_spec else ""
            return [_specified(spec) if spec else inner(part.value)]
        text = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
        return [Exactness.EXACT] * len(_WRITTEN_NUMBER.findall(text))


def _fields(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError:
        return []


def _specified(spec: object) -> Rounding:
    return Exactness.PRINTED if isinstance(spec, str) and _SPECIFIED.search(spec) else Exactness.EXACT


def _flat(leaves: list[Rounding]) -> Rounding:
    return leaves[0] if len(leaves) == 1 else tuple(leaves)


def with_tolerances(key: Value, printed: str, code: str, tells_rounding: bool) -> Value:
    """A key whose numbers know how far off a right answer may be: half a unit of the place to which it was rounded.

    Args:
        key: as read.
        printed: as printed.
        code: its script.
        tells_rounding: whether the question says that the answer is to be rounded. Without a word of it, a number that
            was rounded to a whole one is exact: the rounding clears away what binary fractions leave.
    """
    chosen: Rounding = Exactness.EXACT
    for rounding in printed_roundings(code):
        if rounds(rounding):
            chosen = rounding
            break
    if tells_rounding and not rounds(chosen):
        chosen = Exactness.PRINTED
    return _Tolerances(tells_rounding, "tensor(" in printed).of(key, chosen)


def rounds(rounding: Rounding) -> bool:
    """Whether anything is rounded at all."""
    if isinstance(rounding, tuple):
        return any(map(rounds, rounding))
    return rounds(rounding.one) if isinstance(rounding, Each) else rounding is not Exactness.EXACT


@dataclass(frozen=True, slots=True)
class _Tolerances:
    tells_rounding: bool
    is_tensor: bool
    """Whether torch printed it, which shows four places of what it does not show in full."""

    def of(self, value: Value, rounding: Rounding) -> Value:
        if isinstance(value, Number):
            while isinstance(rounding, Each):
                rounding = rounding.one
            return replace(value, tolerance=self.half_unit(value, rounding))
        if isinstance(value, Named):
            return Named(value.name, self.of(value.value, rounding))
        if isinstance(value, Series):
            return replace(value, items=tuple(map(self.of, value.items, _spread(rounding, len(value.items)))))
        return value

    def half_unit(self, number: Number, rounding: Rounding) -> Fraction:
        if rounding is Exactness.EXACT and self.is_tensor and number.step == Fraction(1, 10_000):
            rounding = Exactness.PRINTED
        if isinstance(rounding, int):
            unit = Fraction(10) ** -rounding
        elif rounding is Exactness.PRINTED:
            unit = number.step
        else:
            return Fraction(0)
        return unit / 2 if unit < 1 or self.tells_rounding else Fraction(0)


def _spread(rounding: Rounding, count: int) -> list[Rounding]:
    """How each of several parts is rounded."""
    if isinstance(rounding, tuple):
        return list(rounding) if len(rounding) == count else [Exactness.EXACT] * count
    return [rounding.one if isinstance(rounding, Each) else rounding] * count
