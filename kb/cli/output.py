"""Output: the one object of ``--json``, in the form that all commands share."""

import json
from typing import Any


def show_json(values: dict[str, Any]) -> None:
    """Print one JSON object, and with it the number of its form."""
    print(json.dumps({"schema": 1, **values}, ensure_ascii=False))
