"""Mistakes: what people get wrong in an expression of a snippet, each as a small change of its tree."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kb.verify.innocent import HYPERPARAMETERS, is_chosen_by_hand, is_parameter, is_random, name_of, root_of


class Mistake(StrEnum):
    """The kinds of mistakes, as they are called."""

    LEFT_OUT = "left out"
    CALL = "a call left out"
    MODE = "the other mode"
    FUNCTION = "another function"
    LAYER = "a layer left out"
    AXIS = "another axis"
    ARGUMENTS = "arguments swapped"
    OPTION = "an option left out"
    OPERATOR = "another operator"
    TERM = "a term left out"
    COMPARISON = "another comparison"
    CONSTANT = "another constant"
    BOUND = "a bound left out"
    BRANCH = "one branch always"
    CONDITION = "a condition left out"
    CONTEXT = "without the context"
    DATA = "the other data"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a tree that holds a node or a value."""

    holder: Any
    """A node, or one of its lists."""
    key: Any
    """Name of a node's field, or index in a list."""

    def get(self) -> Any:
        """What stands there."""
        return self.holder[self.key] if isinstance(self.holder, list) else getattr(self.holder, self.key)

    def put(self, value: Any) -> None:
        """Put something else there."""
        if isinstance(self.holder, list):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


@dataclass(frozen=True, slots=True)
class Change:
    """One mistake, not yet made."""

    mistake: Mistake
    shown: Slot
    """The expression or statement that is shown as it is with and without the mistake."""
    place: Slot
    """Where something else is put; ``shown`` or within it."""
    value: Any
    """What is put there."""


TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
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
BORDERS: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SIGNS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}

LEAVABLE = frozenset(
    "detach clone abs sqrt square exp log log2 log1p sigmoid tanh relu clamp softmax log_softmax normalize flip sort"
    " squeeze unsqueeze masked_fill unique round floor requires_grad_ pow T mT masked_select dropout sign neg"
    " exponential deepcopy sorted reversed logsumexp".split()
)
"""Calls that can be left out: what they are called on, or their first argument, takes their place."""

SIBLINGS = {
    "mean": "sum",
    "sum": "mean",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "amax": "amin",
    "amin": "amax",
    "maximum": "minimum",
    "minimum": "maximum",
    "floor": "ceil",
    "ceil": "floor",
    "any": "all",
    "all": "any",
    "std": "var",
    "var": "std",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "cumsum": "cumprod",
    "logical_and": "logical_or",
    "logical_or": "logical_and",
    "sin": "cos",
    "cos": "sin",
}
"""Functions that are taken for each other."""
BUILTIN_SIBLINGS = frozenset({"max", "min", "any", "all"})

LAYERS = frozenset(
    "ReLU LeakyReLU GELU ELU SiLU Tanh Sigmoid Softmax LogSoftmax Softplus Dropout Dropout2d BatchNorm1d BatchNorm2d"
    " LayerNorm GroupNorm InstanceNorm2d".split()
)
"""Layers that a network runs without, for better or worse."""

AXES = {
    **dict.fromkeys(
        "sum mean std var softmax log_softmax argmax argmin max min amax amin prod cumsum cumprod logsumexp all any"
        " sort argsort median unbind unsqueeze select gather index_select unfold normalize size".split(),
        0,
    ),
    **dict.fromkeys("chunk split topk repeat_interleave roll".split(), 1),
}
"""Methods and the place of the axis among their arguments; as a function each has its tensor before them."""
JOINING = frozenset({"cat", "stack", "concat"})
"""Functions that take tensors, and then the axis."""
AXIS_OPTIONS = frozenset({"dim", "axis", "dims", "start_dim", "normalized_shape"})

SYMMETRIC = frozenset(
    "max min maximum minimum mse_loss l1_loss smooth_l1_loss huber_loss allclose equal isclose dist add mul logical_and"
    " logical_or cosine_similarity dot range randn rand zeros ones randint full arange linspace tensor empty reshape"
    " view expand repeat permute transpose swapaxes movedim isinstance getattr hasattr setattr partial islice open"
    " print product chain hypot assert_close unflatten flatten pad round join save normal_ uniform_ kthvalue"
    "".split()
)
"""Functions whose first two arguments can change places, or are never confounded."""

