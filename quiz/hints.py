"""Hints: a ladder of rungs, each different and each a little more. An item's own come first; where it has none, what
its entry has to say. What a kind knows of its key is the kind's own to add."""

import ast
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from kb.deck.script import parse_lines
from kb.deck.text import SOURCES, Block, Span, Text, plain
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
    yield from place_hint(question, say)
    yield Hint((question.entry.text(say.language).gist,))


def place_hint(question: Question, say: Speech) -> Iterator[Hint]:
    """Where the entry treats what is asked, by the paragraph or point that shares the most with it; of a pitfall also
    the myth, which stands in bold before it is refuted. None if nothing shares a word with it."""
    from kb.search.tokens import tokens  # deferred: nobody but who asks for a hint needs them

    text, wording = question.entry.text(say.language), question.item.wording(say.language)
    asked = [_words(block) for block in (*wording.question, *wording.explanation)]
    wanted = set(tokens(" ".join([*asked, *map(plain, wording.options), question.item.code])))
    found = [(section, block, set(tokens(_words(block)))) for section, block in _points(text)]
    spread = Counter(token for _, _, words in found for token in words)
    best, most = None, 0.0
    for section, block, words in found:
        # A word that stands everywhere tells nothing, and a long paragraph has a bit of everything.
        score = sum(math.log(1 + len(found) / spread[token]) for token in words & wanted) / math.sqrt(len(words) + 10)
        if score > most:
            best, most = (section, block), score
    if best is not None:
        section, block = best
        about = say("the entry's section “{section}” is about this", section=section)
        yield Hint((paragraph(about), *([paragraph(myth)] if (myth := _myth(block)) else [])))


def sections_hint(question: Question, say: Speech) -> Iterator[Hint]:
    """What the entry is made of."""
    names = ", ".join(dict.fromkeys(section for section, _ in _points(question.entry.text(say.language))))
    if names:
        yield Hint((paragraph(say("the entry's sections: {sections}", sections=names)),))


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
    return _shape_of_word(text) if isinstance(value, str | None) else _shape_of_one(value, text)


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
    bare = text.strip("\"'").removeprefix("torch.")
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
        every = [node for statement in parse_lines(code) for node in ast.walk(statement)]
    except SyntaxError:
        return []
    found: dict[str, None] = {}
    inner = {id(node.value) for node in every if isinstance(node, ast.Attribute)}
    own = {node.id for node in every if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    nodes = [node for node in every if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner]
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


def _points(text: Text) -> Iterator[tuple[str, Block]]:
    """The paragraphs and the points of lists, each with its section; but for the sources and for code."""
    section = ""
    for block in text.body:
        if block.kind == "heading" and block.info == "2":
            section = "" if block.text in SOURCES.values() else block.text
        elif section and block.kind in ("paragraph", "list"):
            yield from ((section, one) for one in (block.children if block.kind == "list" else (block,)))


def _myth(point: Block) -> str:
    """What a point of a list says in bold at its beginning."""
    if point.kind != "item" or not point.children or not point.children[0].spans:
        return ""
    spans = point.children[0].spans
    bold = list(takewhile(lambda span: span.style, spans))  # with the code in it
    return plain(tuple(bold)) if spans[0].style == "strong" else ""


def _words(block: Block) -> str:
    return " ".join([block.text, *map(_words, block.children)]).strip()
