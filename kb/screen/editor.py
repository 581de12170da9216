"""The learner's own editor, as VISUAL or EDITOR names it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from kb.errors import KbError
from kb.screen.program import chosen_program


def open_editor(path: Path, environ: Mapping[str, str]) -> None:
    """Open a file in the editor and wait until it is closed.

    Raises:
        KbError: there is no editor, it does not start, or it ends with an error.
    """
    command = chosen_editor(environ)
    check_end(command, start_editor(command, path).wait())


def chosen_editor(environ: Mapping[str, str]) -> list[str]:
    """The editor's command line.

    Raises:
        KbError: none is named, or it is no command line. (vi, as a last resort, is a trap to who does not know it.)
    """
    command = chosen_program(environ, "VISUAL", "EDITOR")
    if not command:
        raise KbError("no editor is named", "set VISUAL or EDITOR to yours, as in EDITOR=nano")
    return command


def start_editor(command: list[str], path: Path) -> "subprocess.Popen[bytes]":
    """Open a file in the editor and do not wait.

    Raises:
        KbError: it does not start.
    """
    try:
        return subprocess.Popen([*command, str(path)])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KbError(
            "{command} does not start: {error}", "set EDITOR to your editor", command=command[0], error=reason
        ) from None


def check_end(command: list[str], returncode: int) -> None:
    """See how an editor ended.

    Raises:
        KbError: with an error.
    """
    if returncode:
        raise KbError(
            "{command} ended with {returncode}",
            "what was saved before is kept; try again",
            command=command[0],
            returncode=returncode,
        )
