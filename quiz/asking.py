"""Asking: one question at the terminal, with what every kind of item needs to ask it."""

from typing import Protocol

from kb.context import Context
from kb.errors import KbError
from kb.run.outcome import Outcome
from kb.screen.entry_lines import style_for
from kb.screen.keys import END
from kb.screen.language import language_text
from kb.screen.layout import Line, Style, code_lines, flow, lay_out, wrap
from kb.screen.messages import Speech
from kb.screen.run_lines import run_summary
from quiz.board import Board, Leave
from quiz.examiner import Examiner, NoKey, Stopped
from quiz.grade import Grade
from quiz.session import Question
from quiz.waiting import Waiting

HELP = {
    "s": "skip: ask it another time",
    "h": "hint: the gist first, then the first line of a solution; the answer then counts as hard",
    "t": "the task once more",
    "w": "the whole snippet around the hole",
    "e": "write the lines in $EDITOR",
    "g": "give up: see a solution",
    "l": "the question in the deck's other language",
    "o": "open the entry",
    "r": "run the proof, or the snippet",
    "1-4": "after the answer: rate it yourself, from again to easy",
    "u": "undo: take the last answer back and ask it again",
    "U": "redo: let the answer that was taken back count again",
    "q": "quit; every answer is saved",
}
"""What every key does; behind a colon where a line is typed."""


class Shown(Protocol):
    """What asking needs to know of an item's kind."""

    @property
    def shows_title(self) -> bool:
        """Whether the entry's title may stand above the question."""

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        """What stands below the question's text."""

    def hint_lines(self, question: Question, count: int, say: Speech, style: Style) -> list[Line]:
        """The hint of that number, from 1."""

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        """What becomes of an answer."""


class Redo(Exception):  # noqa: N818
    """The learner lets what was taken back count again."""


class Undo(Exception):  # noqa: N818 a wish of the learner's, no error
    """The learner takes the last answer back."""


