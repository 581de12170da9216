"""Two streams through one pipe: what goes in as lines of both comes out as lines of each."""

import os
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kb.run.channel import ERR, OUT
from kb.run.demultiplexer import FIRST, Demultiplexer
from kb.run.harness import FRAME, TaggedStream

NONCE = "0123456789abcdef"
MARK = FIRST + NONCE.encode() + b":"


def read(data: bytes, cuts: list[int], nonce: str = NONCE) -> list[tuple[bytes, bytes]]:
    """Pieces of a stream that comes in parts; neighbours of one kind joined."""
    demultiplexer = Demultiplexer(nonce)
    ends = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [piece for a, b in pairwise(ends) for piece in demultiplexer.feed(data[a:b])]
    joined: list[tuple[bytes, bytes]] = []
    for kind, text in [*pieces, *demultiplexer.feed(b"", is_last=True)]:
        if joined and joined[-1][0] == kind:
            joined[-1] = kind, joined[-1][1] + text
        elif text:
            joined.append((kind, text))
    return joined


def frame(text: bytes) -> bytes:
    """What the harness makes of a piece of standard error."""
    return MARK + str(len(text)).encode() + b"\n" + text


def test_harness_and_demultiplexer_have_one_mark() -> None:
    """The harness can import nothing of ours; what it writes is understood here."""
    assert FIRST == FRAME
    reading, writing = os.pipe()
    TaggedStream(writing, NONCE).write(b"x" * 9000)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert [(ERR, b"x" * 9000)] == read(pipe.read(), [])


TEXTS = st.binary(max_size=20) | st.sampled_from([FIRST, MARK, MARK[:5], MARK + b"12", MARK + b"x\n"])


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=20))), st.lists(st.integers(0, 999)))
def test_any_cut_gives_the_same(lines: list[tuple[bool, bytes]], cuts: list[int]) -> None:
    """Wherever the pipe's reads end, both streams come out whole and in their order."""
    data = b"".join(frame(text) if is_error else text for is_error, text in lines)
    assert read(data, []) == read(data, cuts)
    for kind in (OUT, ERR):
        expected = b"".join(text for is_error, text in lines if is_error == (kind == ERR))
        assert expected == b"".join(text for one, text in read(data, cuts) if one == kind)


@given(TEXTS, TEXTS, st.lists(st.integers(0, 999)))
def test_no_byte_of_plain_output_is_lost(one: bytes, other: bytes, cuts: list[int]) -> None:
    """A script that prints the beginning of a mark, or a mark without a length, has printed just that."""
    data = one + b"--" + other
    assert [(OUT, data)] == read(data, cuts)
