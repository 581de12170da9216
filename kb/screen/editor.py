"""The learner's own editor, as VISUAL or EDITOR names it."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kb.errors import KbError


def open_editor(path: Path, environ: Mapping[str, str]) -> None:
    """Open a file in the editor and wait until it is closed.

    Raises:
        KbError: the editor does not start, or it ends with an error.
    """
    command = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    try:
        done = subprocess.run([*command, str(path)], check=False)
    except OSError as error:
        raise KbError(
            "{command} does not start: {error}", "set EDITOR to your editor", command=command[0], error=error.strerror
        ) from None
    if done.returncode:
        raise KbError(
            "{command} ended with {returncode}",
            "what was saved before is kept; try again",
            command=command[0],
            returncode=done.returncode,
        )
