"""Script: an entry's snippet, its PEP 723 block, its holes, and what it imports."""

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import Any, TypeVar

from kb.deck.harmless import without_harmless
from kb.deck.text import bare_lines
from kb.errors import Message

MAX_HOLE_LINES = 6

MAX_TIMEOUT = 86_400
"""Seconds that a script may ask for: a day."""

_OPEN = re.compile(r"^(\s*)# hole:(.*)$")
_CLOSE = re.compile(r"^\s*# end\s*$")

_READING = RLock()

_READINGS = 10
"""How often a text is read until nobody else reads meanwhile."""

_T = TypeVar("_T")


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

    def indented(self, lines: str) -> list[str]:
        """Lines for it, at its depth."""
        return [self.indent + line if line.strip() else "" for line in bare_lines(lines)]


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

    @property
    def shown(self) -> str:
        """The script's text as readers see it: without the comments that answer for its mutants."""
        return without_harmless(self.source)

    def hole(self, name: str) -> Hole | None:
        """The hole of that name."""
        return next((hole for hole in self.holes if hole.name == name), None)

    def solution(self, name: str) -> str:
        """The lines inside a hole, without their indentation, as readers see them."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        lines = bare_lines(self.source)[hole.first : hole.end]
        return without_harmless("\n".join(line.removeprefix(hole.indent) for line in lines))

    def filled(self, name: str, lines: str) -> str:
        """The script with other lines in a hole: indented to its depth, everything else as it stands."""
        hole = self.hole(name)
        if hole is None:
            raise KeyError(name)
        ours = bare_lines(self.source)
        return "\n".join([*ours[: hole.first], *hole.indented(lines.expandtabs(4)), *ours[hole.end :]]) + "\n"


Trouble = list[tuple[int, str]]
"""Line numbers and messages."""


def read_snippet(path: str, source: str) -> tuple[Snippet, Trouble]:
    """Read a script; what is wrong with its form comes back as lines and messages."""
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
        ValueError: the block is not TOML.
    """
    block = _block(source)
    if not block:
        return {}
    import tomllib  # deferred: 4 ms, for the same reason

    try:
        return tomllib.loads("\n".join(line[2:] for line in block))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _block(source: str) -> list[str]:
    """The lines between ``# /// script`` and ``# ///``; none if there is no such block."""
    lines = iter(bare_lines(source))
    if "# /// script" not in lines:  # goes on to the line that is it
        return []
    block: list[str] = []
    for line in lines:
        if line == "# ///":
            return block
        if line != "#" and not line.startswith("# "):
            break
        block.append(line)
    return []


def _settings(source: str, trouble: Trouble) -> dict[str, Any]:
    try:
        table = header(source)
    except ValueError as error:
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
    texts = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    return {re.split(r"[^\w.-]", one)[0].lower().replace("-", "_") for one in texts}


def _holes(source: str, trouble: Trouble) -> tuple[Hole, ...]:
    holes: list[Hole] = []
    open_at: tuple[str, int, str] | None = None
    for at, line in enumerate(bare_lines(source)):
        if found := _OPEN.match(line):
            given = found[2].strip()
            if open_at:
                trouble.append(
                    (at + 1, Message("a hole inside the hole {name!r}; close that with # end first", name=open_at[0]))
                )
            elif not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", given):
                trouble.append(
                    (
                        at + 1,
                        Message("{name!r} is no name for a hole; write # hole: the-id-of-its-code-item", name=given),
                    )
                )
            elif any(hole.name == given for hole in holes):
                trouble.append((at + 1, Message("a second hole {name!r}; give each a name of its own", name=given)))
            else:
                open_at = given, at, found[1]
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


def without_warnings(read: Callable[[], _T]) -> _T:
    """What reading a text as Python gives, without its warnings of escapes that mean nothing: it is not run here.

    One thread at a time: Python keeps what becomes of warnings, and counts the depth of the trees that it builds, for
    all threads together. Where one that does not come this way reads meanwhile, the count is wrong, and Python says so.
    """
    with _READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(_READINGS - 1):
            with suppress(SystemError):
                return read()
        return read()


def parse_python(source: str) -> ast.Module:
    """The syntax tree of a text.

    Raises:
        SyntaxError: it is not Python, or too deep for Python to read.
    """
    try:
        return without_warnings(lambda: ast.parse(source))
    except SyntaxError:
        raise
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from None
    except (RecursionError, MemoryError):
        raise SyntaxError("nested too deep") from None


def parse_lines(lines: str) -> list[ast.stmt]:
    """The statements of lines for a hole. Loops and functions may stand around it: continue and return are at home.

    Raises:
        SyntaxError: they are no whole statements of Python. Its line is two more than theirs.
    """
    indented = "\n".join("    " + line for line in bare_lines(lines.expandtabs(4)))
    tree = parse_python(f"async def hole():\n  while True:\n{indented}\n")
    statements: list[ast.stmt] = tree.body[0].body[0].body  # type: ignore[attr-defined]
    return statements


def imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Each import of a script with the first name of the module; that is empty for ``from . import x``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, (node.module or "").partition(".")[0]


def _check_imports(source: str, dependencies: set[str], trouble: Trouble) -> None:
    try:
        tree = parse_python(source)
    except SyntaxError as error:
        trouble.append((error.lineno or 1, Message("not Python: {error}; mend the syntax", error=error)))
        return
    if ast.get_docstring(tree) is None:
        trouble.append((1, Message("no docstring; say the lesson in one line after the script block")))
    for node, top in imports(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            trouble.append((node.lineno, Message("a relative import; a snippet stands alone")))
        if top and top not in sys.stdlib_module_names and top.lower() not in dependencies:
            trouble.append(
                (node.lineno, Message("{top} is not among the script block's dependencies; add it", top=top))
            )
