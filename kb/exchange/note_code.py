"""Note code: the Python blocks of an entry gathered into one script."""

import ast
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from kb.deck.markdown import read_markdown, walk
from kb.deck.script import imports, parse_python
from kb.errors import Message

PYTHON = frozenset({"python", "py", "python3", "{python}", "{.python}"})
"""Names of the language behind a fence, in small letters."""

PACKAGES = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages whose name is not that of their module."""

_SPOKEN = re.compile(r"^(>>>|\.\.\.|In \[\d+\]:|Out\[\d+\]:)", re.MULTILINE)
_MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)


class Gathered(NamedTuple):
    """An entry's script, and what was left out of it."""

    source: str
    """Empty if there is nothing to run."""
    left_out: tuple[tuple[int, str], ...]
    """Line in the entry's text, from 1, and why the block that begins there is not in the script."""


def gather(markdown: str, title: str) -> Gathered:
    """The Python blocks of an entry's text as one script: those that are Python, in their order."""
    blocks, left_out = _blocks(markdown)
    if not blocks:
        return Gathered("", tuple(left_out))
    cells = "\n\n".join(f"# %% line {line}\n{code}" for line, code in blocks)
    return Gathered(_header(title, [code for _, code in blocks]) + cells + "\n", tuple(left_out))


def differing(markdown: str, original: str) -> Gathered:
    """No script, and each Python block of a translation that the original does not have: its script lacks it.

    Comments may be translated, and do not count.
    """
    there = {ast.dump(parse_python(code)) for _, code in _blocks(original)[0]}
    blocks, left_out = _blocks(markdown)
    why = Message("only the translation has it")
    lacking = [(line, why) for line, code in blocks if ast.dump(parse_python(code)) not in there]
    return Gathered("", tuple(sorted([*left_out, *lacking])))


def _blocks(markdown: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Line and code of each Python block, and line and reason of each that cannot be run."""
    blocks: list[tuple[int, str]] = []
    left_out: list[tuple[int, str]] = []
    for block in walk(read_markdown(markdown).blocks):
        language = block.info.split()[0].lower() if block.kind == "code" and block.info else ""
        if language not in PYTHON or not block.text.strip():
            continue
        code = textwrap.dedent(block.text)
        if why := _trouble(code):
            left_out.append((block.line, why))
        else:
            blocks.append((block.line, code.rstrip("\n")))
    return blocks, left_out


def _trouble(code: str) -> str:
    """Why a block cannot be run, or nothing."""
    if _SPOKEN.search(code):
        return Message("a dialogue with the interpreter")
    try:
        parse_python(code)
    except SyntaxError as error:
        if _MAGIC.search(code):
            return Message("commands of a notebook")
        return Message("no Python: {error}", error=error.msg)
    return ""


def _header(title: str, codes: Sequence[str]) -> str:
    names = sorted({PACKAGES.get(name, name) for code in codes for name in _imported(code)} | {"numpy", "torch"})
    quoted = ", ".join(f'"{name}"' for name in names)
    says = title.replace("\\", "").replace('"""', "'''").strip(' "') or "Notes"
    return f'# /// script\n# requires-python = ">=3.11"\n# dependencies = [{quoted}]\n# ///\n"""{says}"""\n\n'


def _imported(code: str) -> set[str]:
    """Packages that a block imports and that Python does not bring along."""
    found = {top for node, top in imports(parse_python(code)) if not getattr(node, "level", 0)}
    return {name for name in found - sys.stdlib_module_names if name.isascii() and name.isidentifier()}
