"""Wire: a session as one JSON object a line, so that an editor or a script can drive it.

``kb help wire`` describes every message, in ``kb/cli/topics/wire.*.md``: what comes in is read by ``quiz.wire_lines``
and ``quiz.wire_inbox``, what goes out is listed in ``quiz.wire_events``. Here stands what a message does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TextIO

from kb.deck.text import blocks_text
from kb.errors import KbError
from kb.run.outcome import Outcome
from quiz.desk import Desk
from quiz.door import shown
from quiz.examiner import Examiner, NoKey, Stopped
from quiz.kinds.kind import QuizKind
from quiz.kinds.table import KINDS, is_any_run
from quiz.log.event import Marking
from quiz.marker import Marked
from quiz.schedule import Rating
from quiz.session import Question, Session
from quiz.wire_events import question_facts, send, try_facts
from quiz.wire_inbox import Inbox, Letter


def serve_session(desk: Desk, session: Session, examiner: Examiner, source: BinaryIO, target: TextIO) -> int:
    """Ask over the wire until the input ends or says quit, or nobody reads any more. Returns the exit code."""
    wire = _Wire(desk, session, examiner, source, target)
    with suppress(BrokenPipeError):
        wire.serve()
    return 1 if wire.unsaved else 0


class _Wire:
    """One session and its other end."""

    def __init__(self, desk: Desk, session: Session, examiner: Examiner, source: BinaryIO, target: TextIO) -> None:
        self.say = desk.say
        self.session = session
        self.examiner = examiner
        self.inbox = Inbox(source, examiner.stop)
        self.target = target
        self.question: Question | None = None
        """The one that stands; None once all are done."""
        self.asked: dict[str, Question] = {}
        """The questions that were answered, by item."""
        self.hints = 0
        """How many the standing question had."""
        self.has_help = False
        """Whether it took a hint or another try."""
        self.started = 0.0
        self.unsaved: set[str] = set()
        """What could not be written down: items, or what was to become of answers."""
        self.verbs: dict[str, Callable[[Letter], bool]] = {
            "answer": self.answer,
            "hint": self.hint,
            "proof": self.proof,
            "rating": self.rate,
            "undo": self.undo,
            "redo": self.redo,
            "skip": self.skip,
            **{str(marking): self.mark for marking in Marking},
        }
        """What each verb does; whether another question is to be asked then."""

    def serve(self) -> None:
        with self.inbox:
            self.ask()
            for letter in self.inbox:
                if "quit" in letter.message:
                    break
                if self.take(letter):
                    self.ask()
        self.send("end", **self.count())

    def send(self, event: str, **values: Any) -> None:
        send(self.target, event, values)

    def ask(self) -> None:
        """Send the next question, or that there is none."""
        session = self.session
        while (question := session.next()) is not None:
            self.question = question
            self.send("question", **question_facts(question, self.say.language, session.progress))
            self.hints, self.has_help, self.started = 0, False, session.stopwatch()
            try:
                KINDS[question.item.kind].prepare(self.examiner, question)
            except NoKey as error:
                self.send("error", message=self.say.error(error))
                self.leave_out()
                continue
            if is_any_run(session.kinds):
                self.examiner.warm()
            return
        self.question = None
        self.send("done", **self.count())

    def count(self) -> dict[str, int]:
        answered = self.session.answered
        return {"answered": len(answered), "right": sum(one.review.rating is not Rating.AGAIN for one in answered)}

    def take(self, letter: Letter) -> bool:
        """Do what a letter asks for; whether another question is to be asked then."""
        try:
            if isinstance(letter.error, KbError):
                raise letter.error
            verb = next(verb for verb in self.verbs if verb in letter.message)
            if letter.is_cancelled:
                raise Stopped
            return self.verbs[verb](letter)
        except Stopped:
            item = self.question.card.key if self.question else None
            self.send("cancelled", item=item, what=verb)
        except NoKey as error:
            self.send("error", message=self.say.error(error))
            return self.leave_out()
        except KbError as error:
            self.send("error", message=self.say.error(error))
        return False

    # What the verbs do

    def standing(self) -> tuple[Question, QuizKind]:
        """The question that stands, and its kind.

        Raises:
            KbError: none does.
        """
        if self.question is None:
            do = 'rate, prove or undo the last answer, or send {{"quit": true}}'
            raise KbError("no question is left", do)
        return self.question, KINDS[self.question.item.kind]

    def answer(self, letter: Letter) -> bool:
        (question, kind), session = self.standing(), self.session
        given = kind.wire_answer(question, letter.message["answer"])
        own_rating = kind.own_rating(given)
        with _stoppable():
            grade = None if own_rating else kind.grade(self.examiner, question, given)
        seconds = session.stopwatch() - self.started
        self.inbox.settle(letter)
        values = try_facts(kind, question, given, grade, self.say)
        if grade and not grade.correct and (grade.form_only or letter.message.get("try")):
            self.has_help = True
            self.send("tried", **values, form_only=grade.form_only)
            return False
        correct = grade.correct if grade else None
        rating = own_rating or session.propose(question, correct, self.has_help, seconds)
        key = kind.solution(self.examiner, question)
        with self.saving(question.card.key):
            memory = session.answer(question, given, correct, rating, seconds)
        self.asked[question.card.key] = question
        self.send(
            "grade",
            **values,
            **kind.wire_key(question),
            correct=correct,
            key=key,
            explanation=blocks_text(question.item.wording(self.say.language).explanation),
            proposed=int(rating),
            rating=int(rating),
            due=memory.due,
        )
        return True

    def hint(self, _: Letter) -> bool:
        """The next hint."""
        question, kind = self.standing()
        hint = kind.hint(self.examiner, question, self.hints + 1, self.say)
        if hint is None:
            what = "there is no further hint" if self.hints else "this question has no hint"
            raise KbError(what, 'send {{"answer": ...}} or {{"skip": true}}')
        self.hints += 1
        self.has_help = True
        text, struck = blocks_text(hint.blocks), hint.struck or None
        self.send("hint", item=question.card.key, level=self.hints, text=text, struck=struck)
        return False

    def proof(self, letter: Letter) -> bool:
        """Run what shows the last answer's key to be right."""
        last = self.session.answered[-1].card.key if self.session.answered else ""
        job = self.examiner.proof(self.asked[last]) if last else None
        if job is None:
            raise KbError("there is nothing to run", "answer a question first")
        with _stoppable():
            done = self.examiner.run(job, lambda *_: None)
        self.inbox.settle(letter)
        if done.outcome is Outcome.INTERRUPTED:
            raise Stopped
        self.send(
            "proof",
            item=last,
            outcome=str(done.outcome),
            reason=self.say.of(done.reason) or None,
            stdout=done.stdout,
            stderr=done.stderr,
            seconds=round(done.seconds, 3),
        )
        return False

    def rate(self, letter: Letter) -> bool:
        """Correct the last answer's rating. One that was wrong is asked once more, or no more."""
        rating = letter.message["rating"]
        if type(rating) is not int or not 1 <= rating <= 4:
            raise KbError("{rating} is no rating", "give 1 (again) to 4 (easy)", rating=shown(rating))
        with self.saving("rating"):
            memory = self.session.amend(Rating(rating))
        if memory is None:
            raise KbError("there is no answer to rate", "answer a question first")
        self.send("rated", item=self.session.answered[-1].card.key, rating=rating, due=memory.due)
        return not self.is_next()

    def is_next(self) -> bool:
        """Whether the question that stands still is what is to be asked."""
        question, queue = self.question, self.session.queue
        return not queue if question is None else bool(queue) and queue[0] == (question.card, question.is_again)

    def undo(self, letter: Letter) -> bool:
        """Take an answer back, or the marking that came after it; the question is then that one.

        Raises:
            KbError: there is nothing to take back.
        """
        session, is_earlier = self.session, letter.message["undo"] == "earlier"
        with self.saving("undo"):
            marked = None if is_earlier else session.unmark()
            taken = None if marked else session.undo_earlier() if is_earlier else session.undo()
        if marked:
            return self.tell_of(marked)
        if taken is None:
            last = session.log.last()
            if last is None:
                raise KbError("there is nothing to take back", "answer a question first")
            what = "nothing to take back in this session; the last before it is {item}"
            raise KbError(what, 'send {{"undo": "earlier"}} for that', item=last.item)
        self.send("undone", item=taken.item, given=taken.given, at=taken.at)
        return True

    def redo(self, _: Letter) -> bool:
        """Let what was taken back last count again; the next question follows.

        Raises:
            KbError: nothing was taken back.
        """
        with self.saving("redo"):
            given = self.session.redo()
        if not given:
            raise KbError(
                "nothing was taken back in this session", 'send {{"undo": true}} first; kb redo reaches further'
            )
        self.send("redone", items=[one.item for one in given])
        return True

    def mark(self, letter: Letter) -> bool:
        """Bury, suspend or flag the question that stands, or the last one; take that back where it is so already."""
        marking = next(marking for marking in Marking if marking in letter.message)
        with self.saving("mark"):
            marked = self.session.mark(marking)
        if marked is None:
            raise KbError("no question is left", "answer a question first")
        return self.tell_of(marked)

    def tell_of(self, marked: Marked) -> bool:
        """How an item is marked now."""
        self.send("marked", item=marked.card.key, marking=str(marked.marking), is_on=marked.is_on)
        return not self.is_next()

    def skip(self, _: Letter) -> bool:
        """Leave the question out."""
        self.standing()
        return self.leave_out()

    def leave_out(self) -> bool:
        self.session.skip()
        return True

    @contextmanager
    def saving(self, what: str) -> Iterator[None]:
        """Note whether something could be written down; once it can, nothing is missing any more."""
        try:
            yield
        except KbError:
            self.unsaved.add(what)
            raise
        self.unsaved.discard(what)


@contextmanager
def _stoppable() -> Iterator[None]:
    """What may take long: Ctrl-C stops it, and not the session.

    Raises:
        Stopped: it was.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
