"""Where the program begins: ``kb`` and ``python -m kb``."""

import gc
import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and end the process."""
    # What is loaded lives until the end; looking for garbage in it takes 5 ms of a start. Commands that go on for
    # long turn it on again.
    gc.disable()
    try:
        from kb.cli.door import run_app
        from kb.cli.streams import secure_streams

        secure_streams()
        code = run_app(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # before anything was begun, or after all was told
    if code < 0:
        # Whoever waits for this process learns which signal ended it.
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    # Everything is closed by its own context; taking the interpreter apart as well takes 5 ms.
    os._exit(code)


if __name__ == "__main__":
    main()
