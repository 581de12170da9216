"""House rules: what a deck holds its entries to by its own wish, see ``kb.deck.rules``."""

import ast
import keyword
import re
from collections.abc import Iterator

from kb.deck.entry import Entry
from kb.deck.folder import SNIPPET
from kb.deck.item import RECALL, Item
from kb.deck.kind import Trouble
from kb.deck.markdown import walk
from kb.deck.rules import Rules
from kb.deck.script import Snippet, parse_python
from kb.deck.text import Block, Text, bare_lines
from kb.errors import Complaint, Message
from kb.verify.figures import Figures
from kb.verify.kind import VerifiedKinds
from kb.verify.writing import check_writing

MAX_RECIPE_LINES = 15
"""Of one block of a recipe, empty ones not counted."""

_CELL = re.compile(r"^# %%", re.MULTILINE)

_TOOL = r"(?:`(?P<used>[^`]+)`|(?:any |a |the )?(?:torch|PyTorch)\b)"
_BANS = (
    re.compile(r"\b(?:(?:do|must|may|should) not|don't|never) call\b|\bwithout calling\b", re.IGNORECASE),
    re.compile(r"\b(?:do not run|don't run|without running)\b", re.IGNORECASE),
    re.compile(rf"\b(?:(?:do|must|may|should) not use|don't use|never use|without using) {_TOOL}", re.IGNORECASE),
    re.compile(r"\bnot (?:with )?(?:torch|PyTorch)'s own\b", re.IGNORECASE),
    re.compile(r"\b(?:write|implement|compute|build|do)\b[^.?!]{0,60}\b(?:by hand|from scratch)\b", re.IGNORECASE),
    re.compile(r"(?:不要|不得|不许|不可|禁止|(?<![分区类级个特])别|不)(?:直接)?(?:调用|运行)"),
    re.compile(rf"(?:不要|不得|不许|不可|禁止|(?<![分区类级个特])别|不)(?:直接)?(?:使用|用|借助) ?{_TOOL}"),
    re.compile(r"手写(?!数字|字|体|汉|识别|图)|(?:手工|手动)(?:实现|计算)|从零(?:开始)?(?:实现|写)"),
)
"""Ways of saying that something may not be called, in a question with its code between backticks."""


def check_house_rules(
    entry: Entry, rules: Rules, kinds: VerifiedKinds, primary: str, output: str
) -> Iterator[Complaint]:
    """What of a deck's own rules an entry does not keep.

    Args:
        entry: to look at.
        rules: of its deck.
        kinds: of items.
        primary: the deck's first language.
        output: what the snippet printed when recorded last; empty if that is not there.
    """
    folder = entry.summary.folder
    figures = Figures(entry, output) if rules.figures else None
    for language, text in entry.texts.items():
        trouble = [*check_writing(entry, text, rules), *(figures.check(text) if figures else ())]
        if name := rules.recipe.get(language):
            trouble += _check_recipe(text, name, entry.snippet)
        yield from (Complaint(f"{folder}/{language}.md", line, what) for line, what in trouble)
    for line, what in _check_items(entry, rules, kinds):
        yield Complaint(f"{folder}/{primary}.md", line, what)
    if rules.holes and entry.snippet:
        yield from (Complaint(f"{folder}/{SNIPPET}", line, what) for line, what in _check_holes(entry.snippet))


def _check_recipe(text: Text, name: str, snippet: Snippet | None) -> Trouble:
    at = next((at for at, block in enumerate(text.body) if block.kind == "heading" and block.info == "2"), None)
    if at is None or text.body[at].text.strip() != name:
        line = text.gist.end if at is None else text.body[at].line
        yield (
            line,
            Message("the first section is not ## {name}; begin with the lines that a reader came for", name=name),
        )
        return
    code: list[Block] = []
    for block in text.body[at + 1 :]:
        if block.kind == "heading" and block.info in ("1", "2"):
            break
        code += [one for one in walk((block,)) if one.kind == "code" and one.info.startswith("python")]
    line = text.body[at].line
    if not code:
        yield line, Message("## {name} has no code; add a python block, or python illustration", name=name)
    for block in code:
        if (count := sum(bool(one.strip()) for one in bare_lines(block.text))) > MAX_RECIPE_LINES:
            yield (
                block.line,
                Message(
                    "{count} {count:line|lines} of code under ## {name}; {most} at most, to be pasted as they are",
                    count=count,
                    name=name,
                    most=MAX_RECIPE_LINES,
                ),
            )
    # An illustration is the recipe where its usual lines cannot run here.
    if code and not any(block.info != "python" or _is_in_first_cell(block, snippet) for block in code):
        yield (
            code[0].line,
            Message(
                "the code under ## {name} is not from the first cell of {snippet}; begin that with # %% {name} and "
                "these lines",
                name=name,
                snippet=SNIPPET,
            ),
        )


def _is_in_first_cell(block: Block, snippet: Snippet | None) -> bool:
    """Whether a block's lines stand between the first ``# %%`` and the second."""
    _, *cells = _CELL.split(snippet.shown) if snippet else [""]
    return bool(cells) and _ended(block.text) in _ended(cells[0])


def _ended(code: str) -> str:
    """Code with a line's end before and after it, so that a part of a line is no line."""
    return "\n" + "".join(f"{line}\n" for line in bare_lines(code))


def _check_items(entry: Entry, rules: Rules, kinds: VerifiedKinds) -> Trouble:
    for item in entry.items:
        if rules.hints and item.kind != RECALL and not any(wording.hints for wording in item.wordings.values()):
            yield (
                item.line,
                Message(
                    "item {id!r} has no hint; write > and a nudge to its idea before the key, in every language",
                    id=item.id,
                ),
            )
        if rules.forbid and kinds[item.kind].fills_hole and not item.forbid and (said := _ban(item)):
            yield (
                item.line,
                Message(
                    "item {id!r} says “{said}” and has no text forbid block; name there what may not be called",
                    id=item.id,
                    said=said,
                ),
            )


def _ban(item: Item) -> str:
    """What in an item's question says that something may not be called; empty if nothing does."""
    for wording in item.wordings.values():
        for block in wording.question:
            for one in walk((block,)):
                words = "" if one.kind == "code" else _with_backticks(one)
                for pattern in _BANS:
                    for found in pattern.finditer(words):
                        # What is no call cannot be forbidden as one: "do not use `for`".
                        if not keyword.iskeyword(found.groupdict().get("used") or ""):
                            return found[0]
    return ""


def _with_backticks(block: Block) -> str:
    return "".join(f"`{span.text}`" if span.style == "code" else span.text for span in block.spans)


def _check_holes(snippet: Snippet) -> Trouble:
    if not snippet.holes:
        return
    try:
        tree = parse_python(snippet.source)
    except SyntaxError:
        return  # that was told when it was read
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for hole in snippet.holes:
        # Python counts lines from 1, ``first`` counts from 0: that is the line of ``# hole:`` itself.
        if not any(one.lineno < hole.first + 1 <= (one.end_lineno or 0) for one in functions):
            yield (
                hole.first,
                Message(
                    "hole {name!r} lies outside every function; move its lines into one, which asserts can call",
                    name=hole.name,
                ),
            )
