"""Log text: bytes of any encoding, and lines freed of what others put before them."""

import pytest

from kb.search.log_text import LogText, decoded


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_encoding(encoding: str) -> None:
    """As shells redirect it."""
    text = "RuntimeError: 张量 sizes differ\nnext line"
    assert decoded(text.encode(encoding)) == text


def test_any_bytes() -> None:
    """What is no text becomes marks."""
    assert decoded(b"\xff\xfe\x00") is not None
    assert "a" in decoded(b"a\xff\x80")
    assert decoded(b"") == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("E       RuntimeError: x", "       RuntimeError: x"),
        ("> quoted", "quoted"),
        ("| framed |", "framed |"),
        ("trainer-1 | x", " x"),
        ("[rank0]: x", " x"),
        ("[0]: x", " x"),
        ("rank 3: x", " x"),
        ("[1, 2, 3] x", "[1, 2, 3] x"),
        ("Error: x", "Error: x"),
        ("E", "E"),
    ],
)
def test_heads_are_taken_off(line: str, expected: str) -> None:
    """Those that others put there, and no more."""
    assert LogText(line).text == expected


def test_lines_keep_their_numbers() -> None:
    """And their ranks."""
    log = LogText("a\r\n[rank1]: b\n\x1b[31mc\x1b[0m\rd")
    assert log.text.split("\n") == ["a", " b", "c", "d"]
    assert [log.line_of(log.text.index(one)) for one in "abcd"] == [0, 1, 2, 3]
    assert [log.rank_of(line) for line in range(4)] == ["", "1", "", ""]


@pytest.mark.parametrize(
    ("line", "rank"),
    [
        ("[rank12]: x", "12"),
        ("[default3]:x", "3"),
        ("[1]:x", "1"),
        ("2026-01-02 [Rank 4] x", "4"),
        ("rank: 5 | x", "5"),
        ("x = [1]", ""),
        ("franked 5", ""),
    ],
)
def test_ranks(line: str, rank: str) -> None:
    """As torchrun, torch and loggers write them."""
    assert LogText(line).rank_of(0) == rank
