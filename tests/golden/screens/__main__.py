"""``python -m tests.golden.screens``: write down anew what is shown now; with a size and a language, that file alone."""

import sys

from tests.golden.screens import LANGUAGES, SIZES, path_of, play

for columns, rows in SIZES:
    for language in LANGUAGES:
        path = path_of(columns, rows, language)
        if not sys.argv[1:] or path.name in sys.argv[1:]:
            path.write_text(play(columns, rows, language), encoding="utf-8")
            print(path.name)
