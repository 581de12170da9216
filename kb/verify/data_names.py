"""Data names: which names of a snippet stand for training data and which for test data, as far as they say so."""

import ast
from collections.abc import Iterator, Sequence

TRAINING = frozenset({"train", "training", "fit", "seen"})
OTHER = ("test", "held", "val", "valid", "validation", "fresh", "unseen", "eval")
"""Words for data that nothing is learned from, what is asked for first standing first."""


class DataNames:
    """The names of a snippet that can be taken for each other."""

    def __init__(self, tree: ast.Module) -> None:
        self._known = {one for node in tree.body for one in _bound(node)}

    @classmethod
    def names_of(cls, function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
        """The names that a function gives a value, its arguments included."""
        return cls.arguments_of(function) | {name for node in function.body for name in _bound(node)}

    @staticmethod
    def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
        """The names of a function's arguments."""
        arguments = function.args
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        return {one.arg for one in given if one}

    def others(self, name: str, local: Sequence[str] = ()) -> list[str]:
        """What a name can be confounded with: ``x_test`` for ``x_train`` or ``x``, and back; at most one.

        Args:
            name: as it is read.
            local: names that the functions around it give a value.
        """
        known = self._known | set(local)
        return [other for other in dict.fromkeys(_counterparts(name)) if other in known and other != name][:1]


def _counterparts(name: str) -> Iterator[str]:
    words = name.split("_")
    for at, word in enumerate(words):
        if word in TRAINING:
            yield from ("_".join([*words[:at], other, *words[at + 1 :]]) for other in OTHER)
            return
        if word in OTHER:
            rest = words[:at] + words[at + 1 :]
            yield from ("_".join([*words[:at], training, *words[at + 1 :]]) for training in sorted(TRAINING))
            if rest:
                yield "_".join(rest)
            yield from ("_".join([*words[:at], other, *words[at + 1 :]]) for other in OTHER)
            return
    for other in OTHER:
        yield f"{name}_{other}"
        yield f"{other}_{name}"


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives a value, but for those within its functions."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
