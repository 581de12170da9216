"""Script: an entry's snippet, its PEP 723 block, its holes, and what it imports."""

import ast
import re
import sys
from dataclasses import dataclass
from typing import Any

from kb.errors import Message

MAX_HOLE_LINES = 6

MAX_TIMEOUT = 86_400
"""Seconds that a script may ask for: a day."""

_BLOCK = re.compile(r"^# /// script\n((?:#(?: .*)?\n)+?)# ///$", re.MULTILINE)
_OPEN = re.compile(r"^(\s*)# hole:\s*(.*?)\s*$")
_CLOSE = re.compile(r"^\s*# end\s*$")


@dataclass(frozen=True, slots=True)
class Hole:
    """The lines of a snippet that a code item takes out."""

    name: str
    """The id of the code item."""
    first: int
    """Index of the first line inside the hole, from 0."""
    end: int
    """Index of the line ``# end``."""
    indent: str
    """The white space before ``# hole:``."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """An entry's script."""

    path: str
    """Absolute path of the file."""
    source: str
    """The script's text."""
    sha256: str
    """Of ``source`` in UTF-8: what a record of a verification hangs on."""
    timeout: float = 60.0
    """Seconds that one run may take."""
    launcher: str = ""
    """``torchrun`` if the script is to be started by it, else nothing."""
    processes: int = 1
    """How many processes the launcher starts."""
    holes: tuple[Hole, ...] = ()
    """In the order of the file."""

    def hole(self, name: str) -> Hole | None:
        """The hole of that name."""
        return next((hole for hole in self.holes if hole.name == name), None)

    def solution(self, name: str) -> str:
        """The lines inside a hole, without their indentation."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        lines = source_lines(self.source)[hole.first : hole.end]
        return "\n".join(line.removeprefix(hole.indent) for line in lines)

    def filled(self, name: str, lines: str) -> str:
        """The script with other lines in a hole: indented to its depth, everything else as it stands."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        ours = source_lines(self.source)
        theirs = [hole.indent + line if line.strip() else "" for line in source_lines(lines.expandtabs(4))]
        return "\n".join([*ours[: hole.first], *theirs, *ours[hole.end :]]) + "\n"


