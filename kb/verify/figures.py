"""Figures: decimals and percentages in an answer that stand in nothing which is run."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from kb.deck.entry import Entry
from kb.deck.kind import Trouble
from kb.deck.text import Block, Text
from kb.errors import Message
from kb.verify.writing import all_blocks, answer_blocks, prose

_NUMBER = re.compile(
    r"(?P<value>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d[\d_]*|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d{1,3}(?!\d))?)"
    r"(?P<percent>\s?\\?[%％])?"
)
"""A number in output, code or a formula."""

_FIGURE = re.compile(
    r"(?<![\w.,])(?<![A-Za-z]-)(?P<value>\d+(?:,\d{3})*(?:\.\d+)?)(?![\d_]|\.\d|,\d{3})"
    r"(?P<percent>\s?[%％]|(?=\s?(?:to|–|-|到|至|～|~)\s?[\d.]+\s?[%％]))?"
)
"""A number in prose; in "48 to 63%" both are percentages. One behind a letter (``v1.5``, ``GPT-3.5``) is a name, one
with two points a version."""

_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|nearly|almost|approximately|some|close to)\s+|[~≈]\s?|约为?|大约|大概|接近|将近)"
    r"[^\d.;。；！？]{0,3}(?:[-−]?\d[\d.,]*\s?%?\s?(?:to|and|or|or even|–|-|～|~|到|至|和|或|、)\s?)*[-−]?$",
    re.IGNORECASE,
)
"""Right before a number, or before the first one of its range; two words earlier it speaks of another thing."""
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
        """What may be rounded in the text."""
        self.exact = _numbers(_exact_texts(entry))
        """What may not."""

    def check(self, text: Text) -> Trouble:
        """Decimals and percentages of the answer that stand nowhere; what is called "about" is no figure of one run."""
        for block in answer_blocks(text):
            if block.kind in ("code", "formula"):
                continue
            for figure, is_percent in _figures(block):
                if not self.hold(figure, is_percent):
                    yield (
                        block.line,
                        Message(
                            "{figure} stands in no output, code or formula of the entry; have the snippet print it, "
                            "say about, or put what is known from elsewhere into `code`",
                            figure=f"{figure}%" if is_percent else figure,
                        ),
                    )

    def hold(self, figure: str, is_percent: bool) -> bool:
        """Whether a number of the text stands somewhere; a share (0.912) may be said in percent (91%), and back."""
        unit = Decimal("0.01") if is_percent else Decimal(1)
        said = Decimal(figure) * unit
        half = Decimal(1).scaleb(-len(figure.partition(".")[2])) / 2 * unit
        return said in self.exact or any(abs(one - said) <= half for one in self.printed)


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
    """The numbers of some texts; a percentage as the share that it is."""
    found: set[Decimal] = set()
    for source in sources:
        for number in _NUMBER.finditer(source):
            value = Decimal(number["value"].replace(",", "").replace("_", ""))
            found.add(value * Decimal("0.01") if number["percent"] else value)
    return frozenset(found)


def _figures(block: Block) -> Iterator[tuple[str, bool]]:
    """The numbers of a paragraph that must stand somewhere, and whether each is a percentage."""
    words = prose(block.spans)
    for found in _FIGURE.finditer(words):
        is_percent = found["percent"] is not None
        if "." not in found["value"] and not is_percent:
            continue
        before, after = words[: found.start()][-60:], words[found.end() :][:20]
        is_free = any(pattern.search(before) for pattern in (_ABOUT, _NAMED, _COMPUTED))
        if not is_free and not _ABOUT_AFTER.search(after) and not _NAMED_AFTER.search(after):
            yield found["value"].replace(",", ""), is_percent
