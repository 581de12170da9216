"""Handover: what a client and a worker say to each other before a job is under way."""

import json
import os
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

from kb.run.device import torch_stamp
from kb.run.isolation import VARIABLE

READY, STALE = b"y", b"n"
"""The worker's first byte to a client: it takes the job, or it cannot."""

LENGTH = struct.Struct("!I")
"""Before a request: its length in bytes."""

TELLING = ("OMP_", "MKL_", "KMP_", "ATEN_", "TORCH", "PYTORCH_", "CUDA_", "HIP_", "LD_", "PYTHON", VARIABLE)
"""Beginnings of the variables that count at import: a worker started under others is not the same torch."""


def stamp(environ: Mapping[str, str]) -> str:
    """What must be the same in client and worker for a warm run to be the same as a cold one. The name that Python was
    started by is not: an environment has several."""
    telling = sorted(f"{key}={value}" for key, value in environ.items() if key.startswith(TELLING))
    return json.dumps([sys.version, os.path.realpath(sys.prefix), torch_stamp(), telling])


def is_same_torch(one: str, other: str) -> bool:
    """Whether two stamps differ by variables at most, so that another client may still fit."""
    return bool(json.loads(one)[:3] == json.loads(other)[:3])


def send_request(connection: socket.socket, request: dict[str, Any]) -> None:
    """Ask a worker for something."""
    data = json.dumps(request).encode()
    connection.sendall(LENGTH.pack(len(data)) + data)


def receive_request(connection: socket.socket) -> dict[str, Any]:
    """What a client asks for.

    Raises:
        OSError: it has gone, or takes too long.
        ValueError: it is no request.
    """
    size = LENGTH.unpack(_receive(connection, LENGTH.size))[0]
    request: dict[str, Any] = json.loads(_receive(connection, size))
    return request


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("the client has gone")
        data += piece
    return data
