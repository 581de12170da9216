"""The shape of the program: imports point one way, and torch stays where it belongs."""

import ast
from pathlib import Path

from tests.conftest import ROOT

FLOORS = [
    # Values.
    {
        "kb.block",
        "kb.compare",
        "kb.curve",
        "kb.head",
        "kb.text",
        "kb.entry",
        "kb.errors",
        "kb.places",
        "kb.job",
        "kb.messages",
        "quiz.item",
    },
    # Parsing and storing, words; what runs inside other processes.
    {
        "kb.formula",
        "kb.markdown",
        "kb.typography",
        "kb.words",
        "kb.query",
        "kb.glossary",
        "kb.queries",
        "kb.language",
        "kb.deck",
        "kb.snippet",
        "kb.record",
    },
    {"kb.parse", "kb.chapters", "kb.load", "kb.store", "kb.thaw", "kb.harness", "kb.supervise"},
    # Services.
    {"kb.library", "kb.runner", "quiz.schedule", "quiz.mutate", "quiz.vault"},
    {"kb.index", "kb.worker", "quiz.progress", "quiz.grade", "quiz.fit"},
    {"kb.search"},
    # What is made of them.
    {"kb.explain"},
    {"kb.verify", "kb.check", "quiz.session"},
    {"quiz.examiner", "quiz.stats"},
    # The screen.
    {"kb.layout", "kb.terminal", "kb.highlight", "kb.keys", "kb.editor", "kb.waiting"},
    {"kb.render", "kb.desk", "kb.mine", "kb.watch"},
    {
        "kb.picker",
        "kb.execute",
        "kb.proving",
        "quiz.editor",
        "quiz.wire",
        "quiz.wish",
        "quiz.home",
        "quiz.gauge",
        "quiz.reset",
    },
    {"quiz.drill"},
    {"kb.cli"},
    {"kb.__main__"},
]


def modules() -> dict[str, Path]:
    """Every module of the two packages."""
    return {
        f"{package}.{path.stem}": path
        for package in ("kb", "quiz")
        for path in (ROOT / package).glob("*.py")
        if path.stem != "__init__"
    }


def imported(path: Path) -> set[str]:
    """The project's modules that a file imports anywhere, also inside functions; not for type checking alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("kb", "quiz")}


def test_every_module_stands_on_a_floor() -> None:
    """A new module says where it belongs."""
    assert sorted(modules()) == sorted(name for floor in FLOORS for name in floor)


def test_imports_point_down() -> None:
    """No module imports one from a floor above its own."""
    floor_of = {name: at for at, floor in enumerate(FLOORS) for name in floor}
    upward = [
        f"{name} imports {other}"
        for name, path in modules().items()
        for other in imported(path)
        if floor_of[other] > floor_of[name]
    ]
    assert upward == []


def test_packages_are_empty() -> None:
    """Importing a package loads nothing."""
    assert [(ROOT / package / "__init__.py").read_text() for package in ("kb", "quiz")] == ["", ""]


def test_torch_is_imported_by_worker_and_harness_alone() -> None:
    """Nothing that searches, shows, lists or asks can load torch: no other module names it in an import."""
    found = []
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(one.split(".")[0] in ("torch", "numpy") for one in names):
                found.append(name)
    assert sorted(set(found)) == ["kb.harness"]
