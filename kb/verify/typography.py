"""Chinese typography: what an editor would mark in the margin."""

import re
from collections.abc import Iterator

from kb.deck.text import Block, Span
from kb.search.tokens import HAN

FULL = "，。：；？！（）、《》“”‘’…"

_RULES = (
    (
        re.compile(rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]"),
        "no space between Chinese and Latin letters, digits or code; put one",
    ),
    (
        re.compile(rf"[{HAN}] ?[,;:!?]|[,;!?] ?[{HAN}]|[{HAN}]\.(?![A-Za-z0-9])"),
        "half-width punctuation in Chinese; use ，；：！？。",
    ),
    # exp(-4) keeps its parentheses; a remark in a Chinese sentence does not.
    (re.compile(rf"[{HAN}] ?\(|\([^()]*[{HAN}][^()]*\)"), "half-width parentheses in Chinese; use （）"),
    (re.compile(rf"[{HAN}]\"|\"[{HAN}]"), "straight quotes in Chinese; use “ ”"),
    (
        re.compile(r" [，。：；？！）、》”]|[，。：；？！（、《“] "),
        "a space beside full-width punctuation; take it out",
    ),
)


def misprints(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong in a Chinese sentence: the place, with what stands around it, and the message."""
    for pattern, message in _RULES:
        for found in pattern.finditer(text):
            yield text[max(0, found.start() - 5) : found.end() + 5].strip(), message


def sentence(block: Block) -> str:
    """A block's own text with code and formulas written as a Latin letter: they need the same spaces."""
    words: list[str] = []
    for at, span in enumerate(block.spans):
        word = _word(span)
        before = block.spans[at - 1] if at else None
        if before and before.style == "strong" and before.text[-1:] in FULL:
            # Markdown closes ** after punctuation only where a space follows: that space is not the author's.
            word = word.removeprefix(" ")
        words.append(word)
    return "".join(words)


def _word(span: Span) -> str:
    if span.style in ("code", "formula"):
        return "x"
    if span.style == "link" and span.text == span.source:
        return "x"
    return "\n" if span.style == "break" else span.text
