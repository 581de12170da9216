"""``python -m tests.golden.commands``: write down anew what every command prints; with a file's name, print that file
as it would be."""

import sys
from pathlib import Path

from tests.golden.commands import FOLDER, files, play


def played(path: Path) -> str:
    """A file's text as it would be."""
    return "\n".join(map(str, play(path)))


if sys.argv[1:]:
    print(played(FOLDER / sys.argv[1]), end="")
else:
    for path in files():
        path.write_text(played(path), encoding="utf-8")
