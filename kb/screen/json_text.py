"""JSON as a stream can carry it."""

from typing import Any


def json_line(values: dict[str, Any], encoding: str) -> str:
    """An object as one line, in the characters that an encoding has; all others are escaped."""
    import json  # deferred: 1 ms, and most commands print none

    text = json.dumps(values, ensure_ascii=False)
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        text = json.dumps(values)
    return text + "\n"