CONTEXTS = frozenset({"autocast", "set_grad_enabled", "enable_grad"})
"""Contexts that are forgotten, with ``with`` or as a decorator."""
WITHOUT_GRADIENT = frozenset({"no_grad", "inference_mode"})
"""Contexts without which only memory is lost, unless something is changed in place in them."""


def mistakes(node: ast.AST, slot: Slot, modules: Collection[str]) -> Iterator[Change]:
    """What people get wrong at an expression.

    Args:
        node: the expression.
        slot: where it stands.
        modules: names that stand for modules.
    """
    if isinstance(node, ast.Call):
        yield from _calls(node, slot, modules)
    elif isinstance(node, ast.BinOp):
        yield from _operations(node, slot)
    elif isinstance(node, ast.BoolOp):
        for operand in node.values:
            yield Change(Mistake.CONDITION, slot, slot, _without(node, operand))
    elif isinstance(node, ast.Compare):
        yield from _comparisons(node, slot)
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield Change(Mistake.OPERATOR, slot, slot, node.operand)
    elif isinstance(node, ast.IfExp):
        yield from (Change(Mistake.BRANCH, slot, slot, branch) for branch in (node.body, node.orelse))
    elif isinstance(node, ast.comprehension):
        for at in range(len(node.ifs)):
            yield Change(Mistake.CONDITION, slot, Slot(node, "ifs"), node.ifs[:at] + node.ifs[at + 1 :])
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield Change(Mistake.CALL, slot, slot, node.value)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _subscripts(node, slot)


def _without(node: ast.BoolOp, operand: ast.expr) -> ast.expr:
    rest = [one for one in node.values if one is not operand]
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _operations(node: ast.BinOp, slot: Slot) -> Iterator[Change]:
    left, right, place = node.left, node.right, Slot(node, "op")
    if any(isinstance(one, ast.JoinedStr | ast.List | ast.ListComp) or is_text(one) for one in (left, right)):
        return
    match node.op:
        case ast.Add() | ast.Sub():
            if any(_is_tiny(one) for one in (left, right)):
                return  # an epsilon
            if not any(is_random(one) for one in (left, right)):
                yield Change(Mistake.OPERATOR, slot, place, SIGNS[type(node.op)]())
            yield Change(Mistake.TERM, slot, slot, left)
            if isinstance(node.op, ast.Add):
                yield Change(Mistake.TERM, slot, slot, right)
        case ast.Mult():
            is_noise = any(is_chosen_by_hand(one) for one in (left, right)) and any(map(is_random, (left, right)))
            if not is_noise:
                yield Change(Mistake.TERM, slot, slot, right if _is_smaller(left, right) else left)
        case ast.BitAnd() | ast.BitOr():
            yield Change(Mistake.CONDITION, slot, slot, left)
            yield Change(Mistake.CONDITION, slot, slot, right)
        case ast.Div() | ast.FloorDiv() | ast.Mod() | ast.Pow():
            yield Change(Mistake.TERM, slot, slot, left)