class Asking:
    """Shows one question and answers the keys that work everywhere; the kind of its item does the rest."""

    def __init__(
        self,
        context: Context,
        board: Board,
        examiner: Examiner,
        kind: Shown,
        question: Question,
        left: int,
        in_editor: bool = False,
    ) -> None:
        """Take what asking needs.

        Args:
            context: whose deck the question is from.
            board: the screen.
            examiner: knows the key and grades.
            kind: of the item.
            question: to be asked.
            left: how many questions are still to come, with this one.
            in_editor: whether lines of code are written in the learner's editor from the first.
        """
        self.context = context
        self.board = board
        self.examiner = examiner
        self.kind = kind
        self.question = question
        self.left = left
        self.in_editor = in_editor
        self.helps = 0
        """Hints and further tries: with any of them a right answer counts as hard."""

    @property
    def style(self) -> Style:
        """How blocks are to look."""
        return style_for(self.board.out, self.board.say, self.question.card.number, self.context.library.by_number)

    def show_question(self) -> None:
        """The entry's title, what is asked, and what the kind shows beside."""
        question, say, style = self.question, self.board.say, self.style
        title = language_text(question.entry.summary.titles, say.language)
        state = "once more" if question.is_again else "new" if question.is_new else "due"
        name = f"{question.card.number}." + (f" {title}" if self.kind.shows_title else "")
        facts = f"{say(state)} · {say('{left} left', left=self.left)}"
        self.board.show(
            [
                [],
                [("─" * min(style.width, 60), "dim")],
                *flow([[(name, "dim")], [(facts, "dim")]], style.width, between="  "),
                [],
                *lay_out(question.item.wording(say.language).question, style),
                *self.kind.question_lines(question, say, style),
                [],
            ]
        )

    # What the learner may do meanwhile

    def key(self) -> str:
        """The next key that is not one of those that work everywhere.

        Raises:
            Leave, Undo, Redo: the key was that for it.
        """
        while not (key := self._own(self.board.read_key())):
            pass
        return key

    def key_within(self, seconds: float) -> str:
        """The same, or nothing if none comes in time.

        Raises:
            Leave, Undo, Redo: the key was that for it.
        """
        return self._own(self.board.read_key_within(seconds, redraws=True))

    def _own(self, key: str) -> str:
        """A key, unless it is one of those that work everywhere: then what it stands for is done."""
        if key in ("q", END):
            raise Leave
        if key == "u":
            raise Undo
        if key == "U":
            raise Redo
        if key == "?":
            self.show_help()
            self.board.show_keys()
        elif key == "l":
            self.switch_language()
        elif key == "o":
            self.open_entry()
        else:
            return key
        return ""

    def command(self, line: str) -> bool:
        """Whether a typed line was a command, which is then done.

        Raises:
            Leave, Undo, Redo: it was that for it.
        """
        match line.strip().replace("：", ":").replace("？", "?"):  # an input method gives the wide ones
            case ":q":
                raise Leave
            case ":u":
                raise Undo
            case ":U":
                raise Redo
            case ":l":
                self.switch_language()
            case ":o":
                self.open_entry()
            case ":h":
                self.show_hint()
            case ":t":
                self.show_question()
            case ":?":
                self.show_help()
            case _:
                return False
        return True

    def graded(self, given: str) -> Grade | None:
        """What becomes of an answer; None if it could not be graded now, which is told: the question stands.

        Raises:
            NoKey: it never can be here.
        """
        waiting = Waiting(self.board, self.examiner.stop)
        try:
            return waiting.result_of(lambda: self.kind.grade(self.examiner, self.question, given))
        except NoKey:
            raise
        except KeyboardInterrupt:
            self.board.tell(Stopped())
        except KbError as error:
            self.board.tell(error)
        finally:
            self.board.drop_keys()  # no key that was pressed meanwhile answers what comes next
        return None

    def show_hint(self) -> None:
        """The next hint."""
        self.helps += 1
        self.board.show([*self.kind.hint_lines(self.question, self.helps, self.board.say, self.style), []])

    def show_help(self) -> None:
        """What every key does."""
        say, width = self.board.say, self.board.out.width
        lines: list[Line] = [[]]
        for key, what in HELP.items():
            lines += wrap([(say(what), "")], width, f"  {key:<4}")
        lines += wrap([(say("where a line is typed, a key stands behind a colon: :h"), "dim")], width)
        self.board.show([*lines, []])

    def open_entry(self) -> None:
        """The whole entry, then the scene again."""
        from kb.screen.entry_lines import entry_page

        context, board = self.context, self.board
        number = self.question.card.number
        page = entry_page(number, context.library, context.records, context.torch, board.out, board.say)
        with board.lent():
            board.out.page(page)
        board.redraw()

    def switch_language(self) -> None:
        """Go on in the next of the deck's languages: the scene and its keys again, in that one."""
        languages = self.context.library.deck.languages
        self.board.say = Speech(languages[(languages.index(self.board.say.language) + 1) % len(languages)])
        self.board.redraw()

    def run_proof(self) -> None:
        """Run what shows the key to be right, its output as it comes."""
        board, snippet = self.board, self.question.entry.snippet
        job = self.examiner.proof(self.question)
        if job is None:
            board.print([(board.say("nothing to run"), "warn")])
            return
        board.show([*code_lines(job.source or "", "python", self.style), []])
        waiting = Waiting(board, self.examiner.stop)
        try:
            done = waiting.result_of(lambda: self.examiner.run(job, waiting.print))
        except (KeyboardInterrupt, Stopped):  # before it ran
            done = None
        board.drop_keys()
        if done is None or done.outcome is Outcome.INTERRUPTED:
            board.print([(board.say("stopped"), "warn")])
            return
        source = job.source or (snippet.source if snippet else "")
        board.out.print(run_summary(done, source, board.out, board.say))
