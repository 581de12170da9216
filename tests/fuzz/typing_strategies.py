"""What people and programs type, paste and send: made of what hurts, not of printable text alone."""

import json

from hypothesis import strategies as st

CHARACTERS = st.one_of(
    st.characters(),
    st.sampled_from("\ud800\udcff\0\x0c\x1b\x85\u2028\u2029\u200d\ufeff\u3000\u00ad\r\n\t'\"`\\(),.[]{}:-+#$ 中１²é👍"),
)
"""Half characters and controls as often as letters."""

TEXTS = st.text(CHARACTERS, max_size=80)

REPEATED = st.builds(
    lambda piece, count: piece * count,
    st.sampled_from(
        [
            "(",
            "[",
            "{1:",
            "-",
            "1+",
            ".",
            "a.",
            "9",
            "0x",
            "tensor(",
            '"',
            "'",
            "\\",
            "lambda:",
            "Error(",
            "中",
            "/",
            "~",
        ]
    ),
    st.integers(1, 3000),
)
"""One thing too often: depth and length."""

_ATOMS = st.one_of(
    st.integers().map(str),
    st.integers(10**300, 10**420).map(str),
    st.floats().map(repr),
    st.floats(-1e3, 1e3).map("{:.2f}".format),
    st.complex_numbers().map(repr),
    st.text(CHARACTERS, max_size=5).map(repr),
    st.binary(max_size=3).map(repr),
    st.sampled_from(
        "True False None ... nan inf -inf 1e400 float32 torch.float32 RuntimeError '\\d' 1_0 0b1 1e-400".split()
    ),
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, max_size=4)
    return st.one_of(
        many.map(lambda parts: f"({', '.join(parts)})"),
        many.map(lambda parts: f"[{','.join(parts)}]"),
        many.map(lambda parts: f"{{{', '.join(parts)}}}"),
        many.map(" ".join),
        st.lists(st.tuples(inner, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
        inner.map("tensor({})".format),
        inner.map("torch.Size({})".format),
        st.tuples(inner, st.integers(1, 80)).map(lambda one: "(" * one[1] + one[0] + ",)" * one[1]),
    )


VALUES = st.one_of(st.recursive(_ATOMS, _joined, max_leaves=8), TEXTS, REPEATED)
"""Printed values of every type, and what is none."""

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["return 1", "if x:", "    pass", "\tpass", "'''", "x = (", ")", "# end", "# hole: x", "", "async"]
        ),
        TEXTS,
        REPEATED,
    ),
    max_size=5,
).map("\n".join)
"""Lines for a hole."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(CHARACTERS, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)

VERBS = (
    *("answer", "bury", "cancel", "flag", "hint", "proof", "quit", "rating", "redo", "skip", "suspend", "undo", "try"),
)

_ANSWERS = st.one_of(
    st.integers(0, 5),
    st.lists(st.integers(0, 5), max_size=3),
    st.sampled_from(["3", "3.0", "'3'", "a", "C"]),
    VALUES,
    JSON,
)

MESSAGES = st.one_of(
    st.builds(lambda answer: {"answer": answer}, _ANSWERS),
    st.builds(lambda answer: {"answer": answer, "try": True}, _ANSWERS),
    st.sampled_from(VERBS).map(lambda verb: {verb: True}),
    st.just({"undo": "earlier"}),
    st.integers(-1, 6).map(lambda rating: {"rating": rating}),
    st.dictionaries(st.sampled_from([*VERBS, "id"]), JSON, max_size=3),
).map(lambda message: json.dumps(message).encode())

RAW_LINES = st.one_of(
    MESSAGES,
    MESSAGES,
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=30),
    st.sampled_from(
        [
            *(
                b"",
                b" ",
                b"\r",
                b"[" * 5000,
                b'{"answer": 1e999}',
                b'{"answer": ' + b"9" * 5000 + b"}",
                b"\xef\xbb\xbf{}",
            ),
            *(b'{"answer": 1, "answer": 2}', b'{"skip": true, "undo": true}', b"x" * 1_000_001, b'{"answer": "\xff"}'),
        ]
    ),
).map(lambda line: line.replace(b"\n", b" "))
"""Lines of a wire, without their ends."""

ERRORS = st.sampled_from(
    ["RuntimeError", "ValueError", "torch.cuda.OutOfMemoryError", "UserWarning", "KeyboardInterrupt", "StopIteration"]
)

TRACEBACKS = st.lists(
    st.one_of(
        st.builds(lambda name, text: f"{name}: {text}", ERRORS, st.one_of(TEXTS, REPEATED)),
        st.builds(lambda at: f'  File "/home/me/train.py", line {at}, in main', st.integers(0, 10**9)),
        st.just("Traceback (most recent call last):"),
        st.just("RuntimeError: mixed device index 17 is out of range"),
        st.builds("[rank{}]: {}".format, st.integers(0, 9), TEXTS),
        st.builds("\x1b[31m{}\x1b[0m".format, TEXTS),
        TEXTS,
        REPEATED,
    ),
    max_size=8,
).map("\n".join)
"""What programs print when they fail, in whole and in pieces."""

QUERIES = st.one_of(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "lstm",
                    "mean",
                    "均值",
                    "梯度",
                    "nn.LSTM",
                    '"the mean"',
                    "-mean",
                    "tag:mean",
                    "level:1",
                    "level:9",
                    "api:",
                ]
            ),
            TEXTS,
            REPEATED,
        ),
        max_size=6,
    ).map(" ".join),
    TRACEBACKS,
)
"""What is typed into a search, or pasted."""
