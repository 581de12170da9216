"""Snippet mutants: a whole snippet with one small mistake each, at every place where one would be a mistake."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.deck.script import Snippet, parse_python
from kb.errors import Message
from kb.verify.data_names import DataNames
from kb.verify.innocent import (
    COUNTERS,
    HYPERPARAMETERS,
    SHAPED,
    Innocents,
    changes_in_place,
    is_drawn,
    is_interval,
    is_of_the_machine,
    is_setting,
    name_of,
)
from kb.verify.mistakes import CONTEXTS, WITHOUT_GRADIENT, Change, Mistake, Slot, mistakes

ARITHMETIC = frozenset({Mistake.OPERATOR, Mistake.TERM, Mistake.CONSTANT, Mistake.FUNCTION})
"""Mistakes that make other numbers of the same form."""

LONGEST = 70
"""Characters of code in the words of a mistake."""


@dataclass(frozen=True, slots=True)
class SnippetMutant:
    """A snippet with one mistake."""

    line: int
    """Where the mistake is, from 1."""
    statement: tuple[int, int]
    """Line and column where the innermost statement around it begins."""
    what: Message
    """The mistake, in words."""
    source: str
    """The whole snippet with it, without comments."""
    solution: str = ""
    """What then stands in the hole around it; empty if there is none."""
    hole: str = ""
    """Name of that hole."""

    @property
    def lines(self) -> set[int]:
        """Where a comment answers it."""
        return {self.line, self.statement[0]}


def snippet_mutants(snippet: Snippet) -> list[SnippetMutant]:
    """Every mutant of a snippet, in the order of its lines; no two are the same program, and none is the snippet.

    Raises:
        SyntaxError: the snippet is not Python.
    """
    tree = parse_python(snippet.source)
    seen = {plain_source(snippet.source)}
    texts = [ast.unparse(statement) for statement in tree.body]
    found: list[SnippetMutant] = []
    finder = _Finder(tree)
    for at, change, node, statement in finder.changes():
        old, before = _shown(change.shown), change.place.get()
        change.place.put(change.value)
        try:
            new = _shown(change.shown)
            text = ast.unparse(ast.fix_missing_locations(tree.body[at]))
            source = "\n".join([*texts[:at], text, *texts[at + 1 :]]) + "\n"
            hole, solution = _solution(snippet, tree.body[at], node.lineno)
        finally:
            change.place.put(before)
        if source not in seen and _compiles(source):
            seen.add(source)
            place = statement.lineno, statement.col_offset
            what = _words(change.mistake, old, new)
            found.append(SnippetMutant(node.lineno, place, what, source, solution, hole))
    return _told_apart(sorted(found, key=lambda one: one.line))


def plain_source(source: str) -> str:
    """A script without its comments, as Python would write it.

    Raises:
        SyntaxError: it is not Python.
    """
    return "\n".join(ast.unparse(statement) for statement in parse_python(source).body) + "\n"


def _compiles(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is called or subscripted in vain: it will be noticed
            compile(source, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _solution(snippet: Snippet, around: ast.stmt, line: int) -> tuple[str, str]:
    """The hole around a line, and what stands in it now, as Python would write it."""
    hole = next((one for one in snippet.holes if one.first < line <= one.end), None)
    if hole is None:
        return "", ""
    return hole.name, "\n".join(ast.unparse(one) for one in _within(around, hole.first + 1, hole.end))


def _within(node: ast.AST, first: int, last: int) -> Iterator[ast.stmt]:
    """The outermost statements between two lines."""
    if isinstance(node, ast.stmt) and first <= node.lineno and (node.end_lineno or 0) <= last:
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _within(child, first, last)


def _told_apart(mutants: list[SnippetMutant]) -> list[SnippetMutant]:
    """The same with different words for each of a line."""
    seen: dict[tuple[int, str], int] = {}
    told = []
    for one in mutants:
        at = seen[one.line, one.what] = seen.get((one.line, one.what), 0) + 1
        told.append(one if at == 1 else replace(one, what=Message("{what} ({number})", what=one.what, number=at)))
    return told


def _shown(slot: Slot) -> str:
    node = slot.get()
    return ast.unparse(node) if isinstance(node, ast.AST) else str(node)


def _words(mistake: Mistake, old: str, new: str) -> Message:
    kind = Message(mistake)
    if mistake in (Mistake.LEFT_OUT, Mistake.CONTEXT):
        return Message("{mistake}: {code}", mistake=kind, code=_short(old.splitlines()[0]))
    one, other = _difference(new, old)
    return Message("{mistake}: {new} for {old}", mistake=kind, new=one, old=other)


def _short(code: str) -> str:
    return code if len(code) <= LONGEST else code[: LONGEST - 1] + "…"


def _difference(one: str, other: str) -> tuple[str, str]:
    """Two codes, without what long ones have in common at their ends."""
    one, other = " ".join(one.split()), " ".join(other.split())
    if max(len(one), len(other)) <= LONGEST // 2:
        return one, other
    begin = _common(one, other)
    end = _common(one[begin:][::-1], other[begin:][::-1])
    # Whole words, and a little around them.
    begin = _word_before(one, max(0, begin - 8))
    stops = [min(len(text), len(text) - max(0, end - 8)) for text in (one, other)]
    ends = [re.compile(r"\w*").match(text, stop) for text, stop in zip((one, other), stops, strict=True)]
    cut = [
        ("…" if begin else "")
        + text[begin : end.end() if end else stop]
        + ("…" if end and end.end() < len(text) else "")
        for text, stop, end in zip((one, other), stops, ends, strict=True)
    ]
    return _short(cut[0]), _short(cut[1])


def _common(one: str, other: str) -> int:
    """How many characters are the same at the beginning of both."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )


