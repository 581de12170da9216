"""Reading a snippet: its settings, its holes, its imports."""

import pytest

from kb.deck.script import read_snippet
from tests.conftest import SNIPPET


def trouble(source: str) -> list[str]:
    """``line: message`` of what is wrong."""
    return [f"{line}: {message}" for line, message in read_snippet("/x/snippet.py", source)[1]]


def test_complete_snippet_is_clean() -> None:
    """A script block, a docstring, a closed hole, declared imports."""
    assert trouble(SNIPPET) == []


def test_hole_is_taken_out_and_filled() -> None:
    """Another solution stands at the hole's depth, everything else as it was."""
    snippet, _ = read_snippet("/x/snippet.py", SNIPPET)
    assert snippet.solution("mean-by-hand") == "total = sum(values)\nreturn total / len(values)"
    filled = snippet.filled("mean-by-hand", "if values:\n\treturn 1.0\nreturn 0.0")
    assert "    # hole: mean-by-hand\n    if values:\n        return 1.0\n    return 0.0\n    # end\n" in filled
    assert snippet.filled("mean-by-hand", snippet.solution("mean-by-hand")) == SNIPPET


def test_settings_of_the_script_block() -> None:
    """``[tool.kb]`` sets time limit and launcher."""
    block = '# [tool.kb]\n# timeout = 90\n# launcher = "torchrun"\n# processes = 3\n# ///\n"""'
    snippet, found = read_snippet("/x/snippet.py", SNIPPET.replace('# ///\n"""', block, 1))
    assert found == []
    assert (snippet.timeout, snippet.launcher, snippet.processes) == (90.0, "torchrun", 3)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("# /// script", "# script", "1: no script block"),
        ("dependencies = [", "dependencies = [[", "1: the script block is not TOML"),
        ('# ///\n"""A', '# [tool.kb]\n# timeout = -1\n# ///\n"""A', "timeout = -1 in [tool.kb]; give seconds above 0"),
        (
            '# ///\n"""A',
            '# [tool.kb]\n# timeout = inf\n# ///\n"""A',
            "timeout = inf in [tool.kb]; give seconds above 0",
        ),
        (
            '# ///\n"""A',
            '# [tool.kb]\n# timeout = nan\n# ///\n"""A',
            "timeout = nan in [tool.kb]; give seconds above 0",
        ),
        ('# ///\n"""A', f'# [tool.kb]\n# timeout = 1{"0" * 400}\n# ///\n"""A', "seconds above 0 and at most 86400"),
        ('# ///\n"""A', '# [tool.kb]\n# processes = 9\n# ///\n"""A', "processes = 9 in [tool.kb]; give a number from"),
        ('# ///\n"""A', '# [tool.kb]\n# processes = true\n# ///\n"""A', "processes = True in [tool.kb]; give a number"),
        ('# ///\n"""A', '# [tool.kb]\n# launcher = "mpirun"\n# ///\n"""A', "the only one known is torchrun"),
        ('# ///\n"""A', '# [tool.kb]\n# speed = 3\n# ///\n"""A', "unknown key 'speed' in [tool.kb]"),
        ('"""A mean is a sum over a count."""\n', "", "no docstring"),
        ("import os\n", "import scipy\n", "scipy is not among the script block's dependencies; add it"),
        ("import os\n", "from . import x\n", "a relative import; a snippet stands alone"),
        ("    # end\n", "", "hole 'mean-by-hand' is never closed"),
        ("# hole: mean-by-hand", "# hole: Mean", "'Mean' is no name for a hole"),
        ("    total = sum(values)\n", "    # hole: other\n", "a hole inside the hole 'mean-by-hand'"),
        ("    total = sum(values)\n", "    x = 1\n" * 7, "hole 'mean-by-hand' has 8 lines"),
        ("def mean(", "def mean((", "not Python"),
    ],
)
def test_wrong_form(old: str, new: str, expected: str) -> None:
    """Each violation is told."""
    assert old in SNIPPET
    found = trouble(SNIPPET.replace(old, new, 1))
    assert any(expected in one for one in found), found


@pytest.mark.parametrize("mark", ["\u2028", "\x0c", "\x85", "\x1c", "\x0b"])
def test_lines_are_those_of_python(mark: str) -> None:
    """A sign inside a text that ends lines elsewhere moves no hole."""
    source = SNIPPET.replace('"""A mean', f'"""{mark}A {mark} mean').replace("[4.0]", f"[4.0], '{mark}'")
    snippet, _ = read_snippet("/x/snippet.py", source)
    assert snippet.solution("mean-by-hand") == "total = sum(values)\nreturn total / len(values)"
    assert snippet.filled("mean-by-hand", snippet.solution("mean-by-hand")) == source
    assert f"    return '{mark}'\n    # end\n" in snippet.filled("mean-by-hand", f"return '{mark}'")


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\x00",
        "(" * 5_000,
        "-" * 100_000 + "1",
        "+".join(["1"] * 50_000),
        "a" + ".b" * 50_000,
        "x = " + "9" * 5_000,
    ],
    ids=["null", "brackets", "signs", "sum", "dots", "number"],
)
def test_code_that_python_cannot_read(code: str) -> None:
    """It is told as a mistake in the syntax; the rest of the snippet is read."""
    snippet, found = read_snippet("/x/snippet.py", f"{SNIPPET}{code}\n")
    assert [one for one in found if not one[1].startswith("not Python: ")] == []
    assert len(found) == 1
    assert snippet.hole("mean-by-hand")


@pytest.mark.filterwarnings("error")
def test_escape_that_means_nothing() -> None:
    """Python's warning about it is not printed by who only reads the file."""
    assert trouble(f"{SNIPPET}print('\\d')\n") == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("dependencies = 5", "torch is not among"),
        (f"dependencies = {'[' * 3_000}", "1: the script block is not TOML: nested too deep"),
        (f"x = {'9' * 5_000}", "1: the script block is not TOML: "),
        ("tool = 3", "torch is not among"),
        ("[tool]\n# kb = 3", "torch is not among"),
    ],
)
def test_header_of_odd_values(header: str, expected: str) -> None:
    """Each has a complaint of its own, or none."""
    found = trouble(f'# /// script\n# {header}\n# ///\n"""A lesson."""\nimport torch\n')
    assert any(expected in one for one in found), found


def test_header_that_never_ends() -> None:
    """It is looked through once."""
    assert "1: no script block" in trouble("# /// script\n#\n" * 30_000)[0]
