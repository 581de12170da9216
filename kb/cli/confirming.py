"""Confirming: a question to whoever sits at the terminal, in the reader's language, that is answered with yes or no."""

import sys
from unicodedata import normalize

from kb.context import Context

YES = frozenset({"y", "yes", "是", "好"})

NO = frozenset({"", "n", "no", "否", "不"})
"""Enter alone is no: nothing happens that was not wanted."""


def confirmed(context: Context, question: str) -> bool:
    """Ask until the answer is one; a full-width letter is the letter.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the input ends.
    """
    while True:
        # Before, not in input(): the question goes to stderr, as everything that is no result.
        sys.stderr.write(f"{question} [y/N]: ")
        sys.stderr.flush()
        try:
            given = normalize("NFKC", input()).strip().casefold()
        except EOFError:
            sys.stderr.write("\n")
            raise KeyboardInterrupt from None
        if given in YES | NO:
            return given in YES
        context.err.tell([(context.say("answer y for yes, n for no"), "warn")])
