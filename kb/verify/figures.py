"""Figures: decimals and percentages in an answer that stand in nothing which is run."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from kb.deck.entry import Entry
from kb.deck.kind import Trouble
from kb.deck.text import Block, Text
from kb.errors import Message
from kb.verify.writing import all_blocks, answer_blocks, prose

_NUMBER = re.compile(r"(?:\d[\d_]*(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3}(?!\d))?")
_UNGROUPED = re.compile(r"\d+(?:\.\d+)?")

_FIGURE = re.compile(r"(?<![\w.,])(?<![A-Za-z]-)\d+(?:,\d{3})*(?:\.\d+)?(?P<percent>\s?[%％])?(?![\d_]|\.\d|,\d{3})")
"""A number in prose; one behind a letter (``v1.5``, ``GPT-3.5``) is a name, one with two points a version."""

_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|nearly|almost|approximately|some|close to)\s+|[~≈]\s?|约为?|大约|大概|接近|将近)"
    r"[^\d.;。；！？]{0,3}(?:[-−]?\d[\d.,]*\s?%?\s?(?:to|and|or|or even|–|-|～|~|到|至|和|或|、)\s?)*[-−]?$",
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(r"^\s?[^\d，。；,.;]{0,4}?(?:左右|上下|or so\b)")
_NAMED = re.compile(
    r"(?:\b(?:torch|pytorch|torchvision|python|numpy|cuda|versions?|since|before|until|section|table|figure|chapter|v)"
    r"|版本|第|表|图)(?:\s?(?:>=|[<>≥≤]))?\s?$",
    re.IGNORECASE,
)
"""What makes the number behind it a version, or the number of a section."""
_NAMED_AFTER = re.compile(r"^\s?(?:版|起|节|之前)")
_COMPUTED = re.compile(r"\d\s?[+\-−·×*/÷]\s?[\d.]+\s?=\s?[-−]?$")
"""The result of a sum that stands before it."""


class Figures:
    """The numbers that an entry's runs, code and formulas hold; in it, those of an answer are looked up."""

    def __init__(self, entry: Entry, output: str) -> None:
        self.printed = _numbers([output])
        """They may be rounded in the text."""
        self.exact = _numbers(_exact_texts(entry))
        """They may not."""

    def check(self, text: Text) -> Trouble:
        """Decimals and percentages of the answer that stand nowhere; what is called "about" is no figure of one run."""
        for block in answer_blocks(text):
            if block.kind in ("code", "formula"):
                continue
            for figure in _figures(block):
                if not self.hold(figure):
                    yield (
                        block.line,
                        Message(
                            "{figure} stands in no output, code or formula of the entry; have the snippet print it, "
                            "say about, or put what is known from elsewhere into `code`",
                            figure=figure.strip(),
                        ),
                    )

    def hold(self, figure: str) -> bool:
        """Whether a number of the text stands somewhere; a share (0.912) may be said in percent (91%), and back."""
        word = figure.rstrip("%％ \t\n").replace(",", "")
        said = Decimal(word)
        other = Decimal("0.01") if word != figure.replace(",", "") else Decimal(100)
        half = Decimal(1).scaleb(-len(word.partition(".")[2])) / 2
        return any(
            value in self.exact or any(abs(one - value) <= reach for one in self.printed)
            for value, reach in ((said, half), (said * other, half * other))
        )


def _exact_texts(entry: Entry) -> Iterator[str]:
    """Code and formulas of an entry, its quiz included."""
    if entry.snippet:
        yield entry.snippet.source
    for item in entry.items:
        yield from (item.code, item.proof, *item.right, *item.wrong)
    for text in entry.texts.values():
        for block in all_blocks(entry, text):
            if block.kind == "code":
                yield block.text
            for span in block.spans:
                if span.style in ("code", "formula"):
                    yield span.source or span.text


def _numbers(sources: Iterable[str]) -> frozenset[Decimal]:
    found: set[Decimal] = set()
    for source in sources:
        for pattern in (_NUMBER, _UNGROUPED):
            for word in pattern.findall(source):
                try:
                    found.add(Decimal(word.replace(",", "").replace("_", "")))
                except InvalidOperation:  # an exponent of a hundred digits
                    continue
    return frozenset(found)


def _figures(block: Block) -> Iterator[str]:
    words = prose(block.spans)
    for found in _FIGURE.finditer(words):
        if "." not in found[0] and not found["percent"]:
            continue
        before = words[: found.start()][-60:]
        after = words[found.end() :][:20]
        is_free = any(pattern.search(before) for pattern in (_ABOUT, _NAMED, _COMPUTED))
        if not is_free and not _ABOUT_AFTER.search(after) and not _NAMED_AFTER.search(after):
            yield found[0]
