"""Names: which of them lines of code bind, and how those of a learner are kept from the rest of a script.

Lines for a hole may call a temporary value as the script calls something of its own, which its later lines read. What a
hole is to set is what its own solution sets; every other name that the script reads means, within the learner's lines,
a variable of theirs, which begins with the script's value. Standard library only, see the instrument.
"""

import ast
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class _Bound(ast.NodeVisitor):
    """What statements bind in the scope that they stand in."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.declared: set[str] = set()
        """Names that are said to be another scope's."""

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.add(node.id)

    def visit_alias(self, node: ast.alias) -> None:
        name, dot, _ = node.name.partition(".")
        self.names.add(node.asname or name)
        if dot and not node.asname:
            self.declared.add(name)  # the package, for everybody

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.names |= {node.name} if node.name else set()
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.names |= {node.name} if node.name else set()
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs  # noqa: N815 the names that ast calls

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.names |= {node.rest} if node.rest else set()
        self.generic_visit(node)

    def visit_FunctionDef(self, node: Any) -> None:
        self.names.add(node.name)
        self._visit_inner(node)

    visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_inner(node)

    def _visit_inner(self, node: ast.AST) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global | ast.Nonlocal):
                self.declared |= set(inner.names)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.declared |= set(node.names)

    visit_Nonlocal = visit_Global  # noqa: N815

    def visit_ListComp(self, node: Comprehension) -> None:
        # Its own variables are nobody else's; := within it binds outside of it.
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.visit(inner.target)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815


def bound_names(statements: Iterable[ast.AST]) -> frozenset[str]:
    """The names that statements bind in their scope, but for those that they declare to be another one's."""
    bound = _Bound()
    for statement in statements:
        bound.visit(statement)
    return frozenset(bound.names - bound.declared)


def set_names(lines: str) -> frozenset[str]:
    """The names that a solution is there to set: those that it binds, and those whose value it may change in place.

    Lines that are not Python set nothing.
    """
    from kb.deck.script import parse_lines  # deferred: a script's own process, which this module is for too, needs none

    try:
        statements = parse_lines(lines)
    except SyntaxError:
        return frozenset()
    changed: set[str] = set()
    for node in chain.from_iterable(map(ast.walk, statements)):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed |= _names_in(node)
        elif isinstance(node, ast.Expr):
            # A statement that is an expression is there for what it does to a value: out.append(x), zeros_(w).
            changed |= _names_in(node)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            changed |= set(node.names)
    return bound_names(statements) | frozenset(changed)


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def keep_apart(block: list[ast.stmt], first: int, last: int, read: Collection[str], wanted: Collection[str]) -> None:
    """Give the statements of some lines variables of their own, in the place of names that are not theirs to set.

    Args:
        block: the list of statements in which theirs stand; changed in place.
        first, last: lines, from 1.
        read: the names that the rest of the script reads.
        wanted: the names that the lines are to set.
    """
    own = [at for at, statement in enumerate(block) if first <= statement.lineno <= last]
    names = (bound_names(block[at] for at in own) & set(read)) - set(wanted)
    if not names:
        return
    rename = _Rename({name: f"{name} " for name in names})  # no identifier: nothing else can be called so
    for at in own:
        block[at] = rename.visit(block[at])
    place = block[own[0]]
    for name in sorted(names):
        copied = ast.parse(f"try:\n    copy = {name}\nexcept NameError:\n    pass").body[0]
        copied.body[0].targets[0].id = f"{name} "  # type: ignore[attr-defined]
        for node in ast.walk(copied):
            ast.copy_location(node, place)
        block.insert(own[0], copied)


class _Rename(ast.NodeTransformer):
    """Other names for variables of the scope that a statement stands in, wherever they are read or bound."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def _renamed(self, name: Any) -> Any:
        return self.names.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._renamed(node.id)
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        name = node.asname or node.name
        if name in self.names:
            node.asname = self.names[name]
        return node

    def visit_ExceptHandler(self, node: Any) -> Any:
        node.name = self._renamed(node.name)
        return self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_ExceptHandler  # noqa: N815

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        node.rest = self._renamed(node.rest)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: Any) -> Any:
        node.name = self._renamed(node.name)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.returns = node.returns and self.visit(node.returns)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        for one in arguments:
            if one is not None and one.annotation is not None:
                one.annotation = self.visit(one.annotation)
        self._visit_inside(node, bound_names(node.body))
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._visit_inside(node, bound_names([node.body]))
        return node

    def _visit_inside(self, node: Any, bound: frozenset[str]) -> None:
        """A function's defaults in this scope, and its body in one of its own."""
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        node.args.kw_defaults = [one and self.visit(one) for one in node.args.kw_defaults]
        own = bound | {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        inner = _Rename({name: new for name, new in self.names.items() if name not in own})
        node.body = [inner.visit(one) for one in node.body] if isinstance(node.body, list) else inner.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._renamed(node.name)
        for field in ("bases", "keywords", "decorator_list"):
            setattr(node, field, [self.visit(one) for one in getattr(node, field)])
        own = bound_names(node.body)
        inner = _Rename({name: new for name, new in self.names.items() if name not in own})
        for at, one in enumerate(node.body):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                name = one.name
                self.visit(one)  # from within a function a class's own names are not seen
                one.name = name
            else:
                node.body[at] = inner.visit(one)
        return node
