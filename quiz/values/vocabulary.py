"""Vocabulary: words that mean the same value, and what units are worth."""

import re
from fractions import Fraction

TRUE, FALSE = "True", "False"

_SPELLINGS = {
    TRUE: "true yes 是 对 真 是的 正确",
    FALSE: "false no 否 错 假 不是 不 错误",
    "None": "none null nil 无",
    "nan": "nan math.nan np.nan numpy.nan torch.nan",
    "inf": "inf +inf infinity math.inf np.inf numpy.inf torch.inf 无穷 无穷大 正无穷 正无穷大",
    "-inf": "-inf -infinity 负无穷 负无穷大",
    "float64": "float64 double fp64 f64",
    "float32": "float32 fp32 f32 torch.float",
    "float16": "float16 half fp16 f16",
    "bfloat16": "bfloat16 bf16",
    "int64": "int64 long i64",
    "int32": "int32 i32 torch.int",
    "int16": "int16 short i16",
    "int8": "int8 i8",
    "uint8": "uint8 u8",
    "bool": "bool torch.bool boolean",
}
_PRINTED = {TRUE: "true", FALSE: "false"}
_MEANINGS = {spelling: meaning for meaning, spellings in _SPELLINGS.items() for spelling in spellings.split()}

_VAGUE = {"float": ("float16", "float32", "float64"), "int": ("int8", "int16", "int32", "int64")}
"""Names that leave the size of a dtype open."""

_ERROR = re.compile(r"(?:error|exception|warning|\wexit|interrupt|stopiteration)$")

_BRIEF = {TRUE: ("t", "y"), FALSE: ("f", "n")}

MULTIPLES = frozenset(("x", "×", "times", "time", "fold", "倍"))
"""Units of an answer to "how many times"."""

PERCENT = frozenset(("percent", "per cent", "pct"))

ORDINALS = frozenset(("st", "nd", "rd", "th"))

COUNTERS = "个次种条张行列位层轮份名只块项步维"
"""Chinese measure words, which say nothing of their own."""

SCALES = {
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "million": 10**6,
    "b": 10**9,
    "billion": 10**9,
    "g": 10**9,
    "万": 10**4,
    "百万": 10**6,
    "亿": 10**8,
    "十亿": 10**9,
}

_BYTES = {
    "byte": 1, "bytes": 1, "b": 1, "字节": 1, "bit": Fraction(1, 8), "bits": Fraction(1, 8), "比特": Fraction(1, 8),
    **{f"{prefix}{tail}": 1000**power for power, prefix in enumerate("kmgt", 1) for tail in ("b", "")},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
    "kilobytes": 10**3, "megabytes": 10**6, "gigabytes": 10**9, "terabytes": 10**12,
}  # fmt: skip
_SECONDS = {
    **{word: Fraction(1, 10**9) for word in ("ns", "nanoseconds", "纳秒")},
    **{word: Fraction(1, 10**6) for word in ("us", "μs", "microseconds", "微秒")},
    **{word: Fraction(1, 10**3) for word in ("ms", "milliseconds", "毫秒")},
    **{word: Fraction(1) for word in ("s", "sec", "secs", "second", "seconds", "秒")},
    **{word: Fraction(60) for word in ("min", "mins", "minute", "minutes", "分钟")},
    **{word: Fraction(3600) for word in ("h", "hour", "hours", "小时")},
}

MEASURES: tuple[dict[str, Fraction], ...] = ({word: Fraction(size) for word, size in _BYTES.items()}, _SECONDS)
"""Units that can be converted, one table a dimension, by lower-case name."""


def meaning(word: str) -> str:
    """What a word stands for, whatever its case and its module: ``FP32`` and ``torch.float32`` are ``float32``.

    A word without a meaning of its own is itself.
    """
    lowered = word.lower()
    if lowered in _MEANINGS:
        return _MEANINGS[lowered]
    tail = lowered.rpartition(".")[2]
    if _ERROR.search(tail):
        return tail
    return _MEANINGS.get(tail, word) if lowered.startswith(("torch.", "np.", "numpy.", "builtins.")) else word


def is_value_word(word: str) -> bool:
    """Whether a program may print the word where it could have printed a number: ``None``, an error, a dtype."""
    return word.lower() in _MEANINGS or meaning(word) != word or bool(_ERROR.search(word.lower()))


def is_yes_or_no(word: str) -> bool:
    """Whether a word answers a question and is never printed: ``yes`` is no ``True`` where a number is asked for."""
    stands_for = meaning(word)
    return stands_for in _PRINTED and word.lower() != _PRINTED[stands_for]


def is_vague(word: str, exact: str) -> bool:
    """Whether a word names a dtype without its size: ``float`` for ``float32``."""
    return exact in _VAGUE.get(word.lower(), ())


def is_brief(letter: str, boolean: str) -> bool:
    """Whether a letter stands for a boolean, once it is known that one is asked for."""
    return letter.lower() in _BRIEF.get(boolean, ())
