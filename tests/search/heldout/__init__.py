"""Questions and messages as people bring them, after public threads, labelled from the topics alone before any search
was run. Search and explanations were tuned by the halves called ``tuning``; nobody has looked at the others' answers.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple

from kb.search.labelled import Labelled

HERE = Path(__file__).parent


class Log(NamedTuple):
    """What a program printed, as somebody pasted it."""

    name: str
    text: str
    root: str
    """The message that the deck should explain; empty if the text is none of torch's."""
    entries: tuple[int, ...]
    """Of the topics, those that may explain it; none if none does."""


def questions(half: str) -> list[Labelled]:
    """The questions of a half, ``tuning`` or ``test``."""
    rows = tomllib.loads((HERE / f"questions_{half}.toml").read_text(encoding="utf-8"))["query"]
    return [Labelled(row["text"], row["kind"], tuple(row["entries"])) for row in rows]


def logs(half: str) -> list[Log]:
    """The logs of a half."""
    rows = tomllib.loads((HERE / f"logs_{half}.toml").read_text(encoding="utf-8"))["log"]
    return [Log(row["name"], row["text"], row["root"], tuple(row["entries"])) for row in rows]
