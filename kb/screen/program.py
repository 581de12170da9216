"""Programs that the reader has chosen by a variable: an editor, a pager."""

import shlex
from collections.abc import Mapping

from kb.errors import KbError


def chosen_program(environ: Mapping[str, str], *names: str) -> list[str]:
    """The command line in the first of some variables that is set; empty if none is.

    Raises:
        KbError: it is no command line.
    """
    for name in names:
        if (value := environ.get(name, "")).strip():
            try:
                return shlex.split(value)
            except ValueError as error:
                raise KbError(
                    "{name}={value} is no command: {error}", "mend its quotes", name=name, value=value, error=error
                ) from None
    return []
