"""Output: what several commands print in the same form, the one object of ``--json`` and an entry's page."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.context import Context


def show_json(values: dict[str, Any]) -> None:
    """Print one JSON object, and with it the number of its form."""
    from kb.screen.json_text import json_line  # deferred: most print no object

    sys.stdout.write(json_line({"schema": 1, **values}, sys.stdout.encoding))


def show_entry(context: "Context", number: int) -> None:
    """Print an entry, through the pager where it is longer than the screen."""
    from kb.screen.entry_lines import entry_page

    terminal, say = context.out, context.say
    terminal.page(entry_page(number, context.library, context.records, context.torch, terminal, say, context.address))
