"""Output: the one object of ``--json``, in the form that all commands share."""

import sys
from typing import Any

from kb.screen.json_text import json_line


def show_json(values: dict[str, Any]) -> None:
    """Print one JSON object, and with it the number of its form."""
    sys.stdout.write(json_line({"schema": 1, **values}, sys.stdout.encoding))
