"""Tokens: how a text or a query is cut into what is searched for.

Han runs become bigrams and single characters, identifiers stand whole, with their dotted tails and their parts, and
English words lose their endings. The engine behind sees nothing but these tokens.
"""

import re
import unicodedata
from collections.abc import Iterator, Set
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, NamedTuple

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese characters, for a regular expression's class."""

_INVISIBLE = dict.fromkeys(
    (0x00AD, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
"""Characters of the category Cf that texts carry along unseen."""

STOP_WORDS = frozenset(
    "a about actually after again all already also always am an and any anyone anything are as at be because been "
    "being but by can cannot come could did do does doing done even ever every everything exactly for from get "
    "gets getting give gives go goes going gone got had happen happens has have having he help her here his how i "
    "if in instead into is it its just keep keeps know let made make makes making many may me might much must my "
    "need needs never no nor nothing now of on only or other ought our please properly put really seem seems she "
    "should show simply so some somehow someone something still such take takes tell than that the their them then "
    "there these they thing things think this those to too try trying understand up us use using very want wants "
    "was way we were what when where whether which while who why will wish with without work works would wrong yes "
    "yet you your don doesn didn isn aren wasn won ll ve re im ive".split()
)
"""Words that say how one asks, not what."""

STOP_HAN = frozenset(
    "什么 怎么 如何 为什 为何 哪些 哪个 怎样 请问 区别 多少 可以 老是 总是 一直 到底 应该 还是 需要 这样 那样 "
    "这种 那种 这里 那里 这个 那个 出来 起来 没有 不是 就是 但是 可是 而且 然后 结果 自己 完全 根本 直接 一下 "
    "一样 有点 时候 知道 不知 看着 看看 觉得 感觉 发现 大家 求助 帮忙 谢谢 各位 大佬 新手 问题 情况 方法 办法 "
    "一个 几个 有没 是不 不对 对吗 是否 能否 能不 要不 会不 应当 比较 非常 特别 真的 其实 好像 似乎 或者 以及 "
    "因为 所以 如果 已经 正常 明明".split()
)
"""The same in Chinese, as pairs of characters."""

PARTICLES = frozenset("的了吗呢吧啊呀嘛么我你他她它们这那哪咋啥")
"""Characters of no meaning of their own: a pair that holds one lies across a border of words."""

KEPT_APART = {
    form: stem
    for stem, forms in {
        "generaliz": "generalization generalisation generalize generalise generalizes generalizing",
        "generator": "generator generators",
        "generativ": "generative",
        "normaliz": "normalization normalisation normalize normalise normalized normalised normalizing normalizes",
        "regulariz": "regularization regularisation regularize regularise regularizer regularizers regularized",
        "optimal": "optimal",
        "activat": "activation activations activate activated",
        "adam": "adam",
        "embed": "embed embeds",
        "convolut": "convolve convolves convolved convolving",
        "classif": "classify classifies classifier classifiers classified",
        "distribut": "distribute distributed",
        "distribution": "distribution distributions",
        "logit": "logits",
        "go": "goes going gone went",
    }.items()
    for form in forms.split()
}
"""Stems of words that Snowball would join with another term of the field, or keep from their own kind."""

# No class of Chinese characters in here: compiling one takes a millisecond, at every start.
_RUN = re.compile(r"\w+(?:\.\w+)*")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+")


MAX_TAILS = 12
"""Ends of a dotted name that are tokens: no API's has more, and a line of nothing but dots would have thousands."""

BREAK = "+"
"""Stands for a run that ends a pair of words."""


# NamedTuples in this room: a frozen dataclass takes 0.4 ms to make at every start, and a value of it twice as long.
class Word(NamedTuple):
    """One token and where it stood."""

    token: str
    """Lower case, normalised."""
    start: int
    """First character in the text."""
    end: int
    """One past the last."""
    whole: bool = True
    """Whether it is a piece of text as written, not a part of one."""
    is_stem: bool = False
    """Whether it is what forms share, and no word that anybody writes."""


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


def tokens(text: str) -> list[str]:
    """Every token of a text, for an index: what ``words`` gives, without the places, ten times as fast."""
    found: list[str] = []
    for run in _RUN.findall(normalised(text)):
        found += _tokens_of(run)
    return found


def written_words(text: str) -> set[str]:
    """The words and names of a text as they are written, in lower case, with their parts: no stems, no Chinese."""
    return {token for run in _RUN.findall(normalised(text)) for token in _written_of(run)}


@lru_cache(maxsize=100_000)
def _written_of(run: str) -> tuple[str, ...]:
    return tuple(word.token for word in words(run) if not word.is_stem and not has_han(word.token))


def tokens_among(text: str, wanted: frozenset[str]) -> set[str]:
    """Which of some tokens stand in a text: what ``tokens`` shares with them, found by cutting next to nothing."""
    if not may_hold(text, wanted):
        return set()
    found: set[str] = set()
    for run in _RUN.findall(normalised(text)):
        if may_hold(run, wanted):
            found.update(_tokens_of(run))
    return found & wanted


def may_hold(text: str, wanted: frozenset[str]) -> bool:
    """Whether any of some tokens can stand in a text: a look that takes less than a microsecond, before it is cut."""
    return any(map(text.lower().__contains__, _beginnings(wanted)))


@lru_cache(maxsize=8)
def _beginnings(tokens: frozenset[str]) -> list[str]:
    """What every form of a word holds: its last letter may differ (``entry``, ``entries``)."""
    return [token[: max(2, len(token) - 1)] for token in tokens]


def places_of(text: str, wanted: Set[str]) -> list[tuple[int, int]]:
    """Where tokens stand in a text: from, to. Only runs that hold one of them are cut again."""
    found = []
    for run in _RUN.finditer(text):
        if not wanted.isdisjoint(_tokens_of(run[0])):
            at = run.start()
            found += [(at + word.start, at + word.end) for word in words(run[0]) if word.token in wanted]
    return found


@lru_cache(maxsize=100_000)
def _tokens_of(run: str) -> tuple[str, ...]:
    """A text repeats its words: each is cut once."""
    return tuple(word.token for word in words(run))


def word_pairs(text: str) -> list[str]:
    """Neighbouring words, by their stems, as one token each: ``hidden state`` is more than both words somewhere.

    Question words and numbers are passed over; a run that holds Chinese ends a pair, for its characters come in pairs
    of their own.
    """
    found: list[str] = []
    before = ""
    for run in _RUN.findall(normalised(text)):
        now = _stem_of(run)
        if not now:
            continue
        if now == BREAK:
            before = ""
            continue
        if before:
            found.append(f"{before}+{now}")
        before = now
    return found


@lru_cache(maxsize=100_000)
def _stem_of(run: str) -> str:
    """The stem of a word; empty for one that is passed over."""
    lowered = run.lower()
    if has_han(run):
        return BREAK
    return "" if lowered in STOP_WORDS or lowered.isdecimal() else stem(lowered)


def query_tokens(text: str) -> list[str]:
    """The words of a text one after the other, each by its stem: for comparing runs of words."""
    found: dict[int, str] = {}
    for word in words(text):
        # The last token of a plain word is its stem; of a name the whole of it comes first.
        if word.start not in found or text[word.start : word.end].isalpha():
            found[word.start] = word.token
    return list(found.values())


def simplified(text: str) -> str:
    """Traditional Chinese characters made simplified ones, one for one; everything else as it is."""
    if text.isascii():
        return text
    changed = _to_simplified(text)
    # A phrase may become longer or shorter; places in the text must stay what they are.
    return changed if len(changed) == len(text) else "".join(_one_simplified(char) for char in text)


@lru_cache(maxsize=30_000)
def _one_simplified(char: str) -> str:
    changed = _to_simplified(char)
    return changed if len(changed) == 1 else char


def _to_simplified(text: str) -> str:
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    # Deferred: 17 ms, for building an index and for queries that hold a word it does not know.
    import opencc

    return opencc.OpenCC("t2s")


def has_han(text: str) -> bool:
    """Whether a Chinese character is in a text."""
    return any(map(_is_han, text))


def is_stop(token: str) -> bool:
    """Whether a token says how one asks, not what."""
    return token in STOP_WORDS or token in STOP_HAN or (len(token) <= 2 and not PARTICLES.isdisjoint(token))


def compact(text: str) -> str:
    """A whole name as one token, for exact matches: ``Cross Entropy`` and ``cross-entropy`` are the same."""
    return "".join(char for char in normalised(text).lower() if char.isalnum())


def stem(word: str) -> str:
    """What the forms of an English word share (``save``, ``saves``, ``saving``); everything else as it is."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    return KEPT_APART.get(word) or str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import Stemmer  # Snowball's English one, in C

    return Stemmer.Stemmer("english")


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u4dbf" or "\u4e00" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"


def readable(text: str) -> str:
    """A text without what no index and no terminal can hold: half characters become question marks, NUL a space."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ") if "\0" in text or not text.isascii() else text


def normalised(text: str) -> str:
    """A text in NFKC (full-width letters become half-width) and without zero-width characters."""
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return normal.translate(_INVISIBLE) if not normal.isprintable() else normal


def _normalise(text: str) -> tuple[str, list[int]]:
    """The same as ``normalised``, and for each character the place it came from."""
    if text.isascii():
        return text, list(range(len(text) + 1))
    out: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        if ord(char) in _INVISIBLE:
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
    if lowered.count(".") > MAX_TAILS:
        tail = ".".join(["", *lowered.rsplit(".", MAX_TAILS)[1:]])
    while "." in tail:
        tail = tail.partition(".")[2]
        tokens.append(tail)
    parts = [part.lower() for part in _CAMEL.findall(piece)] if piece.isascii() else []
    if len(parts) > 1:
        tokens += parts
    written = dict.fromkeys(tokens)
    for token in written:
        yield Word(token, start, end)
    stems = [stem(lowered)] if piece.isalpha() else [stem(part) for part in parts]
    for token in dict.fromkeys(stems):
        if token not in written:
            yield Word(token, start, end, is_stem=True)
