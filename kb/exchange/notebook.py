"""Notebook: an entry as a Jupyter notebook: its text, and between it the cells of its snippet."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from kb.deck.entry import Entry
from kb.deck.manifest import is_file
from kb.deck.markdown import dollared, read_markdown, walk
from kb.deck.script import Snippet
from kb.deck.text import bare_lines
from kb.exchange.target import changed, is_there, not_ours

_CELL = re.compile(r"^# %%(?:[ \t]+(?P<title>.*))?$")
_HOLE = re.compile(r"^\s*# (?:hole: .*|end)$")
_BLOCK = re.compile(r"^# ///")
_ENTRY = re.compile(r"\]\(\.\./([^/)]+)/[^/)]+\.md\)")
_SNIPPET = re.compile(r"\[`?snippet\.py`?\]\(snippet\.py\)")

VERSION = 4
"""Of the notebook's format."""


def notebook(entry: Entry, language: str) -> str:
    """An entry as the JSON of a notebook.

    Its sections stand before the cells that hold their code, in the order of the text; code that a cell runs is not
    shown twice. A snippet that torchrun starts is written to a file by one cell and started by another.
    """
    import nbformat.v4 as made  # deferred: 60 ms, and one command needs it
    from nbformat import writes

    text = entry.text(language)
    cells = _snippet_cells(entry.snippet) if entry.snippet else []
    started: list[Any] = []
    if entry.snippet and entry.snippet.launcher:
        started, cells = _launched(entry.number, entry.snippet, made), []
    found: list[Any] = []
    shown = 0
    for section in _sections(text.markdown):
        needed = _cells_needed(section, cells)
        words = _without_code(section, cells)
        if words.strip():
            found.append(made.new_markdown_cell(words.strip()))
        if needed > shown:
            found += [made.new_code_cell(code) for code in cells[shown:needed]]
            shown = needed
    found += [made.new_code_cell(code) for code in cells[shown:]] + started
    for at, cell in enumerate(found):
        cell["id"] = f"cell-{at}"
    facts = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
        "title": f"{entry.number}. {text.title}",
        "kb": {"cells": _digest(found)},
    }
    written: str = writes(made.new_notebook(cells=found, metadata=facts), version=VERSION)
    return written + "\n"


def see_notebook(path: Path) -> None:
    """See that a notebook may be written to a path. One that was only run is as it was written.

    Raises:
        UsageError: something else lies there, or one that its reader worked in.
    """
    if not is_there(path):
        return
    try:
        whole: Any = json.loads(path.read_bytes()) if is_file(path) else None
        written, now = whole["metadata"]["kb"]["cells"], _digest(whole["cells"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise not_ours(path, "notebook") from None
    if written != now:
        raise changed(path)


def _digest(cells: list[Any]) -> str:
    """Changes with whatever a reader may write into a notebook's cells; a line may be one of a list of them."""
    words = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return sha256(json.dumps(words).encode()).hexdigest()


def _snippet_cells(snippet: Snippet) -> list[str]:
    """The snippet's cells, without marks that only kb reads."""
    cells: list[list[str]] = [[]]
    is_header = False
    for line in bare_lines(snippet.shown):
        if _BLOCK.match(line):
            is_header = not is_header and line != "# ///"
            continue
        if is_header or _HOLE.match(line):
            continue
        if found := _CELL.match(line):
            cells.append([f"# {found['title']}"] if found["title"] else [])
        else:
            cells[-1].append(line)
    whole = ["\n".join(cell).strip("\n") for cell in cells]
    return [cell for cell in whole if cell.strip()]


def _sections(markdown: str) -> list[str]:
    """The text up to its first section, and each section."""
    lines = bare_lines(markdown)
    starts = [
        block.line - 1 for block in read_markdown(markdown).blocks if block.kind == "heading" and block.info == "2"
    ]
    ends = [*starts, len(lines)]
    return ["\n".join(lines[first:end]) for first, end in zip([0, *starts], ends, strict=True)]


def _blocks(section: str) -> list[tuple[int, int, str]]:
    """First line, last line and code of each Python block of a section that its snippet runs."""
    blocks = read_markdown(section).blocks
    return [(one.line, one.end, one.text) for one in walk(blocks) if one.kind == "code" and one.info == "python"]


def _cells_needed(section: str, cells: list[str]) -> int:
    """How many cells there must be, from the first, so that all code of a section has run."""
    homes = [at for _, _, code in _blocks(section) if (at := _home(code, cells)) is not None]
    return max(homes, default=-1) + 1


def _home(code: str, cells: list[str]) -> int | None:
    return next((at for at, cell in enumerate(cells) if code.strip("\n") in cell), None)


def _without_code(section: str, cells: list[str]) -> str:
    """A section without the code that cells hold."""
    lines: list[str | None] = list(bare_lines(section))
    for first, end, code in _blocks(section):
        if _home(code, cells) is not None:
            lines[first - 1 : end] = [None] * (end - first + 1)
    words = dollared("\n".join(line for line in lines if line is not None))
    words = _ENTRY.sub(r"](\1.ipynb)", _SNIPPET.sub("`snippet.py`", words))
    return re.sub(r"\n{3,}", "\n\n", words)


def _launched(number: int, snippet: Snippet, made: Any) -> list[Any]:
    name = f"kb_{number}.py"
    return [
        made.new_code_cell(f"%%writefile {name}\n{snippet.shown}"),
        made.new_code_cell(f"!torchrun --standalone --nproc-per-node {snippet.processes} {name}"),
    ]
