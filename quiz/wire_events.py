"""Wire events: what goes out. Every event with its fields, and how a question's, a grade's and a hint's are made.

``kb help wire`` describes each of them; a test holds the page and this table to each other.
"""

from typing import Any, TextIO

from kb.deck.text import blocks_text
from kb.screen.json_text import json_line
from kb.screen.language import language_text
from kb.screen.messages import Speech
from quiz.grade import Grade
from quiz.kinds.kind import QuizKind
from quiz.kinds.table import KINDS
from quiz.session import Question
from quiz.session_progress import SessionProgress

SCHEMA = 1
"""Grows when a field changes its meaning; a new one does not change it."""

_TRY = ("item", "given", "reason", "chosen", "check")
_COUNT = ("answered", "right")

EVENTS: dict[str, tuple[str, ...]] = {
    "question": (
        *("item", "kind", "title", "question", "number", "total", "left", "is_new", "is_again"),
        *("options", "labels", "several", "code", "line", "indent"),
    ),
    "grade": (*_TRY, "correct", "key", "right", "explanation", "proposed", "rating", "due"),
    "tried": (*_TRY, "form_only"),
    "cancelled": ("item", "what"),
    "hint": ("item", "level", "text", "struck"),
    "proof": ("item", "outcome", "reason", "stdout", "stderr", "seconds"),
    "rated": ("item", "rating", "due"),
    "marked": ("item", "marking", "is_on"),
    "undone": ("item", "given", "at"),
    "redone": ("items",),
    "done": _COUNT,
    "end": _COUNT,
    "error": ("message",),
}
"""Every event, and every field that a built-in kind sends with it beside ``schema`` and ``event``."""


def send(target: TextIO, event: str, values: dict[str, Any]) -> None:
    """Write an event, in characters that the stream can carry.

    Raises:
        BrokenPipeError: nobody reads any more.
    """
    target.write(json_line({"schema": SCHEMA, "event": event, **values}, target.encoding or "utf-8"))
    target.flush()


def question_facts(question: Question, language: str, progress: SessionProgress) -> dict[str, Any]:
    """What a question is, and nothing of its key.

    Args:
        question: that is asked.
        language: the reader's.
        progress: of the session.
    """
    item, kind = question.item, KINDS[question.item.kind]
    return {
        "item": item.key,
        "kind": item.kind,
        "title": language_text(question.entry.summary.titles, language) if kind.shows_title else None,
        "question": blocks_text(item.wording(language).question),
        "number": progress.place,
        "total": progress.whole,
        "left": progress.whole - progress.place + 1,
        "is_new": question.is_new,
        "is_again": question.is_again,
        **kind.wire_facts(question, language),
    }


def try_facts(kind: QuizKind, question: Question, given: str, grade: Grade | None, say: Speech) -> dict[str, Any]:
    """What became of an answer, and nothing of the key; without a grade where only the learner can say."""
    return {
        "item": question.item.key,
        "given": given,
        "reason": (say.of(grade.reason) if grade else "") or None,
        **kind.wire_outcome(question, given, grade),
    }
