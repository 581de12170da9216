"""Writing: one way of writing each word and each percentage, where a deck asks for it."""

import re
from collections.abc import Iterator

from kb.deck.entry import Entry
from kb.deck.kind import Trouble
from kb.deck.markdown import walk
from kb.deck.rules import Rules, Words
from kb.deck.text import SOURCES, Block, Span, Text
from kb.errors import Message
from kb.search.tokens import HAN

_HIDDEN = "\0"
"""Stands for what is nobody's wording: code, a formula, a link, a quotation of English words."""

_ENGLISH_QUOTED = re.compile(rf"“[^“”{HAN}]*”|（[^（）{HAN}]*）|《[^《》]*》")
"""A message of the program, the English name behind a Chinese word, a title: each is written as it is there."""

_PERCENT = re.compile(r"\d(?:\s+[%％]|％)")


def all_blocks(entry: Entry, text: Text) -> Iterator[Block]:
    """Every block of an entry in one language, but for options: gist, answer and quiz."""
    yield from walk(text.blocks)
    for item in entry.items:
        if wording := item.wordings.get(text.language):
            yield from walk(wording.question)
            for hint in wording.hints:
                yield from walk(hint)
            yield from walk(wording.explanation)


def answer_blocks(text: Text) -> Iterator[Block]:
    """The blocks of gist and answer up to the sources."""
    for block in text.blocks:
        if block.kind == "heading" and block.text.strip() in SOURCES.values():
            return
        yield from walk((block,))


def prose(spans: tuple[Span, ...]) -> str:
    """The author's own words: what stands in code, formulas and links is left out."""
    return "".join(_HIDDEN if span.style in ("code", "formula", "link") else span.text for span in spans)


def check_writing(entry: Entry, text: Text, rules: Rules) -> Trouble:
    """Words and percentages of one language that are written in another way than the deck's."""
    forms = _forms(rules.words.get(text.language, ()))
    for line, words in _passages(entry, text):
        if rules.percent and (found := _PERCENT.search(words)):
            yield line, Message("“{place}”: write 5%, without a space", place=_around(words, found))
        said = _ENGLISH_QUOTED.sub(_HIDDEN, words)
        for form, pattern in forms:
            for found in pattern.finditer(said):
                yield (
                    line,
                    Message(
                        "“{place}”: this deck writes {form}; a name in code stands in `code`",
                        place=_around(said, found),
                        form=form,
                    ),
                )


def _passages(entry: Entry, text: Text) -> Iterator[tuple[int, str]]:
    """Lines and prose of title, answer and quiz; not the sources, which are named as they name themselves."""
    yield 1, text.title
    sources = {id(block) for block in _source_blocks(text)}
    for block in all_blocks(entry, text):
        if block.kind not in ("code", "formula") and id(block) not in sources:
            yield block.line, prose(block.spans)
    for item in entry.items:
        wording = item.wordings.get(text.language)
        for option in wording.options if wording else ():
            yield wording.question[0].line if wording and wording.question else 0, prose(option)


def _source_blocks(text: Text) -> Iterator[Block]:
    is_sources = False
    for block in text.body:
        is_sources = is_sources or (block.kind == "heading" and block.text.strip() in SOURCES.values())
        if is_sources:
            yield from walk((block,))


def _forms(words: Words) -> list[tuple[str, re.Pattern[str]]]:
    return [(form, _pattern(form, other)) for form, others in words for other in others]


def _pattern(form: str, other: str) -> re.Pattern[str]:
    """Finds a form that should not be written.

    A Latin word counts where it stands by itself in Chinese. As a part of an English name ("focal loss") or before a
    name of its own ("loss_fn") it is left alone. A form that holds the right one, or is a part of it, is no trouble
    where that stands.
    """
    if not re.search(r"[A-Za-z]", other) or re.search(f"[{HAN}]", other):
        at = form.find(other)
        before, after = (form[:at], form[at + len(other) :]) if at >= 0 else ("", "")
        guard = (f"(?<!{re.escape(before)})" if before else "") + re.escape(other)
        return re.compile(guard + (f"(?!{re.escape(after)})" if after else ""))
    return re.compile(rf"(?<![A-Za-z0-9_.\-/])(?<![A-Za-z] ){re.escape(other)}(?![A-Za-z0-9_\-/]| [A-Za-z])", re.I)


def _around(text: str, found: re.Match[str]) -> str:
    """A place with what stands around it, on one line."""
    return text[max(0, found.start() - 5) : found.end() + 5].replace(_HIDDEN, "…").replace("\n", " ").strip()
