"""Message scan: all error messages and warnings in a text, known or not, in one pass, and which of them is the root."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kb.search.known_messages import KnownMessage, Role
from kb.search.log_text import LogText
from kb.search.message_pattern import Pattern, starts_expression

MAX_SHOWN = 2_000
"""Characters of a message: a printed tensor may have thousands more."""

MAX_FOUND = 10_000
"""Messages that are told apart: a warning in every step of a long training says nothing new."""

FEW = 8
"""Patterns of one word that are tried without another look."""

MAX_SPACE = 60
"""Characters behind a first word in which the second begins, if a line was broken between them."""

_RAISED = re.compile(
    r"(?:Error|Exception|Interrupt|Failure|\.error)(?:[ \t]*[:：]|\(['\"]|(?=[ \t]*$))|what\(\):", re.MULTILINE
)
"""How the name of an error ends, as Python or C++ prints it, wherever it stands in a line."""

_NAME = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w*\.)*\w*$")
"""What of a name stands before such an end."""

_CLASS = re.compile(r"((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning))[ \t]*[:：(][ \t]*['\"]?$")
"""The name of an error or a warning right before its message."""

MOST = 0.3
"""Share of a text that a message makes up which is all that was asked about."""

_OTHERS = re.compile(
    r"\b(?:np|numpy|pd|pandas|scipy|sklearn|cv2|tf|tensorflow|keras|jax|flask|node|npm)\b", re.IGNORECASE
)
"""Libraries and programs of which a short text may speak in torch's place."""

_FRAME = re.compile(r"(?:site|dist)-packages[\\/](\w+)")
"""The library in a frame of a traceback."""

MAX_FRAME = 600
"""Characters before a message in which the last frame stands."""

_WARNED = re.compile(r"[ \t]*(\S[^\n]{0,300}?):(\d+): \w*Warning:")
"""The place in a program that a warning names."""

_DIRECT = "The above exception was the direct cause of the following exception"

_FIRST_FAILURE = re.compile(r"Root Cause \(first observed failure\):.{0,300}?rank\s*:\s*(\d+)", re.DOTALL)
"""Where torchrun tells which process failed first."""

_WRAPPERS = ("ChildFailedError", "ProcessRaisedException", "ProcessExitedException", "CalledProcessError")
"""Errors that hand on what happened in another process."""


@dataclass(frozen=True, slots=True)
class Found:
    """One message in a text."""

    text: str
    """The message, on one line, with the name of its error where one stands before it."""
    start: int
    """Where it begins in the text."""
    line: int
    """In which line, from 0."""
    role: Role
    rank: str
    """The process's; empty if the text names none."""
    known: KnownMessage | None = None
    slots: dict[str, str] = field(default_factory=dict)
    """What stood in the slots of the wording that fits."""
    entries: tuple[int, ...] = ()
    """Numbers of those that explain it, also by other wordings that fit the same place."""


class Scanner:
    """Looks for messages in texts."""

    def __init__(self, messages: Iterable[KnownMessage]) -> None:
        """Take what is known."""
        self._by_word: dict[str, list[tuple[Pattern, KnownMessage]]] = {}
        for message in messages:
            for pattern in message.compiled():
                self._by_word.setdefault(pattern.first, []).append((pattern, message))
        every = [pattern for patterns in self._by_word.values() for pattern, _ in patterns]
        for patterns in self._by_word.values():
            # Of several that fit one place: first what has a cause and a cure, then what says more.
            patterns.sort(key=lambda one: (not one[1].said, -one[0].weight))
        self._starts = re.compile(rf"(?<![A-Za-z0-9_]){starts_expression(every)}") if every else None
        self._ready: dict[str, re.Pattern[str]] = {}

    def scan(self, log: LogText) -> list[Found]:
        """All messages of a text, in its order; each place belongs to one. In time linear in the text."""
        known = self._known(log)
        return sorted([*known, *_unknown(log, {one.line for one in known})], key=lambda one: one.start)

    def _known(self, log: LogText) -> list[Found]:
        found: list[Found] = []
        end = 0
        for start in self._starts.finditer(log.text) if self._starts else ():
            if start.start() < end or len(found) >= MAX_FOUND:
                continue
            fitting = [
                (match, message)
                for pattern, message in self._likely(log.text, start)
                if (match := self._expression(pattern).match(log.text, start.start()))
                and not (message.is_generic and _is_foreign(log, match))
            ]
            if fitting:
                found.append(_told(log, fitting))
                end = fitting[0][0].end()
        return found

    def _likely(self, text: str, start: re.Match[str]) -> list[tuple[Pattern, KnownMessage]]:
        """The patterns that begin with a word; of many, those that go on as the text does."""
        beginning = self._by_word[start[0]]
        if len(beginning) <= FEW:
            return beginning
        rest = text[start.end() : start.end() + MAX_SPACE].lstrip()
        return [one for one in beginning if rest.startswith(one[0].second)]

    def _expression(self, pattern: Pattern) -> re.Pattern[str]:
        """Made when it is first needed: most are never."""
        if pattern.wording not in self._ready:
            self._ready[pattern.wording] = re.compile(pattern.expression)
        return self._ready[pattern.wording]


