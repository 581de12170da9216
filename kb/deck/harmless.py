"""Harmless: comments by which a snippet's author answers for what no check notices. Readers need not see them."""

import re

from kb.deck.text import bare_lines

HARMLESS = "# harmless:"
"""How the comment begins at the end of a line whose mistakes no check needs to notice; why follows."""

_COMMENT = re.compile(r"\s*# harmless\b(?!-)(?::(?P<reason>.*)|\s*)$")


def harmless_lines(source: str) -> dict[int, str]:
    """The reason of each line that is marked, by its number from 1; empty where none is given."""
    found = {number: _COMMENT.search(line) for number, line in enumerate(bare_lines(source), 1)}
    return {number: (match["reason"] or "").strip() for number, match in found.items() if match}


def without_harmless(code: str) -> str:
    """Code as readers see it: without these comments, everything else as it stands."""
    return "\n".join(_COMMENT.sub("", line) for line in code.split("\n")) if "# harmless" in code else code
