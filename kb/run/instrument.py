"""Instrument: the hooks that are put into a script before it runs, and what they see.

Like the harness it stands alone (standard library only): both run inside the script's own process. Accidents weigh
more than malice here, but what is cheap to close is closed: the hooks' names and each check's token are drawn anew for
every run, and what asserts stand on must be at the end what it was when the learner's lines were first entered.
"""

import ast
import builtins
import math
import os
import sys
import types
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from kb.run.forbidden import Forbidden
from kb.run.names import bound_names, keep_apart

CHECKS = frozenset({"assert_close", "assert_allclose"})
"""Functions whose call counts as a check, as an ``assert`` does."""

CHECKED, CHECKING, ENTERED, BOUND = "checked", "checking", "entered", "bound"

COMPARING = (
    *(f"__{name}__" for name in "eq ne lt le gt ge bool float int index len abs sub rsub getitem contains".split()),
    *"abs all allclose any argmax argmin count_nonzero cpu detach diff dist eq equal float ge gt int is_tensor".split(),
    *"isclose isfinite isinf isnan item le lt max mean min ne norm numpy round sort std sub sum tolist var".split(),
    *"logical_and logical_not logical_or logical_xor absolute double amax amin unique numel size dim".split(),
)
"""What of torch's functions and of a tensor's methods asserts use."""

MODULES = "builtins", "math", "numpy", "torch", "torch.testing"
"""Where asserts find what they use."""

BUILTINS = vars(builtins)

ABSENT = object()

Facts = tuple[Any, ...]
"""A value; of a function also its code and the defaults of its arguments."""


class Seen:
    """What is seen of a script while it runs."""

    def __init__(self) -> None:
        self.executed: set[int] = set()
        self.tampered = ""
        """What is not as it was, in words; empty if all is."""
        self.guard: Guard | None = None
        """Made when the learner's lines were first entered."""
        self.forbidden = Forbidden("", (0, 0), ())
        """What the learner's lines may not call."""