def source_lines(text: str) -> list[str]:
    """The lines of a text as Python counts them: ``str.splitlines`` also ends one at a form feed or U+2028, which may
    stand inside a string."""
    lines = re.split("\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


Trouble = list[tuple[int, str]]
"""Line numbers and messages."""


def read_snippet(path: str, source: str) -> tuple[Snippet, Trouble]:
    """Read a script; what is wrong with its form comes back as lines and messages, never as an exception."""
    import hashlib  # deferred: 2 ms, and a snippet from the cache needs none of it

    trouble: Trouble = []
    settings = _settings(source, trouble)
    timeout = settings.get("timeout", 60)
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout <= MAX_TIMEOUT:
        trouble.append(
            (
                1,
                Message(
                    "timeout = {timeout!r} in [tool.kb]; give seconds above 0 and at most {most}",
                    timeout=timeout,
                    most=MAX_TIMEOUT,
                ),
            )
        )
        timeout = 60
    launcher = settings.get("launcher", "")
    if launcher not in ("", "torchrun"):
        trouble.append(
            (1, Message("launcher = {launcher!r} in [tool.kb]; the only one known is torchrun", launcher=launcher))
        )
        launcher = ""
    processes = settings.get("processes", 2 if launcher else 1)
    if not isinstance(processes, int) or isinstance(processes, bool) or not 1 <= processes <= 8:
        trouble.append(
            (1, Message("processes = {processes!r} in [tool.kb]; give a number from 1 to 8", processes=processes))
        )
        processes = 2 if launcher else 1
    trouble += [
        (1, Message("unknown key {key!r} in [tool.kb]; known are timeout, launcher and processes", key=key))
        for key in sorted(settings.keys() - {"timeout", "launcher", "processes"})
    ]
    snippet = Snippet(
        path=path,
        source=source,
        sha256=hashlib.sha256(source.encode()).hexdigest(),
        timeout=float(timeout),
        launcher=launcher,
        processes=processes,
        holes=_holes(source, trouble),
    )
    _check_imports(source, _dependencies(source), trouble)
    return snippet, trouble


def header(source: str) -> dict[str, Any]:
    """The TOML of a script's PEP 723 block, or an empty table.

    Raises:
        tomllib.TOMLDecodeError: the block is not TOML.
    """
    found = _BLOCK.search(source)
    if found is None:
        return {}
    import tomllib  # deferred: 4 ms, for the same reason

    return tomllib.loads("\n".join(line[2:] for line in found[1].splitlines()))


def _settings(source: str, trouble: Trouble) -> dict[str, Any]:
    try:
        table = header(source)
    except ValueError as error:  # TOMLDecodeError is its child
        trouble.append((1, Message("the script block is not TOML: {error}; see PEP 723", error=error)))
        return {}
    if not table:
        trouble.append(
            (1, Message("no script block; begin with # /// script, requires-python and dependencies (PEP 723)"))
        )
    tool = table.get("tool", {})
    settings = tool.get("kb", {}) if isinstance(tool, dict) else {}
    return settings if isinstance(settings, dict) else {}


def _dependencies(source: str) -> set[str]:
    try:
        named = header(source).get("dependencies", [])
    except ValueError:
        return set()
    return {re.split(r"[^\w.-]", str(one))[0].lower().replace("-", "_") for one in named}


def _holes(source: str, trouble: Trouble) -> tuple[Hole, ...]:
    holes: list[Hole] = []
    open_at: tuple[str, int, str] | None = None
    for at, line in enumerate(source_lines(source)):
        if found := _OPEN.match(line):
            if open_at:
                trouble.append(
                    (at + 1, Message("a hole inside the hole {name!r}; close that with # end first", name=open_at[0]))
                )
            elif not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found[2]):
                trouble.append(
                    (
                        at + 1,
                        Message("{name!r} is no name for a hole; write # hole: the-id-of-its-code-item", name=found[2]),
                    )
                )
            elif any(hole.name == found[2] for hole in holes):
                trouble.append((at + 1, Message("a second hole {name!r}; give each a name of its own", name=found[2])))
            else:
                open_at = found[2], at, found[1]
        elif _CLOSE.match(line) and open_at:
            name, first, indent = open_at
            count = at - first - 1
            if not 1 <= count <= MAX_HOLE_LINES:
                trouble.append(
                    (
                        first + 1,
                        Message(
                            "hole {name!r} has {count} {count:line|lines}; 1 to {most} carry an idea",
                            name=name,
                            count=count,
                            most=MAX_HOLE_LINES,
                        ),
                    )
                )
            holes.append(Hole(name, first + 1, at, indent))
            open_at = None
    if open_at:
        trouble.append(
            (open_at[1] + 1, Message("hole {name!r} is never closed; write # end after its last line", name=open_at[0]))
        )
    return tuple(holes)


def _check_imports(source: str, dependencies: set[str], trouble: Trouble) -> None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        trouble.append(
            (getattr(error, "lineno", None) or 1, Message("not Python: {error}; mend the syntax", error=error))
        )
        return
    if ast.get_docstring(tree) is None:
        trouble.append((1, Message("no docstring; say the lesson in one line after the script block")))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.level:
                trouble.append((node.lineno, Message("a relative import; a snippet stands alone")))
        for name in names:
            top = name.split(".")[0]
            if top and top not in sys.stdlib_module_names and top.lower() not in dependencies:
                trouble.append(
                    (
                        getattr(node, "lineno", 1),
                        Message("{top} is not among the script block's dependencies; add it", top=top),
                    )
                )
