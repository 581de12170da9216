"""Innocent: parts of a snippet in which a change is no mistake that a check should notice: output, seeds, settings."""

import ast
from collections.abc import Iterable, Iterator

HYPERPARAMETERS = frozenset(
    "lr batch_size device dtype num_workers hidden steps epochs seed generator timeout msg rtol atol rel_tol abs_tol"
    " strict end sep file foreach fused inplace non_blocking pin_memory map_location mmap encoding nprocs start_method"
    " daemon args kwargs target world_size rank init_method eps gradient_as_bucket_view set_to_none num_layers"
    " step_size milestones total_steps T_max ignore_cleanup_errors stable max_iter"
    " line_search_fn raise_exception n name stacklevel flush".split()
)
"""Arguments that are chosen, and could have been chosen otherwise; or that change speed or wording alone."""

SETTINGS = frozenset(
    "set_num_threads set_num_interop_threads set_float32_matmul_precision use_deterministic_algorithms simplefilter"
    " filterwarnings barrier cleanup close flush destroy_process_group empty_cache synchronize join start print"
    " set_printoptions monitored_barrier collect exit rmtree makedirs mkdir".split()
)
"""Calls that order, tidy or speed up, and teach nothing."""

MACHINES = frozenset({"os", "shutil", "signal", "subprocess", "sys", "tempfile", "pathlib"})
"""Modules that act on the machine: a mistake in what is asked of them could hurt it."""

CHECKS = frozenset({"assert_close", "assert_allclose"})

PURE = frozenset(
    "len float int str bool round sum max min sorted zip range list tuple dict set abs enumerate map any all".split()
)
"""Python's own functions that leave everything as it was."""

ACTING = frozenset({"step", "backward", "fit", "train", "eval", "zero_grad", "append", "load_state_dict"})
"""Methods that change what they are called on."""


def name_of(node: ast.AST) -> str:
    """The last part of the name that a call calls; empty if it has none."""
    function = node.func if isinstance(node, ast.Call) else node
    return str(getattr(function, "attr", getattr(function, "id", "")))


def root_of(node: ast.AST) -> str:
    """The name that a chain of attributes begins with; empty if it begins otherwise."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def is_setting(node: ast.AST) -> bool:
    """Whether a call orders, tidies, seeds or speeds up, or acts on the machine: nothing in it is spoilt."""
    if not isinstance(node, ast.Call):
        return False
    return name_of(node) in SETTINGS or "seed" in name_of(node) or root_of(node.func) in MACHINES


def is_random(node: ast.AST) -> bool:
    """Whether numbers are drawn in an expression."""
    return any(isinstance(one, ast.Call) and "rand" in name_of(one) for one in ast.walk(node))


COUNTERS = frozenset({"_", "step", "epoch", "iteration", "round", "episode", "i"})
"""What counts the steps of a training: more or fewer of them are no mistake."""

SHAPED = frozenset("rand randn randint randperm zeros ones empty full".split())
"""Functions whose arguments are sizes."""


DRAWING = "draw", "make", "generate"
"""How functions are called that make an example's data."""


def is_drawn(node: ast.AST) -> bool:
    """Whether a statement, or a function by its name, draws an example's data."""
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith(DRAWING) and is_random(node)
    return isinstance(node, ast.Assign | ast.AugAssign) and is_random(node.value)


def changes_in_place(node: ast.AST) -> bool:
    """Whether a part of a program changes tensors in place, as far as its names tell."""
    for one in ast.walk(node):
        if isinstance(one, ast.AugAssign):
            return True
        if isinstance(one, ast.Call) and name_of(one).endswith("_") and not name_of(one).endswith("__"):
            return True
        if isinstance(one, ast.Subscript | ast.Attribute) and isinstance(one.ctx, ast.Store):
            return True
    return False


def is_chosen_by_hand(node: ast.AST) -> bool:
    """Whether an expression is a number, or one that was named in capitals."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def is_of_the_machine(node: ast.AST) -> bool:
    """Whether an expression asks where it runs: on which device, with which variables, as which process."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in ("environ", "is_available", "is_cuda", "cuda", "__version__"):
            return True
        if isinstance(one, ast.Attribute) and one.attr == "type" and name_of(one.value) == "device":
            return True
        if isinstance(one, ast.Name) and one.id == "__name__":
            return True
    return False


def is_parameter(node: ast.AST) -> bool:
    """Whether an expression is a parameter or its gradient: a look at it needs no ``detach()`` to be right."""
    name = name_of(node)
    return name in ("grad", "parameters_to_vector") or name.startswith(("weight", "bias"))


def is_interval(test: ast.AST) -> bool:
    """Whether a condition is true every so many steps, such as ``step % 20 == 0``: what is noted then could as well be
    noted at others."""
    match test:
        case ast.Compare(
            left=ast.BinOp(left=ast.Name(id=name), op=ast.Mod(), right=ast.Constant()), comparators=[ast.Constant()]
        ):
            return name in COUNTERS
    return False


