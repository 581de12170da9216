"""Log text: what a program printed, freed of what terminals, loggers and launchers put into it.

Its lines keep their numbers, so that what stood at the head of a line can still be asked for.
"""

import codecs
import re
from bisect import bisect_right
from functools import cached_property

from kb.search.tokens import readable

MAX_BYTES = 50_000_000
"""Of a text, from its end: what ended a program stands there."""

_ANSI = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)|[@-Z\\^_])")

_HEAD = re.compile(
    r"""^(?:
        [ \t]*E(?=[ \t]{2,})                                    # pytest
      | [ \t]*[>|│║┃*](?:[ \t]|$)                               # quoted, framed, listed
      | [ \t]*\[?(?:rank|Rank|RANK|gpu|GPU|worker|Worker)[ \t]?\d+(?:\][ \t]?[:|>-]?|[ \t]?[:|>-])
      | [ \t]*\[(?:default)?\d+\][ \t]?:                        # torchrun --tee
      | [ \t]*[\w./-]{1,40}[ \t]+\|                             # docker compose
    )""",
    re.VERBOSE | re.MULTILINE,
)

_RANK = re.compile(r"(?:^|[\[( ])(?:rank|Rank|RANK|default|gpu|GPU)[ \t:=]?\s?(\d{1,5})\b|^[ \t]*\[(\d{1,5})\][ \t]?:")


_TORCH_WORDS = tuple(
    "torch nccl gloo lightning nn. tensor .pt dataloader data_loader cuda mps ddp autograd optimizer".split()
)
"""Beginnings of what a text that speaks of torch holds, in lower case: looking for these first takes no time."""

_OF_TORCH = re.compile(
    r"[\\/]torch(?:vision|audio)?[\\/](?!lib[\\/]|bin[\\/])|\btorch\.\w|import torch|(?<![\w\\/(])(?:py)?torch\b"
    r"|torchrun|\bpytorch_[a-z]+_|\bmps\b|nccl|gloo|\blightning|\bnn\.|\btensors?\b|\w\.pth?\b|data_?loader|\bcuda|\bddp\b|autograd|\boptimizer",
)
"""What it holds; an environment of that name is nothing."""

MAX_LOOKS = 200
"""Places that are looked at for each of these words."""


class LogText:
    """What was printed, line by line."""

    def __init__(self, text: str) -> None:
        """Take a text as it came."""
        whole = readable(text[-MAX_BYTES:])
        if "\x1b" in whole:
            whole = _ANSI.sub("", whole)
        # A progress bar draws itself anew behind a carriage return: each drawing is a line.
        whole = whole.replace("\r\n", "\n").replace("\r", "\n")
        self._printed = whole
        self.text = _HEAD.sub("", whole)
        """Without what stands at the head of a line in some logs; with as many lines."""

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line of ``text`` starts."""
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def printed_lines(self) -> list[str]:
        """The lines with their heads."""
        return self._printed.split("\n")

    @cached_property
    def is_of_torch(self) -> bool:
        """Whether it speaks of torch at all."""
        lowered = self.text.lower()
        for word in _TORCH_WORDS:
            at = lowered.find(word)
            for _ in range(MAX_LOOKS):
                if at < 0:
                    break
                if _OF_TORCH.search(lowered[max(0, at - 12) : at + 24]):
                    return True
                at = lowered.find(word, at + 1)
        return False

    def line_of(self, at: int) -> int:
        """The line, from 0, in which a place of ``text`` lies."""
        return bisect_right(self._starts, at) - 1

    def start_of(self, line: int) -> int:
        """Where a line starts."""
        return self._starts[line]

    def rank_of(self, line: int) -> str:
        """The rank that a line names at its head; empty if it names none."""
        found = _RANK.search(self.printed_lines[line][:80])
        return (found[1] or found[2]) if found else ""


def decoded(data: bytes) -> str:
    """The text of any bytes: UTF-8, or UTF-16 as some shells redirect it. Never raises."""
    data = data[-MAX_BYTES:] if len(data) > MAX_BYTES else data
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    head = data[:1000]
    if head.count(0) > len(head) / 4:
        # Without a mark: of an English text every other byte is null, the second of each pair in little endian.
        return data.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace")
    return data.decode("utf-8-sig", "replace")
