"""Prose: what Markdown reads otherwise than its author meant it, found in the words of one paragraph or cell."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it.token import Token

from kb.errors import Message

MAX_LEVEL = 20
"""How deep emphasis and links may lie in each other."""

# Names of HTML alone: <sos>, <pad> and Dataset<T> are words of the field, and are shown as they stand.
_ELEMENTS = (
    "a abbr article aside b blockquote br center code dd del details div dl dt em figcaption figure font footer h1 h2"
    " h3 h4 h5 h6 header hr i iframe img input ins kbd label li mark nav ol p picture pre q s samp script section small"
    " span strike strong style sub summary sup svg table tbody td tfoot th thead tr tt u ul var video"
)
_HTML = re.compile(rf"<!--|</?(?:{_ELEMENTS.replace(' ', '|')})(?=[\s/>])[^<>]*>", re.IGNORECASE)

_STARS = re.compile(r"(?<!\*)\*{1,3}(?!\*)")

# What stands in a text for what is not plain words: of the same kind, letter or punctuation, as Markdown's own signs.
_STAND_INS = {"math_inline": "$", "math_inline_double": "$", "image": ")", "softbreak": " "}
_STAND_INS |= {"hardbreak": " ", "link_open": "[", "link_close": ")", "text_special": "\\"}


def misread(tokens: Sequence[Token]) -> Iterator[Message]:
    """What is misread in the words of one paragraph, before Markdown joins them to texts."""
    text = "".join(map(_in_words, tokens))
    if found := _HTML.search(text):
        yield Message("HTML ({tag}) cannot be shown in a terminal; write it in Markdown", tag=_cut(found[0]))
    if place := _unclosed(text):
        yield Message(
            "Markdown takes the stars of {place!r} for no emphasis; put the punctuation outside of them, or a space"
            " beside them",
            place=_cut(place),
        )


def _in_words(token: Token) -> str:
    if token.type == "code_inline":
        return f"`{token.content.replace('*', ' ').strip()}`"
    return token.content if token.type == "text" else _STAND_INS.get(token.type, "")


def _unclosed(text: str) -> str:
    """Words between stars that were meant as emphasis and are none; empty if there are none.

    Stars do not close between punctuation and a letter, nor open between a letter and punctuation: Chinese, which has
    no spaces, runs into this again and again.
    """
    for first, last in pairwise(_STARS.finditer(text)):
        inside = text[first.end() : last.start()]
        if first[0] != last[0] or not inside.strip() or inside[0].isspace() or inside[-1].isspace():
            continue
        before, after = text[max(0, first.start() - 1) : first.start()], text[last.end() : last.end() + 1]
        # A bracket that opens before the second stars, or closes after the first, is one of two calls: f(*a) and g(*b).
        never_closes = _is_mark(inside[-1], but=("Ps", "Pi")) and _is_word(after)
        never_opens = _is_word(before) and _is_mark(inside[0], but=("Pe", "Pf"))
        if never_closes or never_opens:
            return text[first.start() : last.end()]
    return ""


def _is_mark(char: str, but: tuple[str, ...]) -> bool:
    category = unicodedata.category(char)
    return category[0] in "PS" and category not in but


def _is_word(char: str) -> bool:
    return bool(char) and not char.isspace() and unicodedata.category(char)[0] not in "PS"


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