def statements_of(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement, the outer ones first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            yield node


class Innocents:
    """The statements of a snippet that are innocent as a whole."""

    def __init__(self, tree: ast.Module) -> None:
        self._checks = set(CHECKS)
        """Functions whose call is a check, under the names that the snippet gives them."""
        self._checking: set[str] = set()
        """The snippet's own functions that check something."""
        for node in statements_of(tree):
            if isinstance(node, ast.FunctionDef) and self.checks(node):
                self._checking.add(node.name)
            if isinstance(node, ast.Assign) and _mentions(node.value, self._checks):
                self._checks |= {name.id for name in node.targets if isinstance(name, ast.Name)}
        self._printed: set[str] = set()
        """Names that nothing reads but what prints."""
        self._find_printed(tree)

    def __contains__(self, node: ast.stmt) -> bool:
        """Whether no part of a statement is spoilt."""
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Raise() | ast.Pass() | ast.Global():
                return True
            case ast.Expr(ast.Constant()):
                return True
            case ast.Expr(ast.Call() as call):
                return self._is_innocent_call(call)
            case ast.Assign() if _mentions(node.value, self._checks):
                return True
            case ast.Assign():
                names = {name.id for target in node.targets for name in _names(target)}
                is_size = all(name.isupper() for name in names) and not _calls_anything(node.value)
                is_backend = any("backends" in ast.unparse(one) for one in node.targets)
                return "device" in names or is_backend or (bool(names) and is_size) or self._is_printed(node)
            case ast.AugAssign() | ast.AnnAssign():
                return self._is_printed(node)
            case ast.If() | ast.For() | ast.With():
                return all(one in self for one in [*node.body, *getattr(node, "orelse", [])])
        return False

    def checks(self, node: ast.stmt) -> bool:
        """Whether a statement checks something: without it a snippet proves less, and is as right."""
        for one in ast.walk(node):
            if isinstance(one, ast.Assert | ast.Raise):
                return True
            if isinstance(one, ast.Call) and name_of(one) in self._checks | self._checking:
                return True
        return False

    def _is_innocent_call(self, call: ast.Call) -> bool:
        name = name_of(call)
        if name in self._checks or is_setting(call):
            return True
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(receiver, ast.Call) and name_of(receiver) == "super":
            return True
        return name == "append" and isinstance(receiver, ast.Name) and receiver.id in self._printed

    def _is_printed(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> bool:
        """Whether an assignment serves what is printed, and nothing else."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name for target in targets for name in _names(target)]
        is_plain = all(isinstance(one, ast.Name | ast.Tuple) for one in targets) and bool(names)
        return is_plain and all(name.id in self._printed for name in names) and _is_pure(node.value)

    def _find_printed(self, tree: ast.Module) -> None:
        """Begin with every name; what is read anywhere but in innocent statements goes, until nothing more does."""
        self._printed = {name.id for node in ast.walk(tree) for name in _names(node) if isinstance(name.ctx, ast.Store)}
        while True:
            read = set(self._read(tree.body))
            if not read & self._printed:
                return
            self._printed -= read

    def _read(self, statements: Iterable[ast.AST]) -> Iterator[str]:
        """Names that are read, but for those in statements that only print."""
        for node in statements:
            if isinstance(node, ast.stmt) and self._only_prints(node):
                continue
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
            yield from self._read(ast.iter_child_nodes(node))

    def _only_prints(self, node: ast.stmt) -> bool:
        match node:
            case ast.Expr(ast.Call() as call):
                return name_of(call) == "print" or (name_of(call) == "append" and self._is_innocent_call(call))
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign():
                return self._is_printed(node)
            case ast.If():
                return all(self._only_prints(one) for one in [*node.body, *node.orelse])
        return False


def _mentions(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression is a function, or is made from it by ``partial``."""
    if isinstance(node, ast.Call):
        return name_of(node) == "partial" and bool(node.args) and _mentions(node.args[0], names)
    return name_of(node) in names


def _names(node: ast.AST) -> list[ast.Name]:
    if isinstance(node, ast.Tuple | ast.List):
        return [name for one in node.elts for name in _names(one)]
    if isinstance(node, ast.Starred):
        return _names(node.value)
    return [node] if isinstance(node, ast.Name) else []


def _calls_anything(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


def _is_pure(node: ast.AST | None) -> bool:
    """Whether an expression leaves everything as it was, as far as one can see."""
    for one in ast.walk(node) if node else ():
        if isinstance(one, ast.Call):
            name = name_of(one)
            if isinstance(one.func, ast.Name) and name not in PURE:
                return False
            if name in ACTING or (name.endswith("_") and not name.endswith("__")):
                return False
    return True
