"""The shape of the program: the rule of five lines, and nothing beside it."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

ORDER = ("deck", "search", "run", "verify", "screen", "exchange", "context", "quiz", "cli")
"""A room imports those to its left, or itself."""
FREE = ("errors", "files", "places")
"""Import nothing of ours; everybody may import them."""

MODULE = re.compile(r"\b(?:(?:from|import|-m) +|['\"])((?:kb|quiz)(?:\.\w+)+)")


def imports_by_module() -> dict[str, set[str]]:
    """Every module of the two packages with those of ours that it names: in an import, or in a text that starts one."""
    paths = [path for package in ("kb", "quiz") for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): named_in(path) for path in paths}


def named_in(path: Path) -> set[str]:
    """The modules of ours that a file names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inside if (ROOT / f"{name.replace('.', '/')}.py").is_file()} or {
                node.module or ""
            }
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(MODULE.findall(node.value))
    return {name for name in found if name.split(".")[0] in ("kb", "quiz")}


def room(module: str) -> str:
    """``kb.deck.page`` lies in ``deck``, ``quiz.session`` in ``quiz``."""
    first, _, rest = module.partition(".")
    return first if first == "quiz" else rest.split(".")[0]


def test_imports_point_left() -> None:
    """A package imports what stands to its left; errors, files and places import nothing; cli alone imports quiz."""
    modules = imports_by_module()
    place = {**dict.fromkeys(FREE, -1), **{name: at for at, name in enumerate(ORDER)}, "__main__": len(ORDER)}
    wrong = [
        f"{name} imports {other}"
        for name, others in modules.items()
        for other in others
        if not name.endswith("__init__")
        and (place[room(other)] > place[room(name)] or (room(name) in FREE and other != name))
    ]
    assert wrong == []


def test_no_circles() -> None:
    """Files of one package import each other without a circle."""
    graph = {name: others - {name} for name, others in imports_by_module().items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_packages_are_empty() -> None:
    """Importing a package loads nothing."""
    packages = [path for package in ("kb", "quiz") for path in (ROOT / package).rglob("__init__.py")]
    assert packages
    assert [path for path in packages if path.read_text(encoding="utf-8")] == []


def test_torch_is_imported_by_the_harness_alone() -> None:
    """Nothing that searches, shows, lists or asks can load torch: no other module names it in an import."""
    found = set()
    for path in [*(ROOT / "kb").rglob("*.py"), *(ROOT / "quiz").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(one.split(".")[0] in ("torch", "numpy") for one in names):
                found.add(str(path.relative_to(ROOT)))
    assert found == {"kb/run/harness.py"}