def is_text(node: ast.AST) -> bool:
    """Whether an expression is a string."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_tiny(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value <= 1e-3


def _is_smaller(one: ast.expr, other: ast.expr) -> bool:
    """Whether one factor is more easily forgotten than another: it is a number, or the shorter text."""
    if isinstance(one, ast.Constant) != isinstance(other, ast.Constant):
        return isinstance(one, ast.Constant)
    return len(ast.unparse(one)) < len(ast.unparse(other))


def _comparisons(node: ast.Compare, slot: Slot) -> Iterator[Change]:
    if is_random(node):
        return  # how often something is drawn
    for at, op in enumerate(node.ops):
        place = Slot(node.ops, at)
        yield Change(Mistake.COMPARISON, slot, place, TURNED[type(op)]())
        sides = (node.left, *node.comparators)[at : at + 2]
        # Between real numbers the border is never met, and 0 is as often one of those as a whole number.
        if type(op) in BORDERS and any(isinstance(one, ast.Constant) and _is_count(one.value) for one in sides):
            yield Change(Mistake.COMPARISON, slot, place, BORDERS[type(op)]())
    for at, side in enumerate(node.comparators):
        if isinstance(side, ast.Constant) and isinstance(side.value, int | float) and type(side.value) is not bool:
            value = side.value * 2 if side.value not in (0, 1) else side.value + 1
            yield Change(Mistake.CONSTANT, slot, Slot(node.comparators, at), ast.Constant(value))


def _is_count(value: object) -> bool:
    return type(value) is int and value != 0


def _subscripts(node: ast.Subscript, slot: Slot) -> Iterator[Change]:
    index = Slot(node, "slice")
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    parts = [Slot(elements, at) for at in range(len(elements))] or [index]
    for part in parts:
        one = part.get()
        if isinstance(one, ast.Slice):
            for field in ("lower", "upper", "step"):
                if getattr(one, field) is not None:
                    yield Change(Mistake.BOUND, slot, Slot(one, field), None)
        elif (value := _whole(one)) is not None:
            yield Change(Mistake.CONSTANT, slot, part, _neighbour(value))


def _whole(node: ast.AST) -> int | None:
    """The whole number that an expression is, if it is one."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _whole(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _neighbour(value: int) -> ast.expr:
    """The place or axis before a given one, or after the first. The one before the last is another way to say it only
    where there are two."""
    value = 1 if value == 0 else value - 1
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _calls(node: ast.Call, slot: Slot, modules: Collection[str]) -> Iterator[Change]:
    name, function = name_of(node), node.func
    is_method = isinstance(function, ast.Attribute) and root_of(function) not in modules
    first = node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None
    if is_method and isinstance(function, ast.Attribute):
        if name in ("eval", "train") and not node.args and not node.keywords:
            other = "train" if name == "eval" else "eval"
            yield Change(Mistake.MODE, slot, Slot(function, "attr"), other)
        elif name in LEAVABLE and not (name == "detach" and is_parameter(function.value)):
            yield Change(Mistake.CALL, slot, slot, function.value)
    elif name in LEAVABLE and first is not None and name != "round":  # Python's own rounds what is shown
        yield Change(Mistake.CALL, slot, slot, first)
    if isinstance(function, ast.Attribute):
        # The mean of truths is a share; nobody mistakes their number for it.
        is_share = name == "mean" and name_of(function.value) == "float"
        if name in SIBLINGS and not is_share:
            yield Change(Mistake.FUNCTION, slot, Slot(function, "attr"), SIBLINGS[name])
        if name in LAYERS:
            identity = ast.Call(ast.Attribute(function.value, "Identity", ast.Load()), [], [])
            yield Change(Mistake.LAYER, slot, slot, identity)
    elif isinstance(function, ast.Name) and name in BUILTIN_SIBLINGS:
        yield Change(Mistake.FUNCTION, slot, Slot(function, "id"), SIBLINGS[name])
    yield from _axes(node, slot, name, is_method)
    if (
        len(node.args) >= 2
        and not any(isinstance(one, ast.Starred) for one in node.args[:2])
        and name not in SYMMETRIC
        and not name[:1].isupper()
        and not all(isinstance(one, ast.Constant) for one in node.args[:2])
    ):
        yield Change(Mistake.ARGUMENTS, slot, Slot(node, "args"), [node.args[1], node.args[0], *node.args[2:]])
    for at, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in HYPERPARAMETERS:
            yield Change(Mistake.OPTION, slot, Slot(node, "keywords"), node.keywords[:at] + node.keywords[at + 1 :])


def _axes(node: ast.Call, slot: Slot, name: str, is_method: bool) -> Iterator[Change]:
    places = [Slot(one, "value") for one in node.keywords if one.arg in AXIS_OPTIONS]
    if name in JOINING:
        at = 1
    elif name in AXES and isinstance(node.func, ast.Attribute):
        at = AXES[name] + (not is_method)
    else:
        at = len(node.args)
    if at < len(node.args):
        places.append(Slot(node.args, at))
    for place in places:
        axis = place.get()
        if isinstance(axis, ast.Tuple | ast.List) and len(axis.elts) > 1:
            yield Change(Mistake.AXIS, slot, place, type(axis)(axis.elts[:-1], ast.Load()))
        elif (value := _whole(axis)) is not None:
            yield Change(Mistake.AXIS, slot, place, _neighbour(value))
