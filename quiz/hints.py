"""Hints: a ladder of rungs, each different and each a little more. An item's own come first; where it has none, what
its entry has to say. What a kind knows of its key is the kind's own to add."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kb.deck.text import SOURCES, Block, Span, Text
from kb.errors import Message
from kb.screen.messages import Speech
from quiz.door import Unreadable, guarded
from quiz.session import Question


class Hint(NamedTuple):
    """One rung."""

    blocks: tuple[Block, ...]
    """What is said, in the reader's language."""
    struck: int = 0
    """The place of the option that it strikes out; 0 if it does not."""


def paragraph(text: str) -> Block:
    """A text as a block."""
    return Block("paragraph", (Span(text),))


def first_hints(question: Question, say: Speech) -> Iterator[Hint]:
    """The item's own; else where its entry treats it, and then the gist, which belongs to the whole entry."""
    if own := question.item.wording(say.language).hints:
        yield from map(Hint, own)
        return
    yield from section_hint(question, say)
    yield Hint((question.entry.text(say.language).gist,))


def section_hint(question: Question, say: Speech) -> Iterator[Hint]:
    """Which section of the entry treats what is asked; none if no section shares a word with it."""
    from kb.search.tokens import tokens  # deferred: nobody but who asks for a hint needs them

    text, wording = question.entry.text(say.language), question.item.wording(say.language)
    asked = " ".join(_words(block) for block in (*wording.question, *wording.explanation))
    sections = {name: set(tokens(f"{name} {body}")) for name, body in _sections(text)}
    spread = Counter(token for found in sections.values() for token in found)
    wanted = set(tokens(asked))
    # A word that stands in every section tells nothing of this one.
    scores = {
        name: sum(1 / spread[token] for token in found & wanted if spread[token] < len(sections) or len(sections) == 1)
        for name, found in sections.items()
    }
    best = max(scores, key=scores.__getitem__, default="")
    if best and scores[best]:
        yield Hint((paragraph(say("the entry's section “{section}” is about this", section=best)),))


def beginning_of(answer: Sequence[Block], say: Speech) -> Iterator[Hint]:
    """The first quarter of a text."""
    text = _words(answer[0]) if answer else ""
    words = text.split()
    start = " ".join(words[: len(words) // 4]) if len(words) >= 8 else text[: len(text) // 4]
    if start:
        yield Hint((paragraph(say("it begins: {start} …", start=start)),))


def code_hints(solution: str, say: Speech) -> Iterator[Hint]:
    """A solution's first line, then the names in it and how many lines it has. Of one that is a single line the names
    come first, and then the half of it: its first line would be all of it."""
    lines = [line for line in solution.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return
    count = say("{count} {count:line|lines}", count=len(lines))
    names = ", ".join(_names(solution))
    about = say("{lines}, with {names}", lines=count, names=names) if names else count
    first = lines[0] if len(lines) > 1 else f"{lines[0][: len(lines[0]) // 2]}…"
    ladder = (
        Hint((paragraph(say("a solution begins:")), Block("code", (Span(first),), "python" if len(lines) > 1 else ""))),
        Hint((paragraph(say("a solution: {about}", about=about)),)),
    )
    yield from ladder if len(lines) > 1 else reversed(ladder)


def shape_of(key: str) -> Message:
    """What a printed value looks like, without what it is."""
    text = key.strip()
    for name in ("torch.Size", "tensor"):
        if text.startswith(f"{name}(") and text.endswith(")"):
            text = text[len(name) + 1 : -1]
    try:
        value = guarded(lambda: ast.literal_eval(text))
    except Unreadable:
        value = text
    if isinstance(value, tuple | list):
        return _shape_of_many(value)
    return _shape_of_word(value) if isinstance(value, str) else _shape_of_one(value, text)


def _shape_of_one(value: object, text: str) -> Message:
    if isinstance(value, bool):
        return Message("True or False")
    if isinstance(value, int):
        return Message(
            "a whole number of {count} {count:digit|digits}", count=len(str(abs(value))) if _is_short(value) else 400
        )
    if isinstance(value, float):
        _, point, places = text.partition(".")
        if point and places.isdecimal():
            return Message("a decimal with {count} {count:place|places}", count=len(places))
        return Message("a decimal number")
    return Message("a value of the type {name}", name=type(value).__name__)


def _is_short(value: int) -> bool:
    return abs(value) < 10**400  # Python prints no number of thousands of digits


def _shape_of_word(text: str) -> Message:
    bare = text.removeprefix("torch.")
    if len(words := bare.split()) > 1:
        return Message("{count} words, with spaces between", count=len(words))
    if bare.isalpha():
        return Message("a word of {count} {count:letter|letters}", count=len(bare))
    return Message("a word of {count} {count:character|characters}", count=len(bare))


def _shape_of_many(values: Sequence[object]) -> Message:
    count = len(values)
    if values and all(type(value) is int for value in values):
        return Message("{count} whole {count:number|numbers} in brackets", count=count)
    if values and all(type(value) in (int, float) for value in values):
        return Message("{count} {count:number|numbers} in brackets", count=count)
    return Message("{count} {count:value|values} in brackets", count=count)


def _names(code: str) -> list[str]:
    """What a piece of code calls and reads, as written, but for what it sets itself."""
    try:
        tree = guarded(lambda: ast.parse(f"async def hole():\n  while True:\n{_indented(code)}\n"))
    except Unreadable:
        return []
    found: dict[str, None] = {}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            if root.id not in own:
                found[ast.unparse(node)] = None
        elif isinstance(node, ast.Attribute):
            found[f".{node.attr}"] = None
    return list(found)


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())


def _sections(text: Text) -> Iterator[tuple[str, str]]:
    """Name and words of each section, but for the sources."""
    name, words = "", ""
    for block in (*text.body, Block("heading", info="2")):
        if block.kind == "heading" and block.info == "2":
            if name and name not in SOURCES.values():
                yield name, words
            name, words = block.text, ""
        else:
            words += f" {_words(block)}"


def _words(block: Block) -> str:
    return " ".join([block.text, *map(_words, block.children)]).strip()
