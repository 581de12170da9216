"""Where the program begins: ``kb`` and ``python -m kb``."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process."""
    # What is loaded lives until the end; looking for garbage in it takes 5 ms of a start. Commands that go on for
    # long turn it on again.
    gc.disable()
    from kb.cli.app import run_app

    code = run_app(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1  # what could not be written is lost, and the exit code says so
    # Everything is closed by its own context; taking the interpreter apart as well takes 5 ms.
    os._exit(code)


if __name__ == "__main__":
    main()
