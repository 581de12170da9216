"""The two ends of the line between a supervisor and its caller."""

import socket
from collections.abc import Iterator

import pytest

from kb.run.channel import END, ERR, GONE, INTERRUPT, OUT, SILENT, Reader, Sender

Ends = tuple[Sender, Reader]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A supervisor's and its caller's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Sender(theirs), Reader(ours)


def test_messages_arrive_in_their_order(ends: Ends) -> None:
    """Each with its kind, the result last; empty pieces are not sent."""
    sender, reader = ends
    sender.put(OUT, b"one")
    sender.put(OUT, b"")
    sender.put(ERR, b"two")
    sender.flush()
    assert [(OUT, b"one"), (ERR, b"two"), None] == [reader.next() for _ in range(3)]
    sender.end({"exit_code": 0})
    assert (END, b'{"exit_code": 0}') == reader.next()


def test_slow_caller_blocks_nothing(ends: Ends) -> None:
    """What it does not take waits, and is not lost."""
    sender, reader = ends
    sender.put(OUT, b"x" * 10_000_000)
    sender.flush()
    assert 0 < len(sender.waiting) < 10_000_000
    size = 0
    reader.connection.settimeout(0)
    while sender.waiting:
        size += len(reader.connection.recv(1 << 20))
        sender.flush()
    reader.connection.settimeout(10)
    while size < 10_000_005:
        size += len(reader.connection.recv(1 << 20))
    assert size == 10_000_005


def test_callers_word(ends: Ends) -> None:
    """Nothing, Ctrl-C, and its leaving."""
    sender, reader = ends
    assert sender.hear() == SILENT
    reader.interrupt()
    assert sender.hear() == INTERRUPT
    reader.connection.close()
    assert sender.hear() == GONE
    sender.put(OUT, b"x")
    sender.flush()
    assert not sender.waiting  # nobody will ever read it


def test_supervisor_that_is_gone_is_an_empty_result(ends: Ends) -> None:
    """Also in the middle of a message."""
    sender, reader = ends
    sender.connection.send(b"o\x00")
    sender.connection.close()
    assert (END, b"") == reader.next()
