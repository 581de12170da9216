"""The learner's own editor, as VISUAL or EDITOR names it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from kb.errors import KbError
from kb.screen.program import chosen_program


def open_editor(path: Path, environ: Mapping[str, str]) -> None:
    """Open a file in the editor and wait until it is closed.

    Raises:
        KbError: the editor does not start, or it ends with an error.
    """
    command = chosen_program(environ, "VISUAL", "EDITOR") or ["vi"]
    try:
        done = subprocess.run([*command, str(path)], check=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KbError(
            "{command} does not start: {error}", "set EDITOR to your editor", command=command[0], error=reason
        ) from None
    if done.returncode:
        raise KbError(
            "{command} ended with {returncode}",
            "what was saved before is kept; try again",
            command=command[0],
            returncode=done.returncode,
        )
