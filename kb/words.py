"""Words: how a text or a query is cut into the tokens that are searched for.

Han runs become bigrams and single characters, identifiers stand whole, with their dotted tails and their parts, and
English words lose their endings. The engine behind sees nothing but these tokens.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese characters, for a regular expression's class."""

STOP_WORDS = frozenset(
    "a an and are as at be by can could do does for from had has have how i if in into is it its me my no not of on or "
    "should so than that the their them then there these they this to use using was we what when where which who why "
    "will with would you your".split()
)
"""Words that say how one asks, not what."""

STOP_HAN = frozenset(
    "什么 怎么 如何 为什 为何 哪些 哪个 是什 么是 怎样 请问 吗 呢 的 了 是 和 与 在 有 区别 多少 可以 "
    "么用 样用 么办 用吗".split()
)

# No class of Chinese characters in here: compiling one takes a millisecond, at every start.
_RUN = re.compile(r"\w+(?:\.\w+)*")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Word:
    """One token and where it stood."""

    token: str
    """Lower case, normalised."""
    start: int
    """First character in the text."""
    end: int
    """One past the last."""
    whole: bool = True
    """Whether it is a piece of text as written, not a part of one."""


def words(text: str) -> Iterator[Word]:
    """Every token of a text. Overlapping ones (a bigram and its characters, a name and its parts) all come."""
    normal, places = _normalise(text)
    for run in _RUN.finditer(normal):
        at = run.start()
        if run[0].isascii():
            yield from _latin(run[0], at, places)
            continue
        # A border between Chinese and anything else always splits.
        for is_han, piece in groupby(run[0], _is_han):
            text = "".join(piece)
            bare = text.strip(".")
            if bare:
                yield from (_han if is_han else _latin)(bare, at + text.index(bare), places)
            at += len(text)


def query_words(text: str) -> list[str]:
    """The tokens of a query: question words left out unless nothing else is there, Han characters only as bigrams
    unless one stands alone."""
    found = [word for word in words(text) if word.whole or not _is_han(word.token[0])]
    kept = [word.token for word in found if not _is_stop(word.token)]
    return list(dict.fromkeys(kept or [word.token for word in found]))


def compact(text: str) -> str:
    """A whole name as one token, for exact matches: ``Cross Entropy`` and ``cross-entropy`` are the same."""
    normal, _ = _normalise(text)
    return "".join(char for char in normal.lower() if char.isalnum())


def stem(word: str) -> str:
    """An English word without its plural, ``-ing`` or ``-ed``; everything else as it is."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) > 2 and any(vowel in base for vowel in "aeiouy"):
            if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
                return base[:-1]
            return base
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u4dbf" or "\u4e00" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"


def _is_stop(token: str) -> bool:
    return token in STOP_WORDS or token in STOP_HAN


def _normalise(text: str) -> tuple[str, list[int]]:
    """NFKC, without zero-width characters; and for each character the place it came from."""
    if text.isascii():
        return text, list(range(len(text) + 1))
    out: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        for made in unicodedata.normalize("NFKC", char):
            out.append(made)
            places.append(at)
    places.append(len(text))
    return "".join(out), places


def _han(run: str, at: int, places: list[int]) -> Iterator[Word]:
    def word(start: int, size: int, whole: bool) -> Word:
        first, last = places[at + start], places[at + start + size - 1] + 1
        return Word(run[start : start + size], first, last, whole)

    for start in range(len(run) - 1):
        yield word(start, 2, True)
    for start in range(len(run)):
        yield word(start, 1, len(run) == 1)


def _latin(piece: str, at: int, places: list[int]) -> Iterator[Word]:
    start, end = places[at], places[at + len(piece) - 1] + 1
    lowered = piece.lower()
    tokens = [lowered]
    tail = lowered
    while "." in tail:
        tail = tail.partition(".")[2]
        tokens.append(tail)
    plain = piece.isalpha()
    parts = [part.lower() for part in _CAMEL.findall(piece)] if piece.isascii() else []
    if len(parts) > 1:
        tokens += parts
    if plain:
        tokens.append(stem(lowered))
    else:
        tokens += [stem(part) for part in parts]
    for token in dict.fromkeys(tokens):
        yield Word(token, start, end)