class Instrument(ast.NodeTransformer):
    """Wraps every check outside the learner's own lines, and numbers them in the order of the file."""

    def __init__(
        self, own_lines: tuple[int, int] | None, wanted: Collection[str] = (), forbid: Collection[str] = ()
    ) -> None:
        """Take what there is to know of a learner's lines.

        Args:
            own_lines: the first and the last, from 1; None if there are none.
            wanted: names that they are to set.
            forbid: dotted names that they may not call.
        """
        self.own_lines = own_lines
        self.wanted = wanted
        self.heads = sorted({name.partition(".")[0] for name in forbid})
        self.imports: dict[str, str] = {}
        """What the script's own lines import, with its module, by the name that they give it."""
        self.count = 0
        # No identifiers: no line of a script can name them by accident.
        self.names = {role: f"kb: {os.urandom(8).hex()}" for role in (CHECKED, CHECKING, ENTERED, BOUND)}
        self.tokens: dict[int, tuple[str, int]] = {}
        """Of each hook's call: its role, and the number of the check, or of the name that was bound."""
        self.used: set[str] = set()
        """Names that the script's own lines read."""
        self.bound: Counter[str] = Counter()
        """How often the script's own lines give each name a value."""

    def instrumented(self, tree: ast.Module) -> ast.Module:
        """The script with all hooks in it."""
        tree = self.visit(tree)
        if self.own_lines is not None:
            self._watch_names(tree.body)
            owner, block = next(
                (pair for pair in _blocks(tree) if any(map(self._is_own, pair[1]))), (tree, list[ast.stmt]())
            )
            if not isinstance(owner, ast.ClassDef):  # what its body names are its attributes
                keep_apart(block, *self.own_lines, self.used, self.wanted)
            self._insert_entry(tree)
        return tree

    def _is_own(self, node: Any) -> bool:
        return self.own_lines is not None and self.own_lines[0] <= node.lineno <= self.own_lines[1]

    def _call(self, role: str, at: ast.AST, *arguments: ast.expr, number: int | None = None) -> ast.expr:
        token = int.from_bytes(os.urandom(8), "big")
        self.tokens[token] = role, self.count if number is None else number
        call = ast.Call(ast.Name(self.names[role], ast.Load()), [ast.Constant(token), *arguments], [])
        return ast.fix_missing_locations(ast.copy_location(call, at))

    def _entry(self, at: ast.AST) -> ast.stmt:
        return ast.copy_location(ast.Expr(self._call(ENTERED, at)), at)

    def _wrapped(self, node: ast.expr, role: str) -> ast.expr:
        call = self._call(role, node, node)
        self.count += 1
        return call

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        if not self._is_own(node):
            node.test = self._wrapped(node.test, CHECKED)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in CHECKS and not self._is_own(node):
            node.func = self._wrapped(node.func, CHECKING)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not self._is_own(node):
            if isinstance(node.ctx, ast.Load):
                self.used.add(node.id)
            else:
                self.bound[node.id] += 1
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if isinstance(node.target, ast.Name) and not self._is_own(node):
            self.used.add(node.target.id)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.AST:
        if not self._is_own(node):
            name = node.asname or node.name.partition(".")[0]
            self.bound[name] += 1
            self.imports[name] = node.name if node.asname else name
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        for one in node.names:
            self.visit(one)
            if not self._is_own(node):
                self.imports[one.asname or one.name] = f"{node.module}.{one.name}"
        return node

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        if not self._is_own(node):
            self.bound[node.name] += 1
        return self.generic_visit(node)

    visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 the names that ast calls

    def _watch_names(self, block: list[ast.stmt]) -> None:
        """A hook behind everything at module level that gives a forbidden name its value."""
        for at in reversed(range(len(block))):
            statement = block[at]
            if self._is_own(statement) or isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            is_scope = isinstance(statement, ast.FunctionDef | ast.ClassDef)
            inner = [] if is_scope else _inner_blocks(statement)
            binding: list[ast.AST] = [*_heads(statement)] if inner else [statement]
            for other in inner:
                self._watch_names(other)
            names = bound_names(binding)
            calls = [
                ast.copy_location(ast.Expr(self._call(BOUND, statement, number=number)), statement)
                for number, name in enumerate(self.heads)
                if name in names
            ]
            place, behind = (inner[0], 0) if inner else (block, at + 1)
            place[behind:behind] = calls

    def _insert_entry(self, tree: ast.Module) -> None:
        """A hook before the learner's first statement, or before the one within which their lines stand."""
        first, last = self.own_lines or (0, 0)
        around: tuple[list[ast.stmt], int] | None = None
        for _, statements in _blocks(tree):
            for at, statement in enumerate(statements):
                if first <= statement.lineno <= last:
                    statements.insert(at, self._entry(statement))
                    return
                if statement.lineno < first <= (statement.end_lineno or 0):
                    around = statements, at
        if around is not None:
            statements, at = around
            statements.insert(at, self._entry(statements[at]))


def _blocks(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
    """Every list of statements and what it belongs to, the outer ones first."""
    for node in ast.walk(tree):
        for value in _own_blocks(node):
            yield node, value


def _own_blocks(node: ast.AST) -> list[list[ast.stmt]]:
    values = [value for _, value in ast.iter_fields(node)]
    return [value for value in values if isinstance(value, list) and value and isinstance(value[0], ast.stmt)]


def _inner_blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements within one, of a try's or a match's branches too."""
    branches = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    return [block for node in (statement, *branches) for block in _own_blocks(node)]


def _heads(statement: ast.stmt) -> Iterator[ast.AST]:
    """What of a statement binds names before its inner ones run: a loop's variable, what a with opens."""
    for _, value in ast.iter_fields(statement):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.expr | ast.withitem):
                yield one


