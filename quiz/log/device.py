"""Device: the name under which this machine writes into every log. Made once, and kept with the data."""

import os
import re
import string
from pathlib import Path

from kb.errors import KbError
from kb.files import locked, put
from quiz.log.journal import PRIVATE, make_folder

FILE = "device"


def device_name(data: Path, other_than: str = "") -> str:
    """This machine's name, like ``laptop-kqzvap``; made if there is none.

    Args:
        data: the folder that it is kept in.
        other_than: a name that somebody else uses, too: another one is made in its place.

    Raises:
        KbError: it cannot be kept.
    """
    path = data / FILE
    try:
        if (name := _read(path)) and name != other_than:
            return name
        make_folder(data)
        with locked(data):
            if (name := _read(path)) and name != other_than:  # another process was faster
                return name
            host = re.sub(r"[^a-z0-9]+", "-", os.uname().nodename.lower()).strip("-")[:20] or "device"
            name = f"{host}-{''.join(string.ascii_lowercase[byte % 26] for byte in os.urandom(6))}"
            put(path, f"{name}\n".encode(), PRIVATE)
    except OSError as error:
        raise KbError(
            "no name can be kept in {path}: {error}",
            "set KB_HOME to a folder that you may write to",
            path=path,
            error=error,
        ) from None
    return name


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    name = path.read_text(encoding="utf-8", errors="replace").strip()
    return name if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name) else ""
