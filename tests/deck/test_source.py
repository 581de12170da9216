"""One file of a deck: a text, or what stands in its place, told and never waited for."""

import codecs
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.deck.source import MAX_BYTES, Unreadable, read_source, spoken_name


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (codecs.BOM_UTF8 + "均值\n".encode(), "均值\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"a null \x00, a page \x0c", "a null \x00, a page \x0c"),
        (b"x" * MAX_BYTES, "x" * MAX_BYTES),
    ],
    ids=["empty", "marked", "line ends", "controls", "largest"],
)
def test_text(tmp_path: Path, data: bytes, text: str) -> None:
    """UTF-8, with or without an editor's mark, whatever ends its lines."""
    (tmp_path / "en.md").write_bytes(data)
    assert text == read_source(tmp_path / "en.md")


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (lambda path: path.mkdir(), "cannot be read: Is a directory; mend it"),
        (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere; put the file itself here"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links; mend it"),
        (os.mkfifo, "not an ordinary file; put a text file in its place"),
        (lambda path: path.write_bytes("text".encode("utf-16")), "saved as UTF-16; save it as UTF-8"),
        (
            lambda path: path.write_bytes(b"a\0 \0t\0e\0x\0t\0"),
            "saved as UTF-16; save it as UTF-8",
        ),
        (lambda path: path.write_bytes(b"ab\xff"), "not UTF-8 at byte 2; save it as UTF-8"),
        (lambda path: path.write_bytes(codecs.BOM_UTF8 + b"ab\xff"), "not UTF-8 at byte 5; save it as UTF-8"),
        (lambda path: path.write_bytes(b"x" * (MAX_BYTES + 1)), "larger than 1 MB; make it smaller"),
    ],
    ids="folder,dead link,loop,pipe,UTF-16,UTF-16 without a mark,bytes,bytes behind a mark,large".split(","),
)
def test_no_text(tmp_path: Path, put: Callable[[Path], object], message: str) -> None:
    """What is wrong, and what to do."""
    path = tmp_path / "en.md"
    put(path)
    with pytest.raises(Unreadable) as caught:
        read_source(path)
    assert message == caught.value.message


def test_nothing_there(tmp_path: Path) -> None:
    """A missing file is not a broken one: some files may be missing."""
    with pytest.raises(FileNotFoundError):
        read_source(tmp_path / "en.md")


def test_name_that_is_no_text() -> None:
    """It can be kept and printed."""
    assert "a\\xffb" == spoken_name(os.fsdecode(b"a\xffb"))
    assert "均值" == spoken_name("均值")
