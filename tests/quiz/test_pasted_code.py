"""Code as people paste it: every solution of the deck, in every wrapping, comes out as the solution."""

import ast
import re
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.deck.library import Library
from kb.deck.script import Hole, Snippet, read_snippet
from kb.errors import KbError
from quiz.kinds.table import all_kinds
from quiz.odd_characters import odd_characters
from quiz.pasted_code import find_fault, take_lines
from quiz.surroundings import blanked
from tests.conftest import CONTENT

pytestmark = pytest.mark.usefixtures("unmeasured")

Wrapping = Callable[[str, Snippet, Hole], str]


@cache
def solutions() -> list[tuple[Snippet, Hole, str]]:
    """Every right solution of the deck's code items, the snippets' own among them."""
    library = Library.open(CONTENT, None, all_kinds)
    return [
        (entry.snippet, hole, lines.rstrip("\n"))
        for summary in library.summaries
        if (entry := library.entry(summary.number)).snippet
        for hole in entry.snippet.holes
        if (item := entry.item(hole.name))
        for lines in (entry.snippet.solution(hole.name), *item.right)
    ]


def meaning(lines: str) -> str:
    """What Python reads; lines that differ in white space and comments mean the same."""
    body = re.sub("^(?=.)", "    ", lines, flags=re.MULTILINE)
    return ast.dump(ast.parse(f"async def hole():\n  while True:\n{body}\n"))


@cache
def around(snippet: Snippet, name: str) -> tuple[list[str], list[str]]:
    """The snippet's lines before and after a hole, the other holes blanked."""
    source = blanked(snippet, name)
    [read] = [one for one in read_snippet("x", source)[0].holes if one.name == name]
    lines = source.splitlines()
    return lines[: read.first], lines[read.end :]


def filled(lines: str, snippet: Snippet, hole: Hole) -> list[str]:
    """The snippet's lines with the solution in the hole."""
    before, after = around(snippet, hole.name)
    own = [hole.indent + line if line.strip() else "" for line in lines.splitlines()]
    return [*before, *own, *after]


def marks_gone(lines: list[str]) -> list[str]:
    """Without the comments around holes."""
    return [line for line in lines if not re.match(r"\s*# (hole:|end\b)", line)]


def in_file(lines: str, _: Snippet, hole: Hole) -> str:
    """As deep as in the file."""
    return re.sub("^(?=.)", hole.indent, lines, flags=re.MULTILINE)