def hooks(instrument: Instrument, seen: Seen, names: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """The hooks by the names that the instrumented script calls them by.

    Args:
        instrument: that put the calls in.
        seen: where they write down what they see.
        names: the script's global names.
    """
    tokens = instrument.tokens

    def checked(token: int, value: object) -> object:
        """Stands around the test of every assert."""
        role, index = tokens.get(token, ("", 0))
        if role == CHECKED:
            seen.executed.add(index)
        return value

    def checking(token: int, function: Any) -> Any:
        """Stands around the function of every ``assert_close``: only torch's own counts."""
        role, index = tokens.get(token, ("", 0))
        name, home = getattr(function, "__name__", ""), str(getattr(function, "__module__", ""))
        is_torchs = home.startswith("torch.testing") and getattr(sys.modules.get(home), name, None) is function
        if role == CHECKING and is_torchs:
            seen.executed.add(index)
        elif not is_torchs:
            seen.tampered = "assert_close"
        return function

    def entered(token: int) -> None:
        """Stands before the learner's lines."""
        if seen.guard is None and token in tokens:
            seen.guard = Guard(names, instrument.used, instrument.bound)

    def bound(token: int) -> None:
        """Stands behind what gives a name its value that the learner's lines may not call."""
        role, number = tokens.get(token, ("", 0))
        if role == BOUND:
            seen.forbidden.watch_bound(instrument.heads[number], names)

    made: dict[str, Callable[..., Any]] = {CHECKED: checked, CHECKING: checking, ENTERED: entered, BOUND: bound}
    return {instrument.names[role]: hook for role, hook in made.items()}


class Guard:
    """What asserts stand on, as it is now: to be asked later what of it was changed."""

    def __init__(self, names: Mapping[str, Any], used: set[str], bound: Counter[str]) -> None:
        self.builtins = dict(BUILTINS)
        self.rows = [
            (holder, name, _facts(holder.get(name, ABSENT)), label)
            for holder, wanted, label in _foundations()
            for name in wanted
        ]
        for name in used:
            value = names.get(name, ABSENT)
            # What the script itself names anew later is its own affair.
            if bound[name] == (0 if value is ABSENT else 1) and _is_foreign(name, value):
                self.rows.append((names, name, _facts(value), "{}"))

    def complaint(self) -> str:
        """The name of what was changed; empty if nothing was. Python's own is put back: what follows needs it."""
        try:
            return self._first_change()
        finally:
            BUILTINS.update(self.builtins)

    def _first_change(self) -> str:
        for holder, name, facts, label in self.rows:
            now = holder.get(name, ABSENT)
            if now is not facts[0]:
                return label.format(name)
            for before, after in zip(facts, _facts(now), strict=True):
                if before is not after:
                    return label.format(name)
        return ""


def _foundations() -> list[tuple[Mapping[str, Any], list[str], str]]:
    """Where that lies on which asserts stand: names by name, the names, and how one of them is called."""
    loaded: Mapping[str, Any] = sys.modules
    found: list[tuple[Mapping[str, Any], list[str], str]] = [
        (BUILTINS, [name for name in BUILTINS if name != "_"], "{}"),
        (vars(math), list(vars(math)), "math.{}"),
        (loaded, [name for name in MODULES if name in loaded], "{}"),
    ]
    if (numpy := loaded.get("numpy")) is not None:
        found.append((vars(numpy), list(COMPARING), "numpy.{}"))
    if (torch := loaded.get("torch")) is not None and hasattr(torch, "Tensor"):
        for holder, label in (
            (torch, "torch.{}"),
            (torch.Tensor, "Tensor.{}"),
            *((base, "Tensor.{}") for base in torch.Tensor.__bases__),
        ):
            found.append((vars(holder), list(COMPARING), label))
        for name in ("torch.testing", "torch.testing._comparison"):
            if (module := loaded.get(name)) is not None:
                public = [key for key, value in vars(module).items() if callable(value)]
                found.append((vars(module), public, "torch.testing.{}"))
    return found


def _is_foreign(name: str, value: object) -> bool:
    """Whether a global name stands for a module or for a function or class of one, and not for the script's own."""
    if value is ABSENT:
        return name in BUILTINS
    if isinstance(value, types.ModuleType):
        return True
    return isinstance(value, type | types.FunctionType | types.BuiltinFunctionType) and value.__module__ != "__main__"


_Function = type(_is_foreign)


def _facts(value: Any) -> Facts:
    if type(value) is not _Function:
        return (value,)
    defaults = value.__kwdefaults__ or {}
    return (value, value.__code__, value.__defaults__, *defaults, *defaults.values())
