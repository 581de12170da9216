"""Note page: the file of an entry made of a part of somebody's notes, so that it reads as what it was made of."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kb.deck.kind import Kinds
from kb.deck.manifest import Deck
from kb.deck.page import Page, parse_page
from kb.errors import Message
from kb.exchange.deck_folder import AREA
from kb.exchange.notes import Part, Remark

_QUIZ = re.compile(r"^( {0,3}##[ \t]+Quiz)[ \t]*#*[ \t]*$")
_DEEP = re.compile(r"^( {0,3})(#{1,3})(?=[ \t])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TITLE = re.compile(r"# (?P<number>\d+)\.(?P<title>[^\n]*)")


class NotePage(NamedTuple):
    """The text of an entry's file."""

    text: str
    remarks: tuple[Remark, ...]
    """What had to be changed in it."""


def note_page(part: Part, number: int, front: str, language: str, is_translation: bool, kinds: Kinds) -> NotePage:
    """Write a part as an entry's file.

    Args:
        part: of the notes.
        number: of the entry.
        front: its front matter with the marks around it; empty for a translation.
        language: of the text.
        is_translation: whether the deck has another language first.
        kinds: that items may be of.
    """

    def read(page: str) -> Page:
        languages = ("", language) if is_translation else (language,)
        return parse_page(page, "", language, Deck(Path(), "", {}, languages, AREA, ()), kinds)

    body, remarks = _without_quiz(part)
    title = one_line(part.title)
    page = _joined(front, number, title, body, part.cards)
    found = read(page)
    if found.number != number or found.text is None or not found.text.title.strip():
        # A title that is no text by itself, such as an image: it goes above the answer.
        page = _joined(front, number, f"{number}", [part.title, "", *body], part.cards)
        found = read(page)
    if len(found.drafts) != len(part.cards):
        asked = [line for question, answer in part.cards for line in (f"**{question}**", "", *answer, "")]
        page = _joined(front, number, title, [*body, "", *asked], [])
    return NotePage(page, tuple(remarks))


def words_of(page: str) -> str:
    """What a page says, whatever its number: title and answer, without front matter and quiz."""
    body = page.split("\n---\n", 1)[-1] if page.startswith("---\n") else page
    body = body.split("\n## Quiz\n", 1)[0].strip()
    found = _TITLE.match(body)
    if not found:
        return body
    title = found["title"].strip()
    return f"{'' if title == found['number'] else title}\n{body[found.end() :].strip()}"


def one_line(text: str) -> str:
    """A title without control characters and line ends."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _without_quiz(part: Part) -> tuple[list[str], list[Remark]]:
    """The answer's lines; a heading that would begin the entry's quiz gets a full stop."""
    body, remarks = [], []
    for at, line in enumerate(part.body):
        if found := _QUIZ.match(line):
            what = Message("{text!r} begins the questions of an entry; it got a full stop", text=line.strip())
            remarks.append(Remark(part.line + at + 1, what))
            line = f"{found[1]}."
        body.append(line)
    return body, remarks


def _joined(
    front: str, number: int, title: str, body: Sequence[str], cards: Sequence[tuple[str, Sequence[str]]]
) -> str:
    lines = [f"{front}# {number}. {title}", "", *body]
    if cards:
        lines += ["", "## Quiz"]
    for at, (question, answer) in enumerate(cards, 1):
        lines += ["", f"### card-{at}", "", question, "", *(_DEEP.sub(r"\1####", line) for line in answer)]
    return "\n".join(lines).rstrip("\n") + "\n"
