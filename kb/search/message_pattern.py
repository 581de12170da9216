"""Message pattern: one wording of a message, with slots where the words differ from run to run.

``mat1 and mat2 shapes cannot be multiplied ({rows:int}x{given:int} and {wanted:int}x{columns:int})`` is such a wording.
A slot is ``{name}`` or ``{name:kind}``; ``{}`` is one that nobody asks for. Between words any white space may stand, a
line break too: terminals and programs break messages.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kb.errors import Message

KINDS = {
    "": r"[^\n]{0,200}?",
    "int": r"-?\d+",
    "number": r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?",
    "shape": r"[\[(][\d\s,x×*]{0,120}[\])]",
    "name": r"[\w.:<>\[\]]+",
    "line": r"[^\n]{0,400}",
}
"""What each kind of slot holds; one without a kind holds as little of a line as fits."""

QUOTES = "[\"'`‘’“”]"
"""Any quote: programs and pages write them differently."""

_WORD = re.compile(r"(?<!\w)\d*[^\W\d]\w*")
"""A word with a letter in it: a number alone begins nothing."""

_BEGINNINGS = {"int": r"[-\d]", "number": r"[-.\d]", "shape": r"[\[(]"}
"""What a slot begins with, by its kind."""

_SECOND = re.compile(rf"( ?)(?:({QUOTES})|((?:(?!{QUOTES})[^\s{{]){{1,6}})|\{{\w*:(int|number|shape)\}})")

_SLOT = re.compile(r"\{(\w*)(?::(\w+))?\}")


class BadPattern(Exception):  # noqa: N818 an author's mistake, told as a complaint
    """A text that is no pattern."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Pattern:
    """One wording, ready to be looked for."""

    wording: str
    """As it was written, its white space single."""
    first: str
    """The word with which it begins."""
    second: str
    """How the next word begins; empty where a slot or a quote is next."""
    follows: str
    """Regular expression of what comes behind the first word at once, or of its beginning; empty if it may be
    anything."""

    @property
    def weight(self) -> int:
        """How many characters of it are fixed: of two that fit one place the heavier says more."""
        return len(without_slots(self.wording))

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of its slots, in order, each once."""
        return tuple(dict.fromkeys(slot[1] for slot in _SLOT.finditer(self.wording) if slot[1]))

    @property
    def expression(self) -> str:
        """Regular expression of the whole, which begins at the first word. Made anew each time: of a thousand wordings
        a text needs a few."""
        parts: list[str] = []
        seen: set[str] = set()
        at = 0
        for slot in _SLOT.finditer(self.wording):
            parts.append(_literal(self.wording[at : slot.start()]))
            at = slot.end()
            name, kind = slot[1], slot[2] or ""
            held = KINDS[kind]
            if not kind and at == len(self.wording):
                held = r"\S+"  # at the end as little as fits would be nothing
            if name in seen:
                parts.append(f"(?P={name})")
            else:
                parts.append(f"(?P<{name}>{held})" if name else f"(?:{held})")
                seen |= {name} - {""}
        return "".join([*parts, _literal(self.wording[at:])])


def read_pattern(wording: str) -> Pattern:
    """A wording as a pattern.

    Raises:
        BadPattern: it begins with a slot, or a slot is of no known kind, or has a name that no slot can have.
    """
    wording = " ".join(wording.split())
    if not (found := _WORD.match(wording)):
        raise BadPattern(
            Message("{wording!r} does not begin with a word; leave out what stands before", wording=wording)
        )
    for name, kind in _SLOT.findall(wording):
        if kind not in KINDS:
            raise BadPattern(
                Message("{kind!r} is no kind of slot; choose {known}", kind=kind, known=", ".join(filter(None, KINDS)))
            )
        if name and not name.isidentifier():
            raise BadPattern(Message("{name!r} is no name for a slot; write letters", name=name))
    return Pattern(wording, found[0], *_following(wording[found.end() :]))


def _following(rest: str) -> tuple[str, str]:
    """How a wording goes on behind its first word, as text and as an expression: enough to pass most texts over that
    hold this word."""
    found = _SECOND.match(rest)
    if not found:
        return "", ""
    space, quote, word, kind = found.groups()
    follows = re.escape(word) if word else QUOTES if quote else _BEGINNINGS[kind]
    return word or "", (r"\s+" if space else "") + follows


def without_slots(wording: str) -> str:
    """What of a wording is the same in every run."""
    return _SLOT.sub("", wording)


def wording_of(message: str) -> str:
    """A message as somebody saw it, as a wording: its numbers are slots. Empty if nothing is left to look for."""
    plain = re.sub(r"[{}]", " ", message)
    wording = re.sub(r"(?<![A-Za-z_\d])-?\d+(?![A-Za-z_\d])", "{:int}", plain)
    start = _WORD.search(wording.replace("{:int}", " " * 6))
    return " ".join(wording[start.start() :].split()) if start else ""


def _literal(text: str) -> str:
    """Fixed words: their quotes in any form, their white space of any kind."""
    out = []
    for piece in re.split(rf"(\s+|{QUOTES})", text):
        if not piece:
            continue
        if piece.isspace():
            out.append(r"\s+")
        elif re.fullmatch(QUOTES, piece):
            out.append(QUOTES)
        else:
            out.append(re.escape(piece))
    return "".join(out)


def starts_expression(patterns: Iterable[Pattern]) -> str:
    """Regular expression of all first words at once, each with what may follow it, as a tree by their first two
    letters: a long text is passed over at the speed at which it is read."""
    followed: dict[str, set[str]] = {}
    for pattern in patterns:
        followed.setdefault(pattern.first, set()).add(pattern.follows)
    tree: dict[str, dict[str, list[str]]] = {}
    for word in sorted(followed, key=lambda one: (-len(one), one)):
        follows = "" if "" in followed[word] else f"(?={'|'.join(sorted(followed[word]))})"
        tree.setdefault(word[0], {}).setdefault(word[1:2], []).append(rf"{re.escape(word[2:])}(?!\w){follows}")
    branches = []
    for letter, twigs in sorted(tree.items()):
        ends = [f"{re.escape(second)}(?:{'|'.join(rests)})" for second, rests in sorted(twigs.items(), reverse=True)]
        branches.append(f"{re.escape(letter)}(?:{'|'.join(ends)})")
    return f"(?:{'|'.join(branches)})"
