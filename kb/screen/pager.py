"""Pager: a long text through the program that the reader has chosen for it."""

import signal
import subprocess
from collections.abc import Mapping

from kb.errors import KbError
from kb.screen.program import chosen_program


def show_paged(text: str, environ: Mapping[str, str]) -> bool:
    """Show a text through ``PAGER``, else ``less``, and wait until it is left; whether there is such a program.

    Ctrl-C is the pager's own key while it runs. Who waits for it must not die of it: the pager would read on, at a
    terminal whose echo it has turned off.
    """
    # -R shows colours, -F ends at once if all fits, -X leaves the text on the screen.
    settings = {**environ, "LESS": environ.get("LESS", "-RFX")}
    # A function, not SIG_IGN: the pager would inherit that.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        command = chosen_program(environ, "PAGER") or ["less"]
        subprocess.run(command, input=text.encode("utf-8", "replace"), env=settings, check=False)
    except (OSError, ValueError, KbError):  # not there, or not a command line
        return False
    finally:
        signal.signal(signal.SIGINT, before)
    return True
