"""Value: a short answer that is typed, held against what a script prints. Predict shows the script, answer hides it."""

from collections.abc import Iterator
from typing import Any, ClassVar

from kb.deck.entry import Entry
from kb.deck.item import Item
from kb.deck.kind import Draft, Trouble
from kb.deck.script import Snippet
from kb.deck.text import blocks_text
from kb.errors import KbError, Message
from kb.run.runner import block_job
from kb.screen.layout import Line, Style, code_lines, wrap
from kb.screen.messages import Speech
from kb.verify.form import syntax_error
from kb.verify.task import Expectation, Task, digest
from quiz.asking import Asking
from quiz.commands import command_of
from quiz.door import admit
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.hints import Hint, paragraph, shape_of
from quiz.kinds.kind import QuizKind, Reply
from quiz.options import narrow
from quiz.session import Question


class Unread(KbError):  # noqa: N818 a slip of the learner's, which costs nothing
    """What was typed is no value of any sort."""


class Value(QuizKind):
    """What both kinds share: a script, named by its fence as the kind is, whose one printed line is the key."""

    least = 1
    is_computed = True
    shows_code: ClassVar[bool]
    """Whether the learner sees the script."""

    def fits(self, draft: Draft) -> bool:
        return self.name in draft.scripts

    def complaints(self, draft: Draft) -> Trouble:
        if len(draft.scripts.get(self.name, [])) > 1:
            yield (
                draft.line,
                Message("item {id!r} has several {name} blocks; put them into one", id=draft.id, name=self.name),
            )

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"code": draft.scripts[self.name][0]}

    def check(self, item: Item, entry: Entry, is_complete: bool) -> Trouble:
        if message := syntax_error(item.code):
            yield (
                item.line,
                Message(
                    "the {name} block of {id!r} is not Python: {message}", name=self.name, id=item.id, message=message
                ),
            )

    def tasks(self, item: Item, snippet: Snippet | None, device: str) -> Iterator[Task]:
        job = block_job(item.code, item.id)
        yield Task(item.entry, self.name, item.id, job, digest(item.code), Expectation.PRINTS_A_KEY)

    def prepare(self, examiner: Examiner, question: Question) -> None:
        examiner.prepare_key(question.item)

    def solution(self, examiner: Examiner, question: Question) -> str:
        return examiner.key(question.item)

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        """What becomes of a typed line.

        Raises:
            Unread: it is no value of any sort, and nothing is graded.
        """
        # Deferred: the first question is on the screen before anything is graded.
        from quiz.values.asked import Asked
        from quiz.values.grading import expectation, grade_value
        from quiz.values.verdict import Verdict

        item, key = question.item, examiner.key(question.item)
        texts = (blocks_text(wording.question) for wording in item.wordings.values())
        verdict = grade_value(given, key, Asked("\n".join(texts), item.code, self.shows_code))
        if verdict is Verdict.UNREADABLE:
            raise Unread("nothing was graded: that cannot be read as an answer", expectation(key))
        is_form = verdict is Verdict.FORM
        return Grade(verdict is Verdict.RIGHT, form_only=is_form, note=expectation(key) if is_form else "")

    def key_hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        yield Hint((paragraph(say("the answer is {shape}", shape=shape_of(examiner.key(question.item)))),))

    def ask(self, asking: Asking) -> Reply:
        board, say = asking.board, asking.board.say
        while (grade := (reply := self._graded(asking)).grade) and grade.form_only:
            text = say("almost: only the form differs; {hint}", hint=say.of(grade.reason))
            board.show(wrap([(text, "warn")], board.out.width))
            asking.attempt.helps += 1
        return reply

    def _graded(self, asking: Asking) -> Reply:
        """A typed line with its grade."""
        before, is_refused = "", False
        while True:
            given = self._typed(asking, before, is_refused)
            if not asking.examiner.has_key(asking.question.item):
                asking.board.print([(asking.board.say("checking") + " …", "dim")])
            if grade := asking.graded(given):
                return Reply(given, grade)
            # What may yet be right stands in the line again; what never is one would only be typed behind.
            is_refused = isinstance(asking.ungraded, Unread)
            before = "" if is_refused else given

    def _typed(self, asking: Asking, before: str, is_refused: bool) -> str:
        """One typed line that is meant as an answer.

        Args:
            asking: the question.
            before: what stands in the line already.
            is_refused: whether the line before it was no answer.
        """
        board, say = asking.board, asking.board.say
        asking.offer(("Enter", "confirm"), *([("↑", "the line before")] if is_refused else []), is_typed=True)
        offered = ""
        while True:
            typed = board.read_line(f"{board.say('Your answer')} > ", before).strip()
            if before and typed.startswith(before) and asking.command(typed[len(before) :]):
                continue  # typed behind what stood there, which stays
            before = ""
            if asking.command(typed):
                offered = ""
                continue
            line = typed or offered
            if line != offered and (row := command_of(narrow(line))) and asking.has(row):
                # Nobody is graded for a key that works where no line is typed, nor for a word of who wants to leave;
                # where it is the answer, Enter says so.
                text = say(
                    "{key} is the command; Enter gives “{line}” as the answer", key=asking.key_of(row), line=line
                )
                board.show(wrap([(text, "warn")], board.out.width))
                offered = line
                continue
            try:
                if line:
                    return admit(line, self.limit)
                board.print([(board.say("an answer is empty"), "warn")])
            except KbError as error:
                board.tell(error)


class Predict(Value):
    """What does this script print?"""

    name = key = "predict"
    place = 0
    shows_code = True
    fences = ("predict",)

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        return [[], *code_lines(question.item.code, "python", style)]

    def wire_facts(self, question: Question, language: str) -> dict[str, Any]:
        return {"code": question.item.code}


class Answer(Value):
    """A number, a shape, a word: the script that computes it stays hidden."""

    name = key = "answer"
    place = 1
    shows_code = False
    fences = ("answer",)
