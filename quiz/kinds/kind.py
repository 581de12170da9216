"""Kind: one kind of item, whole: how it is read, checked, run, asked, graded and shown.

What every kind shares stands here; a kind of its own is a class with what differs, and a row in ``quiz.kinds.table``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from kb.deck.entry import Entry
from kb.deck.item import Item
from kb.deck.kind import Draft, Trouble
from kb.deck.script import Snippet
from kb.deck.text import plain
from kb.errors import KbError
from kb.screen.layout import Line, Style, wrap
from kb.screen.messages import Speech
from kb.verify.task import Task
from quiz.asking import Asking
from quiz.door import VALUE_LIMIT, admit, shown
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.hints import Hint, first_hints
from quiz.schedule import Rating
from quiz.session import Question


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question got at the terminal."""

    given: str
    """What was answered."""
    grade: Grade | None = None
    """What became of it; None where only the learner can say."""
    rating: Rating | None = None
    """The learner's own, where only the learner can say."""


class QuizKind(ABC):
    """One kind of item. It also is what ``kb.deck.kind`` and ``kb.verify.kind`` ask for."""

    name: ClassVar[str]
    key: ClassVar[str] = ""
    fences: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[tuple[str, ...]] = ()
    least: ClassVar[int] = 0
    wants_proof: ClassVar[bool] = False
    fills_hole: ClassVar[bool] = False
    is_run: ClassVar[bool] = False
    """Whether an answer is graded by running it: the worker is started in time, and torch must be installed."""
    is_computed: ClassVar[bool] = False
    """Whether the key is what the item's script prints: it must run, unless a verification wrote that down."""
    place: ClassVar[int] = 2
    """Where it stands among the kinds that a learner has not met yet, the least first: what is executed comes early,
    what asks most of him a little later."""
    limit: ClassVar[int] = VALUE_LIMIT
    """Characters of a typed answer at most."""
    own_commands: ClassVar[str] = "g"
    """Letters of the commands (see ``quiz.commands``) that not every kind has, and this one does."""
    shows_title: ClassVar[bool] = True
    """Whether the entry's title may stand above the question."""

    # Reading: see kb.deck.kind

    @abstractmethod
    def fits(self, draft: Draft) -> bool:
        """Whether an item has this kind's key."""

    def complaints(self, draft: Draft) -> Trouble:
        """What is wrong with a draft that has this kind's key or a part of it."""
        yield from ()

    def fields(self, draft: Draft) -> dict[str, Any]:
        """The key's fields of an ``Item``."""
        return {}

    # Verifying: see kb.verify.kind

    def check(self, item: Item, entry: Entry, is_complete: bool) -> Trouble:
        """What is wrong between an item and its entry's snippet, and within its scripts."""
        yield from ()

    def tasks(self, item: Item, snippet: Snippet | None, device: str) -> Iterator[Task]:
        """What of an item can be run, but for its proof."""
        yield from ()

    # Grading

    def prepare(self, examiner: Examiner, question: Question) -> None:
        """Get ready to grade, while the question is read."""

    def solution(self, examiner: Examiner, question: Question) -> str:
        """The key as text.

        Raises:
            KbError: it has to be computed, and cannot be here.
        """
        return ""

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        """Grade an answer.

        Args:
            examiner: knows keys and runs what has to be run.
            question: that was asked.
            given: the answer as the log keeps it.

        Raises:
            NoKey: it cannot be graded here, and no other answer can.
            KbError: it cannot be graded now.
        """
        raise KbError("an item of the kind {name} is rated by yourself", "give 1 to 4", name=self.name)

    # Asking at the terminal

    @abstractmethod
    def ask(self, asking: Asking) -> Reply:
        """Take an answer.

        Raises:
            Wish, Leave: the learner wants something else.
        """

    def asked_lines(self, asking: Asking) -> list[Line]:
        """What stands below the question's text now, to the line of keys."""
        return [*self.question_lines(asking.question, asking.board.say, asking.style), []]

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        """What stands below the question's text."""
        return []

    def hint(self, examiner: Examiner, question: Question, count: int, say: Speech) -> Hint | None:
        """The rung of that number of an item's ladder, from 1; None beyond the last.

        Raises:
            NoKey: it would tell of the key, which cannot be computed here.
        """
        return next(islice(self.hints(examiner, question, say), count - 1, None), None)

    def hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        """The ladder: what the item or its entry says, then what this kind tells of the key."""
        yield from first_hints(question, say)
        yield from self.key_hints(examiner, question, say)

    def key_hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        """What the key looks like, rung by rung."""
        yield from ()

    def grade_lines(
        self, question: Question, given: str, grade: Grade, solution: str, say: Speech, style: Style
    ) -> list[Line]:
        """What was answered and what is right."""
        lines: list[Line] = []
        if given:
            lines += wrap([(say("your answer: "), "dim"), (given, "")], style.width)
        return [*lines, *wrap([(say("right answer: "), "dim"), (solution, "strong")], style.width)]

    def given_text(self, given: str) -> str:
        """An answer, as the log keeps it, in the way in which the learner gave it."""
        return given

    # Asking over the wire

    def wire_facts(self, question: Question, language: str) -> dict[str, Any]:
        """What a question's object holds beside what every kind's has."""
        return {}

    def wire_outcome(self, question: Question, given: str, grade: Grade | None) -> dict[str, Any]:
        """What is told of an answer beside what every kind tells; nothing of the key, as the question may stand."""
        return {}

    def wire_key(self, question: Question) -> dict[str, Any]:
        """What is told of the key after the answer, beside the key as text."""
        return {}

    def wire_answer(self, question: Question, answer: Any) -> str:
        """The answer of a message as ``grade`` takes it.

        Raises:
            KbError: it does not fit.
        """
        if not isinstance(answer, str):
            raise KbError("{answer} is no text", 'give one: {{"answer": "4"}}', answer=shown(answer))
        if not answer.strip():
            raise KbError("the answer is empty", "give it as a text")
        return admit(answer, self.limit)

    def own_rating(self, given: str) -> Rating | None:
        """The rating that an answer is, where only the learner can say."""
        return None


def option_texts(question: Question, language: str) -> list[str]:
    """The options in the order in which they are shown."""
    options = question.item.wording(language).options
    return [plain(options[option]) for option in question.order]
