"""Cold: the start of a run without a worker.

Its supervisor is an interpreter of its own and no fork of the program: where another thread imports, a fork inherits
the lock of that import, held by nobody, and hangs where no limit ends it. That takes 20 ms of a run of 1,500.
"""

import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from kb.errors import KbError
from kb.run.device import is_compiled
from kb.run.folder import find_temporary_folder
from kb.run.handover import send_request
from kb.run.job import Job
from kb.run.processes import LINUX

ROOT = str(Path(__file__).parents[2])

# No variable or folder of the user's changes what it loads; where it needs no installed package, none is looked for.
ISOLATED = ["-E", "-P", *(["-s", "-S"] if LINUX else []), *(["-B"] if sys.dont_write_bytecode else [])]


def start_cold(job: Job) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start a job's supervisor; returns the socket to it, and its process.

    Raises:
        KbError: no folder for temporary files can be written, or Python does not start.
    """
    folder = find_temporary_folder()
    ours, theirs = socket.socketpair()
    entry = (
        f"import sys; sys.path.insert(0, {ROOT!r}); from kb.run.cold_supervisor import main; main({theirs.fileno()})"
    )
    try:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, *ISOLATED, "-c", entry],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C at the terminal is the caller's to hear
            )
    except OSError as error:
        ours.close()
        what = "{command} does not start: {error}"
        raise KbError(what, "see that Python is still there", command=sys.executable, error=error.strerror) from None
    with suppress(OSError):  # if it has ended already, its end of the socket says so
        send_request(ours, {"job": asdict(job), "folder": folder, "is_uncompiled": not is_compiled()})
    return ours, process
