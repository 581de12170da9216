"""Wire: a session as one JSON object a line, so that an editor or a script can drive it.

Out, while a question stands: ``{"event": "question", "item": "61/id", "kind": ..., "question": ..., "left": 3,
"is_new": true}``; every event has ``"schema": 1``, which grows only when what stands here changes its meaning. ``left``
counts the questions to come, with this one; ``is_new`` tells whether it was never answered before. A choice has
``"options": [...]`` beside, and ``"several": true`` if more than one may be right; one with a script has ``"code"``.

In, UTF-8, at most a million bytes a line, one of:

- ``{"answer": 2}``, ``{"answer": [1, 3]}`` (places of options; 1 to 4 on a recall card), ``{"answer": "text"}``:
  answered by ``{"event": "grade", "correct": ..., "key": ..., "explanation": ..., "proposed": 3, "rating": 3,
  "due": ...}``, and the next question follows. ``correct`` is null on a recall card; any other has ``form_only``: true
  for a wrong answer that is the right value in another form (``"5"`` for ``5``); and ``reason`` where there is one to
  give. With ``"try": true`` beside it a wrong answer gives ``{"event": "tried", "reason": ...}`` and the question
  stands; a right one after that counts as hard.
- ``{"hint": true}``: ``{"event": "hint", "text": ...}``. ``{"proof": true}``: ``{"event": "proof", "outcome": ...,
  "stdout": ..., "stderr": ...}`` of the last answered question. ``{"rating": 2}``: corrects the last answer's rating,
  ``{"event": "rated", "item": ..., "rating": 2, "due": ...}``. The question stands.
- ``{"undo": true}`` takes the last answer of this session back, ``{"undo": "earlier"}`` the last before it:
  ``{"event": "undone", "item": ..., "given": ..., "at": ...}``, and that question again. ``{"redo": true}`` lets it
  count: ``{"event": "redone", "items": [...]}``, and the next question.
- ``{"skip": true}``, ``{"quit": true}``.

Every line is answered by one event; an empty one, by none. What cannot be read, or an answer that cannot be saved, is
answered by ``{"event": "error", "message": ...}``: nothing was logged, and the question stands. Only if no answer to it
can be graded here, because its key cannot be computed, the next question follows.

At the end ``{"event": "end", "answered": 5, "right": 4}``. The exit code is 1 if an answer was not saved, else 0, also
where nobody reads any more.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, TextIO

from kb.deck.text import Block
from kb.errors import KbError
from quiz.desk import Desk
from quiz.door import shown
from quiz.examiner import Examiner, NoKey
from quiz.kinds.table import KINDS, is_any_run
from quiz.schedule import Rating
from quiz.session import Question, Session
from quiz.wire_lines import Message, messages, send


def serve_session(desk: Desk, session: Session, examiner: Examiner, source: BinaryIO, target: TextIO) -> int:
    """Ask over the wire until nothing is left, the input ends, it says quit, or nobody reads any more. Returns the exit
    code."""
    wire = _Wire(desk, session, examiner, target)
    with suppress(BrokenPipeError):
        wire.serve(source)
    return 1 if wire.is_unsaved else 0


class _Wire:
    """One session and its other end."""

    def __init__(self, desk: Desk, session: Session, examiner: Examiner, target: TextIO) -> None:
        self.desk = desk
        self.session = session
        self.examiner = examiner
        self.target = target
        self.last: Question | None = None
        self.helped = False
        self.started = 0.0
        self.is_unsaved = False
        """Whether an answer could not be written down."""

    def send(self, event: str, **values: Any) -> None:
        send(self.target, event, values)

    def serve(self, source: BinaryIO) -> None:
        session, lines = self.session, messages(source)
        is_open = True
        while is_open and (question := session.next()):
            self.send("question", **_question(question, self.desk.say.language, session.left))
            self.helped, self.started = False, session.stopwatch()
            KINDS[question.item.kind].prepare(self.examiner, question)
            if is_any_run(session.kinds):
                self.examiner.warm()
            is_open = self.take_answer(question, lines)
        right = sum(one.review.rating is not Rating.AGAIN for one in session.answered)
        self.send("end", answered=len(session.answered), right=right)

    def take_answer(self, question: Question, lines: Iterator[Message | KbError]) -> bool:
        """Answer messages until the question is done; whether the session goes on."""
        for message in lines:
            try:
                if isinstance(message, KbError):
                    raise message
                if "quit" in message:
                    return False
                if self.is_done(question, message):
                    return True
            except NoKey as error:
                self.send("error", message=self.desk.say.error(error))
                self.session.skip()
                return True
            except KbError as error:
                self.send("error", message=self.desk.say.error(error))
        return False

    def is_done(self, question: Question, message: Message) -> bool:
        """Do what a message says; whether the question is done with it."""
        session = self.session
        if "skip" in message:
            session.skip()
        elif "undo" in message or "redo" in message:
            return self.change(message)
        elif "hint" in message:
            self.helped = True
            self.send("hint", text=_text((question.entry.text(self.desk.say.language).gist,)))
            return False
        elif "proof" in message:
            self.send("proof", **self.proof())
            return False
        elif "rating" in message:
            self.send("rated", **self.amend(message["rating"]))
            return False
        else:
            return self.answer(question, message)
        return True

    def answer(self, question: Question, message: Message) -> bool:
        kind, session = KINDS[question.item.kind], self.session
        given = kind.wire_answer(question, message.get("answer"))
        values: dict[str, Any] = {"item": question.item.key}
        own_rating = kind.own_rating(given)
        if own_rating is not None:
            correct, rating = None, own_rating
            seconds = session.stopwatch() - self.started
        else:
            grade = kind.grade(self.examiner, question, given)
            seconds = session.stopwatch() - self.started
            values |= {
                "form_only": grade.form_only,
                **({"reason": self.desk.say.of(grade.reason)} if grade.reason else {}),
            }
            if message.get("try") and not grade.correct:
                self.helped = True
                self.send("tried", **values)
                return False
            correct = grade.correct
            rating = session.propose(question, correct, self.helped, seconds)
        key = kind.solution(self.examiner, question)
        try:
            memory = session.answer(question, given, correct, rating, seconds)
        except KbError:
            self.is_unsaved = True
            raise
        self.last = question
        explanation = _text(question.item.wording(self.desk.say.language).explanation)
        values |= {"correct": correct, "key": key, "explanation": explanation, "proposed": int(rating)}
        self.send("grade", **values, rating=int(rating), due=memory.due)
        return True

    def change(self, message: Message) -> bool:
        """Take an answer back, or let it count again; the question is then another one.

        Raises:
            KbError: there is nothing to take back, or nothing was.
        """
        session = self.session
        if "redo" in message:
            given = session.redo()
            if not given:
                raise KbError(
                    "nothing was taken back in this session", 'send {{"undo": true}} first; kb redo reaches further'
                )
            self.send("redone", items=[one.item for one in given])
            return True
        taken = session.undo_earlier() if message["undo"] == "earlier" else session.undo()
        if taken is None:
            last = session.log.last()
            do = 'send {{"undo": "earlier"}} for that'
            if last is None:
                raise KbError("nothing to take back in this session", do)
            raise KbError("nothing to take back in this session; the last before it is {item}", do, item=last.item)
        self.send("undone", item=taken.item, given=taken.given, at=taken.at)
        return True

    def proof(self) -> dict[str, Any]:
        job = self.examiner.proof(self.last) if self.last else None
        if job is None:
            raise KbError("there is nothing to run", "answer a question first")
        done = self.examiner.run(job, lambda *_: None)
        return {"outcome": str(done.outcome), "stdout": done.stdout, "stderr": done.stderr}

    def amend(self, rating: Any) -> dict[str, Any]:
        if type(rating) is not int or not 1 <= rating <= 4:
            raise KbError("{rating} is no rating", "give 1 (again) to 4 (easy)", rating=shown(rating))
        memory = self.session.amend(Rating(rating))
        if memory is None:
            raise KbError("there is no answer to rate", "answer a question first")
        return {"item": self.session.answered[-1].card.key, "rating": rating, "due": memory.due}


def _text(blocks: tuple[Block, ...]) -> str:
    return "\n\n".join(_text(block.children) if block.children else block.text for block in blocks)


def _question(question: Question, language: str, left: int) -> dict[str, Any]:
    item = question.item
    return {
        "item": item.key,
        "kind": item.kind,
        "question": _text(item.wording(language).question),
        "is_new": question.is_new,
        "left": left,
        **KINDS[item.kind].wire_facts(question, language),
    }
