"""Commands: what the learner may do at a question beside answering it, the same for every kind and at every moment.

This table is all there is: which keys work, what stands in the line of keys and in the help come from its rows. A
command is its letter where keys are read, and a colon with its letter anywhere.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol

from quiz.board import Leave
from quiz.log.event import Marking


class Asked(Protocol):
    """What commands do to a question that is being asked; see ``quiz.asking``."""

    def show_question(self) -> None: ...
    def show_hint(self) -> None: ...
    def run_proof(self) -> None: ...
    def open_entry(self) -> None: ...
    def switch_language(self) -> None: ...
    def show_help(self) -> None: ...
    def mark(self, marking: Marking) -> None: ...


class Moment(Enum):
    """Where a question stands."""

    BEFORE = "works before the answer"
    AFTER = "works after the answer"


BEFORE, AFTER = frozenset({Moment.BEFORE}), frozenset({Moment.AFTER})
ALWAYS = BEFORE | AFTER
NEVER: frozenset[Moment] = frozenset()


class Wish(Exception):  # noqa: N818 a wish of the learner's, no error
    """What the learner wants instead of answering."""


class Skip(Wish):
    """To be asked another time."""


class LeftOut(Wish):
    """To be asked another day, or never: the question's item was buried or suspended."""


class GiveUp(Wish):
    """To see the answer."""


class Undo(Wish):
    """To take the last answer back."""


class Redo(Wish):
    """To let what was taken back count again."""


class Command(NamedTuple):
    """One thing that the learner may do."""

    letter: str
    name: str
    """What it does, in a word or two: for the line of keys."""
    help: str
    """What it does, in a sentence."""
    do: Callable[[Asked], None] | None
    """Does it; None where the kind's own asking does."""
    when: frozenset[Moment] = ALWAYS
    """When it works."""
    named: frozenset[Moment] = NEVER
    """When it stands in the line of keys; the help always names it."""
    is_own: bool = False
    """Whether it is for the kinds alone that name its letter among their ``own_commands``."""
    words: tuple[str, ...] = ()
    """What people type for it who do not know its letter."""


def _wish(wish: type[Exception]) -> Callable[[Asked], None]:
    def do(_: Asked) -> None:
        raise wish

    return do


def _question(asking: Asked) -> None:
    asking.show_question()


def _hint(asking: Asked) -> None:
    asking.show_hint()


def _proof(asking: Asked) -> None:
    asking.run_proof()


def _entry(asking: Asked) -> None:
    asking.open_entry()


def _language(asking: Asked) -> None:
    asking.switch_language()


def _help(asking: Asked) -> None:
    asking.show_help()


def _mark(marking: Marking) -> Callable[[Asked], None]:
    def do(asking: Asked) -> None:
        asking.mark(marking)

    return do


COMMANDS = (
    Command(
        "h",
        "hint",
        "hint: a little more each time; a right answer then counts as hard",
        *(_hint, BEFORE, BEFORE),
        words=("hint", "hints", "提示", "线索"),
    ),
    Command(
        "s",
        "skip",
        "skip: ask it another time",
        *(_wish(Skip), BEFORE, BEFORE),
        words=("skip", "next", "跳过", "下一题", "下一个"),
    ),
    Command("t", "task", "the task once more", _question, BEFORE),
    Command("w", "whole snippet", "the whole snippet around the hole", None, BEFORE, is_own=True),
    Command("e", "$EDITOR", "write the lines in $EDITOR", None, BEFORE, BEFORE, is_own=True),
    Command(
        "g",
        "give up",
        "give up: see the answer; it counts as wrong",
        *(_wish(GiveUp), BEFORE),
        is_own=True,
        words=("give up", "idk", "dunno", "i don't know", "i dont know", "不知道", "不会", "放弃"),
    ),
    Command("r", "proof", "run the proof, or the snippet", _proof, AFTER, AFTER),
    Command("o", "entry", "open the entry; before the answer this is a hint", _entry, ALWAYS, AFTER),
    Command("l", "language", "the question in the deck's other language", _language),
    Command("b", "bury", "bury: not before tomorrow", _mark(Marking.BURY)),
    Command("x", "suspend", "suspend: never again; kb list --suspended names what is", _mark(Marking.SUSPEND)),
    Command("!", "flag", "flag it, to look at it later; kb list --flagged names what is", _mark(Marking.FLAG)),
    Command(
        "u",
        "undo",
        "undo: take the last answer, or what b, x or ! did after it, back and ask it again",
        *(_wish(Undo), ALWAYS, AFTER),
        words=("undo", "撤销"),
    ),
    Command("U", "redo", "redo: let the answer that was taken back count again", _wish(Redo)),
    Command("?", "help", "help: what works now", _help, ALWAYS, ALWAYS, words=("help", "帮助")),
    Command(
        "q",
        "quit",
        "quit; every answer is saved",
        *(_wish(Leave), ALWAYS, ALWAYS),
        words=("quit", "exit", "stop", "leave", "bye", "退出", "结束"),
    ),
)
"""In the order in which they are named."""

_BY_WORD = {word: row for row in COMMANDS for word in row.words}


def command_of(letter: str) -> Command | None:
    """The command of a letter, or of a word for it; a capital stands for its small one where it is none itself."""
    rows = {row.letter: row for row in COMMANDS}
    return rows.get(letter) or rows.get(letter.lower()) or _BY_WORD.get(_bare(letter))


def _bare(line: str) -> str:
    """A word without what is put around it: ``Exit()``, ``help!``."""
    return line.strip().rstrip(".!?。！？").removesuffix("()").lower().replace("’", "'")
