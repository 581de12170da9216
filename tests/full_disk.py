"""A disk without room."""

import errno
import os

import pytest


class FullDisk:
    """Takes so many bytes and no more: a write is cut short, the next one fails."""

    def __init__(self, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = room
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = self._write(descriptor, bytes(data[: self.room]))
        self.room -= done
        return done
