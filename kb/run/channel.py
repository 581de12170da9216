"""Channel: what a supervisor and its caller say to each other, and the two ends of it.

The supervisor sends where its folder is, pieces of output as they come, and the result at the end; the caller's only
word is that the user pressed Ctrl-C. An end that goes away without a word is noticed by the other.
"""

import contextlib
import json
import socket
import struct
from typing import Any

FOLDER, OUT, ERR, END = b"f", b"o", b"e", b"r"
"""Kinds of messages to the caller: the run's folder, output, errors, the result."""

HEADER = struct.Struct("!cI")
"""Before each message: its kind, its length in bytes."""

INTERRUPT = b"i"
"""The caller's only word."""

GONE, SILENT = b"", b" "
"""What is heard of a caller that has left, or has nothing to say."""

PATIENCE = 30
"""Seconds that a caller has to take the last messages."""


class Sender:
    """The supervisor's end. What a slow caller does not take waits here; nothing blocks before the last message."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.setblocking(False)
        self.waiting = bytearray()

    def put(self, kind: bytes, data: bytes) -> None:
        """Leave a message to be sent; empty data is none."""
        if data:
            self.waiting += HEADER.pack(kind, len(data)) + data

    def flush(self) -> None:
        """Send what the caller takes at once."""
        if not self.waiting:
            return
        try:
            count = self.connection.send(self.waiting)
        except BlockingIOError:
            return
        except OSError:
            self.waiting.clear()
            return
        del self.waiting[:count]

    def hear(self) -> bytes:
        """The caller's word, ``SILENT`` or ``GONE``."""
        try:
            return self.connection.recv(1)
        except BlockingIOError:
            return SILENT
        except OSError:
            return GONE

    def end(self, result: dict[str, Any]) -> None:
        """Send what waits and the result, and wait until the caller has it."""
        self.put(END, json.dumps(result).encode())
        self.connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            self.connection.sendall(self.waiting)


class Reader:
    """The caller's end: messages of a supervisor, one at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.settimeout(0.1)
        self.buffer = b""

    def next(self) -> tuple[bytes, bytes] | None:
        """The next message; None if there is none yet. A connection that ended counts as an empty result."""
        while True:
            if len(self.buffer) >= HEADER.size:
                kind, size = HEADER.unpack_from(self.buffer)
                if len(self.buffer) >= HEADER.size + size:
                    data = self.buffer[HEADER.size : HEADER.size + size]
                    self.buffer = self.buffer[HEADER.size + size :]
                    return kind, data
            try:
                piece = self.connection.recv(1 << 17)
            except TimeoutError:
                return None
            except OSError:
                piece = b""
            if not piece:
                return END, b""
            self.buffer += piece

    def interrupt(self) -> None:
        """Tell that the user pressed Ctrl-C."""
        self.connection.send(INTERRUPT)

    def hang_up(self) -> None:
        """Say no more: the script is killed, and the result still comes."""
        with contextlib.suppress(OSError):  # the supervisor has gone first
            self.connection.shutdown(socket.SHUT_WR)
