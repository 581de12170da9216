"""Device: where a snippet may run. A new one is a row of the table, and nothing else.

torch is imported by none of this: what has to be asked of it stands here as text, which a script's process evaluates.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

from kb.errors import KbError, UsageError


class Device(NamedTuple):
    """One kind of device. Its expressions are Python in which ``torch`` is imported."""

    name: str
    """As the command line, ``KB_DEVICE`` and the records call it."""
    is_there: str
    """Whether this machine has it."""
    is_used: str = ""
    """Whether this process has used it, so that the two below can be asked for; empty if they never are."""
    model: str = ""
    """What its maker calls it."""
    peak_bytes: str = ""
    """Most memory of its own that was allocated."""


DEVICES = (
    Device("cpu", is_there="True"),
    Device(
        "cuda",
        is_there="torch.cuda.is_available()",
        is_used="torch.cuda.is_available() and torch.cuda.is_initialized()",
        model="torch.cuda.get_device_name()",
        peak_bytes="torch.cuda.max_memory_allocated()",
    ),
    Device("mps", is_there="torch.backends.mps.is_available()"),
)
"""The processor, which every machine has, then the others in the order in which ``auto`` prefers them."""

CPU = DEVICES[0].name

AUTO = "auto"
"""The first of the others that is there, else the processor."""

BOTH = "both"
"""The processor and then what ``auto`` gives, compared."""

CHOICES = (*(one.name for one in DEVICES), AUTO)
"""What ``--device`` takes."""

FACTS = [(one.is_used, one.model, one.peak_bytes) for one in DEVICES if one.is_used]
"""What the harness asks after a run: whether a device was used, its model, its memory."""


def check_device(device: str, known: Sequence[str] = CHOICES) -> None:
    """Whether a device's name is one.

    Raises:
        UsageError: it is not.
    """
    if device not in known:
        raise UsageError("no device {device!r}", "choose {known}", device=device, known=", ".join(known))


def require_torch() -> None:
    """Raises KbError if torch is not installed."""
    if not torch_version():
        raise KbError(
            "torch is not installed for this Python", "install it: pip install torch, or see pytorch.org for your GPU"
        )


def torch_version() -> str:
    """The installed torch, without importing it; empty if there is none."""
    for file in _version_files():
        with suppress(OSError):
            if found := re.search(r"__version__ = ['\"]([^'\"]+)", file.read_text(encoding="utf-8")):
                return found[1]
    return ""


def torch_stamp() -> str:
    """Changes whenever another torch is installed; empty if there is none."""
    for file in _version_files():
        with suppress(OSError):
            return f"{file}:{file.stat().st_mtime_ns}"
    return ""


def is_compiled() -> bool:
    """Whether torch was imported here before, or compiled when it was installed; true as well where there is none, or
    where nothing compiled is kept."""
    if sys.dont_write_bytecode:
        return True
    file = next((file for file in _version_files() if file.exists()), None)
    return file is None or Path(cache_from_source(str(file))).exists()


def _version_files() -> Iterator[Path]:
    return (Path(folder or os.curdir, "torch", "version.py") for folder in sys.path)


def public(version: str) -> str:
    """A version without its build's suffix: ``2.13.0+cpu`` is ``2.13.0``."""
    return version.partition("+")[0]