def _word_before(text: str, at: int) -> int:
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_."):
        at -= 1
    return at


Found = tuple[Change, ast.AST, ast.stmt]


class _Finder:
    """Goes through a snippet's tree, and finds where it could be wrong."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._innocents = Innocents(tree)
        self._data = DataNames(tree)
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [alias for node in imports for alias in node.names]
        self._modules = {(alias.asname or alias.name).partition(".")[0] for alias in names}
        self._is_drawing = False
        """Whether this is in a function that draws the data."""
        self._bound: set[str] = set()
        """Names that have a value by now."""

    def changes(self) -> Iterator[tuple[int, Change, ast.expr | ast.stmt, ast.stmt]]:
        """Every change: the statement of the script within which it is, the change, the node that is wrong, and the
        innermost statement around it."""
        for at in range(len(self._tree.body)):
            for change, node, statement in self._statement(Slot(self._tree.body, at), ()):
                where = node if isinstance(node, ast.expr | ast.stmt) else statement
                yield at, change, where, statement

    def _block(self, statements: list[ast.stmt], names: tuple[str, ...]) -> Iterator[Found]:
        for at in range(len(statements)):
            yield from self._statement(Slot(statements, at), names)

    def _statement(self, slot: Slot, names: tuple[str, ...]) -> Iterator[Found]:
        """Everything within a statement; ``names`` are those of the functions around it."""
        node: ast.stmt = slot.get()
        if node in self._innocents:
            self._bind(node)
            return
        for change in self._whole(node, slot):
            yield change, node, node
        self._bind(node)
        bound, was_drawing = self._bound, self._is_drawing
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from self._decorators(node)
            if not isinstance(node, ast.ClassDef):
                names = (*names, *self._data.names_of(node))
                # Anything else that it names has no value until it is given one here.
                self._bound = (self._bound - self._data.names_of(node)) | self._data.arguments_of(node)
        else:
            is_data = self._is_drawing or (not names and is_drawn(node))
            for field in self._spoilt_fields(node):
                for inner in _slots(node, field):
                    for change, where in self._expression(inner, inner, names):
                        # Another example is as good as the first; in most functions it may be what is taught.
                        if not (is_data and change.mistake in ARITHMETIC):
                            yield change, where, node
        self._is_drawing = was_drawing or is_drawn(node)
        for field in ("body", "orelse", "finalbody"):
            yield from self._block(getattr(node, field, []), names)
        self._is_drawing = was_drawing
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._bound = bound
        for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from self._block(handler.body, names)

    def _bind(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.For):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            self._bound |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}

    def _whole(self, node: ast.stmt, slot: Slot) -> Iterator[Change]:
        """A statement left out, or the context that it makes; one branch always taken."""
        if self._can_go(node):
            yield Change(Mistake.LEFT_OUT, slot, slot, ast.copy_location(ast.Pass(), node))
        if isinstance(node, ast.With):
            for at, item in enumerate(node.items):
                if _matters(item.context_expr, node):
                    rest = node.items[:at] + node.items[at + 1 :]
                    body = ast.With(rest, node.body) if rest else ast.If(ast.Constant(True), node.body, [])
                    yield Change(Mistake.CONTEXT, slot, slot, ast.copy_location(body, node))
        elif isinstance(node, ast.If) and not (is_of_the_machine(node.test) or is_interval(node.test)):
            test = Slot(node, "test")
            values = (True,) if self._innocents.checks(node) else (True, False)
            yield from (Change(Mistake.BRANCH, test, test, ast.Constant(value)) for value in values)

    def _can_go(self, node: ast.stmt) -> bool:
        """Whether a statement can be left out; without one that names something new, what follows is an error."""
        if self._innocents.checks(node):
            return False
        match node:
            case ast.Expr(ast.Call() as call):
                return not (name_of(call) in ("eval", "train") and not call.args)  # that is another kind of mistake
            case ast.AugAssign() | ast.Continue() | ast.Break() | ast.While():
                return not (isinstance(node, ast.While) and is_of_the_machine(node.test))
            case ast.For():
                return True
            case ast.Assign():
                names = [one for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)]
                return all(one.id in self._bound for one in names if isinstance(one.ctx, ast.Store))
        return False

    @staticmethod
    def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[Found]:
        for at, one in enumerate(node.decorator_list):
            if _matters(one, node):
                rest = node.decorator_list[:at] + node.decorator_list[at + 1 :]
                yield (
                    Change(Mistake.CONTEXT, Slot(node.decorator_list, at), Slot(node, "decorator_list"), rest),
                    one,
                    node,
                )

    @staticmethod
    def _spoilt_fields(node: ast.stmt) -> list[str]:
        """The fields of a statement whose expressions are spoilt."""
        match node:
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"))) if name in COUNTERS:
                return []
            case ast.If() | ast.While() if is_of_the_machine(node.test):
                return []
            case ast.AnnAssign():
                return ["target", "value"]
        return [field for field in node._fields if field not in ("body", "orelse", "finalbody", "handlers", "cases")]

    def _expression(self, slot: Slot, shown: Slot, names: tuple[str, ...]) -> Iterator[tuple[Change, ast.AST]]:
        """Everything within an expression, each with the node that is wrong."""
        node: ast.AST = slot.get()
        if isinstance(node, ast.JoinedStr | ast.Constant) or is_setting(node):
            return
        if is_interval(node) or (isinstance(node, ast.IfExp | ast.BoolOp | ast.Compare) and is_of_the_machine(node)):
            return
        if isinstance(node, ast.keyword) and node.arg in HYPERPARAMETERS:
            return
        at = slot if isinstance(node, ast.expr) else shown
        for change in mistakes(node, at, self._modules):
            yield change, node if isinstance(node, ast.expr) else at.get()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for other in self._data.others(node.id, names):
                yield Change(Mistake.DATA, slot, slot, ast.copy_location(ast.Name(other, ast.Load()), node)), node
        if isinstance(node, ast.Lambda):
            names = (*names, *(one.arg for one in node.args.args))
        skipped: tuple[str, ...] = ()
        if isinstance(node, ast.Lambda):
            skipped = ("args",)
        elif isinstance(node, ast.Call) and name_of(node) in SHAPED:
            skipped = ("args", "keywords")
        for field in node._fields:
            if field not in skipped:
                for inner in _slots(node, field):
                    yield from self._expression(inner, at, names)


def _matters(context: ast.expr, node: ast.stmt) -> bool:
    """Whether a statement does something else without a context."""
    name = name_of(context)
    return name in CONTEXTS or (name in WITHOUT_GRADIENT and changes_in_place(node))


def _slots(node: ast.AST, field: str) -> Iterator[Slot]:
    """The places of the nodes in a field."""
    value = getattr(node, field, None)
    if isinstance(value, list):
        yield from (Slot(value, at) for at, one in enumerate(value) if isinstance(one, ast.AST))
    elif isinstance(value, ast.AST):
        yield Slot(node, field)
