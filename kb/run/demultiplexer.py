"""Demultiplexer: a script's two streams told apart again, which came through one pipe so that their order is kept.

Plain bytes are standard output. The harness's ``TaggedStream`` puts standard error between them in frames: a mark that
holds a number drawn for this run alone, the length, a line feed, the bytes.
"""

from kb.run.channel import ERR, OUT

FIRST = b"\x1e"
"""First byte of a mark; the harness, which can import nothing of ours, has it too."""

MAX_DIGITS = 5
"""Of a frame's length: the harness writes at most 4,096 bytes at once."""


class Demultiplexer:
    """Bytes in, pieces of the two streams out; what may be the beginning of a frame waits for its rest."""

    def __init__(self, nonce: str) -> None:
        self.mark = FIRST + nonce.encode() + b":"
        self.held = b""

    def feed(self, data: bytes, is_last: bool = False) -> list[tuple[bytes, bytes]]:
        """Take what the pipe gave.

        Args:
            data: the bytes.
            is_last: whether nothing comes after them, so that what waits is plain output.

        Returns:
            Pieces in their order, each with the kind of its stream; some may be empty.
        """
        data, self.held = self.held + data, b""
        found: list[tuple[bytes, bytes]] = []
        while data:
            before, mark, after = data.partition(self.mark)
            if not mark:
                keep = 0 if is_last else _overlap(data, self.mark)
                self.held = data[len(data) - keep :]
                return [*found, (OUT, data[: len(data) - keep])]
            length, line_feed, rest = after.partition(b"\n")
            if len(length) > MAX_DIGITS or (line_feed and not length.isdigit()):
                found.append((OUT, before + mark))  # the script printed the mark itself
                data = after
                continue
            if is_last and not line_feed:
                return [*found, (OUT, data)]
            found.append((OUT, before))
            if not is_last and (not line_feed or len(rest) < int(length)):
                self.held = mark + after
                return found
            found.append((ERR, rest[: int(length)]))
            data = rest[int(length) :]
        return found


def _overlap(data: bytes, mark: bytes) -> int:
    """Length of the longest end of ``data`` that is a beginning of ``mark``."""
    for size in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:size]):
            return size
    return 0
