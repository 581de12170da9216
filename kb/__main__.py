"""Where the program begins: ``kb`` and ``python -m kb``."""

import gc


def main() -> None:
    """Run the command line."""
    # What is loaded lives until the end; looking for garbage in it takes 5 ms of a start. Commands that go on for
    # long turn it on again.
    gc.disable()
    from kb.cli import main as run

    run()


if __name__ == "__main__":
    main()
