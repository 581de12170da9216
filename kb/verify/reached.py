"""Reached: which statements of a snippet a run executes. What did not run, nothing has proved."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from kb.deck.script import Snippet, parse_python
from kb.run.folder import find_temporary_folder, make_folder, remove_folder
from kb.run.job import Job, Run
from kb.run.runner import Starter, run, snippet_job

Place = tuple[int, int]
"""Line, from 1, and column of a statement."""

MARK = "_kb_reached_"
"""The function that the marked script calls before each statement; once for each it writes the place down, also in
processes that the script has forked or started."""

_PRELUDE = f"""
def {MARK}(place, seen=set(), os=__import__("os"), path={{path!r}}):
    if place not in seen:
        seen.add(place)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, b"%d:%d\\n" % place)
        os.close(file)
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a run of a snippet reached."""

    run: Run
    places: frozenset[Place]
    """Where the statements begin that were executed; empty if it is not known."""


def reach(snippet: Snippet, device: str, worker: Starter | None) -> Reach:
    """Run a snippet with one thread, and see which of its statements are executed.

    Raises:
        SyntaxError: the snippet is not Python.
        KbError: no folder for temporary files can be written.
    """
    folder = make_folder(find_temporary_folder(), "kb-reach-")
    try:
        path = os.path.join(folder, "places")  # noqa: PTH118 a text that goes into another text
        done = run(reach_job(snippet, path, device), worker=worker)
        places: frozenset[Place] = frozenset()
        if os.path.exists(path):  # noqa: PTH110 as above
            with open(path, encoding="ascii") as file:
                pairs = [line.split(":") for line in file]
            places = frozenset((int(line), int(column)) for line, column in pairs)
        return Reach(done, places)
    finally:
        remove_folder(folder)


def reach_job(snippet: Snippet, path: str, device: str) -> Job:
    """The job of running a snippet whose statements write down in a file that they are reached."""
    folder = os.path.dirname(path)  # noqa: PTH120 as above
    source = marked_source(snippet.source, path)
    return snippet_job(snippet, device, source=source, writable=(folder,), threads=1)


def marked_source(source: str, path: str) -> str:
    """A script that notes each of its statements before it executes it.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = parse_python(source)
    for node in list(ast.walk(tree)):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                setattr(node, field, list(_marked(block)))
    at = len(list(takewhile(_is_first, tree.body)))
    tree.body[at:at] = ast.parse(_PRELUDE.format(path=path)).body
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _marked(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        if not _is_first(statement):
            place = ast.Tuple([ast.Constant(statement.lineno), ast.Constant(statement.col_offset)], ast.Load())
            call = ast.Call(ast.Name(MARK, ast.Load()), [place], [])
            yield ast.copy_location(ast.Expr(call), statement)
        yield statement


def _is_first(statement: ast.stmt) -> bool:
    """Whether a statement must stay at the beginning of its block: a docstring, or what Python is told."""
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")
