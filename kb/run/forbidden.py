"""Forbidden: what a learner's lines may not call, watched while they run, whatever name or object they reach it by.

A guard stands in the place of each forbidden function, on the module or class that it belongs to and on those that have
it by the same name; of a class or an object its methods are guarded, so that it stays what it is. A guard looks whether
a line of the learner's is at work further up, and writes that down; the call goes on. So the snippet may call what it
likes, its own functions too, as long as no line of the learner's is behind it. Standard library only, see the
instrument.
"""

import functools
import importlib
import sys
import types
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

HOMES = (
    "torch", "torch.nn.functional", "torch.Tensor", "torch.special", "torch.linalg", "torch._C._nn", "torch._VF",
    "torch.ops.aten",
)  # fmt: skip
"""Where torch has one operation several times, by the same name."""

METHODS = "__init__", "forward", "__call__"
"""What a class or an object is used by."""


class Forbidden:
    """What some lines may not call, and what they called of it."""

    def __init__(self, path: str, own_lines: tuple[int, int], names: Collection[str]) -> None:
        """Take what to watch.

        Args:
            path: of the script, as its code names it.
            own_lines: the learner's first and last, from 1.
            names: dotted names in the script, see ``Job.forbid``.
        """
        self.path = path
        self.own_lines = own_lines
        self.names = tuple(names)
        self.called: tuple[str, int] | None = None
        """The first that was called, by its name, and the learner's line behind it."""
        self.unknown = set(names)
        """Those that stand for nothing that can be called, so far."""
        self._guards: dict[int, Callable[..., Any]] = {}
        """By the ``id`` of what is guarded, which they hold; a guard stands for itself."""
        self._objects: dict[type, list[tuple[object, str]]] = {}
        """Objects that are watched, by their class, and their names."""

    def watch_imported(self, imports: Mapping[str, str], bound: Collection[str]) -> None:
        """Guard what modules have, before the script runs.

        Args:
            imports: what the script imports, by the name that it has there.
            bound: other names that the script binds: those wait for ``watch_bound``.
        """
        for name in self.names:
            head, dot, rest = name.partition(".")
            if head in imports or head not in bound:
                self._watch(imports.get(head, head) + dot + rest, name)

    def watch_bound(self, head: str, names: dict[str, Any]) -> None:
        """Guard what a name of the script stands for, now that it has a value."""
        for name in self.names:
            first, dot, rest = name.partition(".")
            if first != head or head not in names:
                continue
            value = names[head]
            if dot:
                self._watch_below(value, rest, name)
            elif isinstance(value, type):
                self._watch_class(value, name)
            elif not self._watch_object(value, name) and callable(value):
                guard = self._guard(value, name)
                names.update({key: guard for key, other in [*names.items()] if other is value})

    def _watch(self, path: str, name: str) -> None:
        """Guard what a path from a module leads to."""
        head, _, rest = path.partition(".")
        if owner := _module(head):
            self._watch_below(owner, rest, name)
        if name not in self.unknown:
            last = path.rpartition(".")[2]
            for home in HOMES:
                module, _, inner = home.partition(".")
                if path.startswith(module):
                    with suppress(AttributeError, TypeError):
                        self._watch_attribute(_follow(_module(module), inner), last, name)

    def _watch_below(self, owner: Any, path: str, name: str) -> None:
        """Guard what attributes, joined by dots, lead to from an object."""
        inner, _, last = path.rpartition(".")
        with suppress(AttributeError, TypeError):  # there is none, or it cannot be replaced
            self._watch_attribute(_follow(owner, inner), last, name)

    def _watch_attribute(self, owner: Any, attribute: str, name: str) -> None:
        value = getattr(owner, attribute)
        if isinstance(value, type):
            self._watch_class(value, name)
        elif self._watch_object(value, name):
            for overload in value.overloads() if hasattr(value, "overloads") else ():  # of an operator in `torch.ops`
                self._watch_object(getattr(value, overload), name)
        elif isinstance(owner, type | types.ModuleType):
            if callable(value):
                static = isinstance(owner, type) and isinstance(vars(owner).get(attribute), staticmethod)
                guard = self._guard(value, name)
                with suppress(AttributeError):
                    # Where it is found again by whatever keeps functions by their names, as pickle does.
                    home = owner.__name__ if isinstance(owner, types.ModuleType) else owner.__module__
                    guard.__module__ = value.__module__ or home
                setattr(owner, attribute, staticmethod(guard) if static else guard)
        elif callable(value):
            self._watch_method(owner, attribute, name)

    def _watch_class(self, owner: type, name: str) -> None:
        """Guard its construction, its subclasses' too, and the calls of what is made of it."""
        for method in METHODS:
            value = getattr(owner, method, None)
            if isinstance(value, types.FunctionType) and not (method == "__call__" and hasattr(owner, "forward")):
                setattr(owner, method, self._guard(value, name))

    def _watch_object(self, value: Any, name: str) -> bool:
        """Guard the calls of one object of a class that is written in Python; whether it is one."""
        owner = type(value)
        method = "forward" if hasattr(owner, "forward") else "__call__"
        return self._watch_method(value, method, name)

    def _watch_method(self, value: Any, method: str, name: str) -> bool:
        owner = type(value)
        function = getattr(owner, method, None)
        if not isinstance(function, types.FunctionType):
            return False
        is_watched = owner in self._objects
        watched = self._objects.setdefault(owner, [])
        watched.append((value, name))
        self.unknown.discard(name)
        if not is_watched:

            @functools.wraps(function)
            def guard(this: Any, *arguments: Any, **options: Any) -> Any:
                for one, called in watched:
                    if one is this:
                        self.note(called)
                return function(this, *arguments, **options)

            setattr(owner, method, guard)
        return True

    def _guard(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """A function in the place of another."""
        self.unknown.discard(name)
        if (known := self._guards.get(id(function))) is not None:
            return known
        note = self.note

        @functools.wraps(function)
        def guard(*arguments: Any, **options: Any) -> Any:
            note(name)
            return function(*arguments, **options)

        del guard.__wrapped__  # the way round it  # type: ignore[attr-defined]
        self._guards |= {id(function): guard, id(guard): guard}
        return guard

    def note(self, name: str) -> None:
        """Write a call down if a line of the learner's is behind it."""
        if self.called is not None:
            return
        path, (first, last) = self.path, self.own_lines
        frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001 the stack is all that is looked at
        while frame is not None:
            if frame.f_code.co_filename == path and first <= (frame.f_lineno or 0) <= last:
                self.called = name, frame.f_lineno
                return
            frame = frame.f_back


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception:  # there is none of that name, or it does not load here
        return None


def _follow(value: Any, path: str) -> Any:
    """What attributes, joined by dots, lead to; modules on the way are imported.

    Raises:
        AttributeError: there is none.
    """
    for name in path.split(".") if path else ():
        if isinstance(value, types.ModuleType) and not hasattr(value, name):
            _module(f"{value.__name__}.{name}")
        value = getattr(value, name)
    return value