def _is_foreign(log: LogText, match: re.Match[str]) -> bool:
    """Whether a message that other programs print too is one of theirs."""
    *_, library = "torch", *_FRAME.findall(log.text, max(0, match.start() - MAX_FRAME), match.start())
    if not library.startswith(("torch", "lightning", "pytorch_lightning", "numpy")):
        return True  # it was raised in there
    is_all = len(match[0]) >= MOST * len(log.text.strip()) and not _OTHERS.search(log.text[: match.start()])
    return not (log.is_of_torch or is_all)


def _told(log: LogText, fitting: Sequence[tuple[re.Match[str], KnownMessage]]) -> Found:
    """The first of the messages that fit a place, with the name of its error if one stands before it."""
    match, message = fitting[0]
    entries = dict.fromkeys(number for _, one in fitting for number in one.entries)
    line = log.line_of(match.start())
    before = _CLASS.search(log.text[max(log.start_of(line), match.start() - 200) : match.start()])
    words = " ".join(match[0].split())[:MAX_SHOWN]
    slots = {name: " ".join(value.split()) for name, value in match.groupdict().items() if value is not None}
    text = f"{before[1]}: {words}" if before else words
    return Found(text, match.start(), line, message.role, log.rank_of(line), message, slots, tuple(entries))


def _unknown(log: LogText, known_lines: set[int]) -> list[Found]:
    """Errors of which nothing is known: of each its first line."""
    found: list[Found] = []
    for raised in _RAISED.finditer(log.text):
        line = log.line_of(raised.start())
        if line in known_lines:
            continue
        before = max(log.start_of(line), raised.start() - 200)
        name = _NAME.search(log.text[before : raised.start()])
        if name is None or len(found) >= MAX_FOUND:
            continue
        end = log.text.find("\n", raised.end())
        start = before + name.start()
        words = log.text[start : min(len(log.text) if end < 0 else end, start + MAX_SHOWN)]
        role = (
            Role.WRAPPER if words.startswith(_WRAPPERS) or any(f".{one}" in words for one in _WRAPPERS) else Role.ERROR
        )
        found.append(Found(" ".join(words.split()), start, line, role, log.rank_of(line)))
    return found


def root_first(found: Sequence[Found], log: LogText) -> list[Found]:
    """Messages by how near they are to what went wrong, each once.

    The last error of the process that failed first comes first, or what was its direct cause; then its other errors,
    those of other processes, what follows from them, what hands them on, warnings at the end.
    """
    errors = [one for one in found if one.role is Role.ERROR]
    first = _first_failed(errors, log)
    ordered = _chained([one for one in errors if one.rank == first or not first], log)
    ordered += [one for one in errors if one.rank != first and first]
    if ordered and ordered[0].known is None:
        # What fails where a warning spoke of just this line fails because of it.
        ordered = [one for one in found if one.role is Role.WARNING and _warned_of(one, log)] + ordered
    for role in (Role.CONSEQUENCE, Role.WRAPPER, Role.WARNING):
        ordered += [one for one in found if one.role is role]
    once: dict[str, Found] = {}
    for one in ordered:
        once.setdefault(one.known.id if one.known else one.text, one)
    return list(once.values())


def _warned_of(warning: Found, log: LogText) -> bool:
    """Whether the very line of the program that a known warning names is where an error was raised later."""
    start = log.start_of(warning.line)
    place = _WARNED.match(log.text, start)
    if warning.known is None or place is None:
        return False
    return log.text.find(f'File "{place[1]}", line {place[2]},', start) >= 0


def _first_failed(errors: Sequence[Found], log: LogText) -> str:
    """The rank that failed first: torchrun says so, else its error stands first; empty if no error has a rank."""
    ranks = list(dict.fromkeys(one.rank for one in errors if one.rank))
    told = _FIRST_FAILURE.search(log.text)
    return told[1] if told and told[1] in ranks else ranks[0] if ranks else ""


def _chained(errors: Sequence[Found], log: LogText) -> list[Found]:
    """One process's errors, the last first; of errors of which one directly caused the next, the cause first."""
    chains: list[list[Found]] = []
    for at, one in enumerate(errors):
        if at and _DIRECT in log.text[errors[at - 1].start : one.start]:
            chains[-1].append(one)
        else:
            chains.append([one])
    return [one for chain in reversed(chains) for one in chain]