def in_tabs(lines: str, _: Snippet, hole: Hole) -> str:
    """The same, with tabs."""
    return re.sub("^(?:    )+", lambda found: "\t" * (len(found[0]) // 4), in_file(lines, _, hole), flags=re.MULTILINE)


def first_unindented(lines: str, _: Snippet, hole: Hole) -> str:
    """Copied from the first letter on."""
    return in_file(lines, _, hole).lstrip()


def in_fence(lines: str, _: Snippet, __: Hole) -> str:
    """From an answer with words around it."""
    return f"Here's the solution, it isn't long:\n\n```python\n{lines}\n```\n\nIt uses `torch`.\n"


def in_plain_fence(lines: str, _: Snippet, __: Hole) -> str:
    """A fence of tildes, alone."""
    return f"~~~\n{lines}\n~~~"


def in_open_fence(lines: str, _: Snippet, __: Hole) -> str:
    """Copied without the last line."""
    return f"```python\n{lines}\n"


def at_prompts(lines: str, _: Snippet, __: Hole) -> str:
    """Each statement at its prompt, and what the last one printed."""
    bare = [line for line in lines.splitlines() if line.strip()]
    return "\n".join(("... " if at and line[0] in " )]}" else ">>> ") + line for at, line in enumerate(bare)) + "\n0.5"


def at_one_prompt(lines: str, _: Snippet, __: Hole) -> str:
    """All in one block."""
    return ">>> " + "\n... ".join(lines.splitlines()) + "\n..."


def behind_a_prompt(lines: str, _: Snippet, __: Hole) -> str:
    """Copied from behind the first prompt on."""
    return "\n... ".join(lines.splitlines())


def in_ipython(lines: str, _: Snippet, __: Hole) -> str:
    """With its numbered prompts."""
    return "In [3]: " + "\n   ...: ".join(lines.splitlines()) + "\n\nOut[3]: tensor(1.)"


def numbered(lines: str, _: Snippet, __: Hole) -> str:
    """As bat shows it."""
    return "\n".join(f"{at:>4} │ {line}" for at, line in enumerate(lines.splitlines(), 8))


def numbered_by_colons(lines: str, _: Snippet, __: Hole) -> str:
    """As grep -n shows it."""
    return "\n".join(f"{at}: {line}" for at, line in enumerate(lines.splitlines(), 8))


def numbered_by_cat(lines: str, _: Snippet, __: Hole) -> str:
    """As cat -n shows it."""
    return "\n".join(f"{at:>6}\t{line}" for at, line in enumerate(lines.splitlines(), 98))


def numbered_by_vim(lines: str, _: Snippet, __: Hole) -> str:
    """As vim shows it."""
    return "\n".join(f"{at:>3} {line}".rstrip() for at, line in enumerate(lines.splitlines(), 98))


def whole_snippet(lines: str, snippet: Snippet, hole: Hole) -> str:
    """The whole file."""
    return "\n".join(marks_gone(filled(lines, snippet, hole)))


def marked_snippet(lines: str, snippet: Snippet, hole: Hole) -> str:
    """The whole file with the comments around the hole."""
    return "\n".join(filled(lines, snippet, hole))


def marked(lines: str, snippet: Snippet, hole: Hole) -> str:
    """With the comments around the hole."""
    return f"{hole.indent}# hole: {hole.name}\n{in_file(lines, snippet, hole)}\n{hole.indent}# end\n"


def ended(lines: str, snippet: Snippet, hole: Hole) -> str:
    """With the comment after it alone."""
    return f"{in_file(lines, snippet, hole)}\n{hole.indent}# end\n"


def shown(lines: str, snippet: Snippet, hole: Hole) -> str:
    """Some lines before and after, as they stand on the screen."""
    source = filled(lines, snippet, hole)
    first = source.index(f"{hole.indent}# hole: {hole.name}")
    last = next(at for at in range(first, len(source)) if source[at].strip() == "# end")
    window = source[max(0, first - 6) : last + 6]
    return "\n".join("  " + line for line in marks_gone(window))


def defined(lines: str, snippet: Snippet, hole: Hole) -> str:
    """The whole def in the writer's own style; the lines alone if there is none."""
    source = "\n".join(filled(lines, snippet, hole))
    at = source[: source.index(f"# hole: {hole.name}")].count("\n") + 1
    defs = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.lineno < at <= (node.end_lineno or 0)
    ]
    inner = max(defs, key=lambda node: node.lineno, default=None)
    if inner is None:
        return lines
    for one in (*inner.args.args, *inner.args.kwonlyargs):
        one.annotation = None
    inner.returns = None
    return ast.unparse(inner)


def with_carriage_returns(lines: str, _: Snippet, __: Hole) -> str:
    """From another system."""
    return lines.replace("\n", "\r\n") + "\r\n"


def with_hard_spaces(lines: str, _: Snippet, hole: Hole) -> str:
    """From a web page."""
    text = in_file(lines, _, hole)
    return re.sub("^ +", lambda found: "\u00a0" * len(found[0]), text, flags=re.MULTILINE).replace(" = ", "\u00a0= ")


def with_wide_spaces(lines: str, _: Snippet, hole: Hole) -> str:
    """From an input method."""
    text = in_file(lines, _, hole)
    return re.sub("^ +", lambda found: "\u3000" * (len(found[0]) // 2), text, flags=re.MULTILINE)


FORMS: list[Wrapping] = [
    in_file,
    in_tabs,
    first_unindented,
    whole_snippet,
    marked_snippet,
    marked,
    ended,
    shown,
    defined,
]
"""What of the snippet is around the lines."""

COVERS: list[Wrapping] = [at_one_prompt, behind_a_prompt, in_ipython, numbered, numbered_by_colons, numbered_by_cat]
COVERS += [numbered_by_vim, with_hard_spaces, with_wide_spaces]
"""What is before each line."""

FENCES: list[Wrapping] = [in_fence, in_plain_fence, in_open_fence, with_carriage_returns]
"""What is around the whole."""


@pytest.mark.parametrize("wrapping", [*FORMS, *COVERS, *FENCES, at_prompts], ids=lambda one: one.__name__)
def test_every_solution_comes_out_of_every_wrapping(wrapping: Wrapping) -> None:
    """Equal as Python reads it."""
    marked = sum(one.read_text().count("# hole: ") for one in CONTENT.glob("*/snippet.py"))
    assert len({(snippet.path, hole.name) for snippet, hole, _ in solutions()}) == marked
    for snippet, hole, lines in solutions():
        pasted = wrapping(lines, snippet, hole)
        taken = take_lines(pasted, snippet, hole.name).lines
        assert meaning(lines) == meaning(taken), f"{snippet.path}\n{pasted}\n-->\n{taken}"


def test_every_solution_is_taken_as_it_is() -> None:
    """Character by character, and nothing is said of it."""
    for snippet, hole, lines in solutions():
        taken = take_lines(lines, snippet, hole.name)
        assert (lines, ()) == (taken.lines, taken.notes)


@settings(max_examples=300)
@given(st.data())
def test_wrappings_add_up(data: st.DataObject) -> None:
    """A form of the snippet, its lines behind something, in a fence."""
    snippet, hole, lines = data.draw(st.sampled_from(solutions()))
    text = data.draw(st.sampled_from(FORMS))(lines, snippet, hole)
    if is_covered := data.draw(st.booleans()):
        text = data.draw(st.sampled_from(COVERS[:-2]))(text, snippet, hole)
    if data.draw(st.booleans()) or not is_covered:
        text = data.draw(st.sampled_from(FENCES))(text, snippet, hole)
    assert meaning(lines) == meaning(take_lines(text, snippet, hole.name).lines)


@given(st.text() | st.text(alphabet="`>.:#\n\t 0123│\u3000“，'\"()ab=", max_size=60))
def test_any_text_gives_lines_or_one_line_of_what_is_wrong(text: str) -> None:
    """Nothing else is raised, whatever is pasted."""
    snippet, hole, _ = solutions()[0]
    try:
        taken = take_lines(text, snippet, hole.name)
    except KbError:
        return
    find_fault(taken.lines)
    list(odd_characters(text))


def small_hole(source: str) -> tuple[Snippet, str]:
    """A snippet and its hole."""
    snippet = read_snippet("x", source)[0]
    return snippet, snippet.holes[0].name


MEAN = """def mean(values, start=0.0):
    total = start
    # hole: mean
    for value in values:
        total += value
    return total / len(values)
    # end


assert mean([1.0, 2.0, 6.0]) == 3.0
assert mean([4.0]) == 4.0
"""

BODY = "for value in values:\n    total += value\nreturn total / len(values)"
DEF = "the body of def mean"


@pytest.mark.parametrize(
    ("pasted", "lines", "notes"),
    [
        ("return 1", "return 1", []),
        ('def mean(values, start=0):\n  """The mean."""\n  return sum(values)', "return sum(values)", [DEF]),
        ("def mean(values, start=0.0): return 1", "return 1", [DEF]),
        (
            "def mean(xs: list,\n         start):\n    # all of them\n    return sum(xs)\n\nprint(mean([1]))",
            "xs = values\n# all of them\nreturn sum(xs)",
            [f"{DEF}, with xs = values"],
        ),
        (
            "import math\n\ndef add(a, b):\n    return a + b\n\ndef mean(values, start):\n    return add(1, 2)",
            "import math\ndef add(a, b):\n    return a + b\nreturn add(1, 2)",
            [DEF],
        ),
        ("def add(a):\n    return a\nreturn add(2)", "def add(a):\n    return a\nreturn add(2)", []),
        ("total = start\n" + BODY, "total = start\n" + BODY, []),  # one line of the snippet may be the learner's own
        ("In [1]: return 1\nOut[1]: 1", "return 1", ["what stands behind the prompts"]),
        ("`return 1`", "return 1", ["what stands in the fence"]),
        ("\ufeffreturn\u00a01\u200b", "return 1", []),
        ("x = '\u00a0'\nreturn x", "x = '\u00a0'\nreturn x", []),
        ("1 | 2\n2 | 3", "2\n3", ["the lines without their numbers"]),
        ("1 | 2\n4 | 3", "1 | 2\n4 | 3", []),
        ("return 1,,", "return 1,,", []),
        ("if True:\nreturn 1", "if True:\nreturn 1", []),
        ("", "", []),
        ("    x = [\n1,\n]\n    return x", "x = [\n1,\n]\nreturn x", []),
        ("# a note\n    x = 1\n    return x", "# a note\nx = 1\nreturn x", []),
    ],
)
def test_what_is_taken(pasted: str, lines: str, notes: list[str]) -> None:
    """What was meant, and what is told of it; where in doubt, what was given."""
    taken = take_lines(pasted, *small_hole(MEAN))
    assert (lines, notes) == (taken.lines, [*taken.notes])


def test_a_def_that_does_not_fit_is_told() -> None:
    """Its body would be run with arguments that are not there."""
    with pytest.raises(KbError, match=r"your def mean takes \(xs\), the snippet's \(values, start\)"):
        take_lines("def mean(xs):\n    return sum(xs)", *small_hole(MEAN))
    source = "def mean(values):\n    for value in values:\n        # hole: mean\n        pass\n        # end\n"
    with pytest.raises(KbError, match="your lines are a whole def mean, and it is not the snippet's"):
        take_lines("def mean(values):\n    return sum(values)", *small_hole(source))


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("x = 1\ny = (x，2）", 2, "characters that Python does not take: ， → ,  ） → )"),
        ("x = “1”", 1, 'characters that Python does not take: “ → "  ” → "'),
        ("x = 1\nreturn x +", 2, "invalid syntax"),
        ("if True:", 1, "expected an indented block after 'if' statement on line 1"),
    ],
)
def test_faults_are_told_with_the_learners_own_line(lines: str, line: int, message: str) -> None:
    """From 1, wherever the hole is in the snippet."""
    assert (line, message) == find_fault(lines)


@pytest.mark.parametrize("lines", ["x = '，（'  # ，", '"""，\n“"""', "continue", "return 1", "yield 1", "await x", ""])
def test_what_is_no_fault(lines: str) -> None:
    """Odd characters in strings and comments, what loops and functions around a hole allow."""
    assert find_fault(lines) is None
