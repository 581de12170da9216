"""Asking: one question at the terminal, with what every kind of item needs to ask it."""

import re
from collections.abc import Callable, Collection
from typing import Protocol

from kb.context import Context
from kb.errors import KbError, Message
from kb.run.outcome import Outcome
from kb.screen.entry_lines import style_for
from kb.screen.keys import END
from kb.screen.language import language_text, switched
from kb.screen.layout import Line, Style, code_lines, lay_out, wrap
from kb.screen.messages import Speech
from kb.screen.run_lines import run_summary
from quiz.attempt import Attempt
from quiz.board import Board, Leave
from quiz.commands import COMMANDS, Command, LeftOut, Moment, command_of
from quiz.examiner import Examiner, NoKey, Stopped
from quiz.grade import Grade
from quiz.hints import Hint
from quiz.log.event import Marking
from quiz.options import narrow
from quiz.session import Question, Session
from quiz.session_progress import progress_lines
from quiz.waiting import Waiting

_COMMAND = re.compile(r":\S{0,20}")
"""A line that is a command, and no answer."""


class Shown(Protocol):
    """What asking needs to know of an item's kind."""

    @property
    def shows_title(self) -> bool:
        """Whether the entry's title may stand above the question."""

    @property
    def own_commands(self) -> str:
        """Letters of the commands that this kind has beside those that every kind has."""

    def asked_lines(self, asking: "Asking") -> list[Line]:
        """What stands below the question's text now."""

    def hint(self, examiner: Examiner, question: Question, count: int, say: Speech) -> Hint | None:
        """The rung of that number, from 1; None beyond the last."""

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        """What becomes of an answer."""


class Asking:
    """Shows one question and does the commands that work everywhere; the kind of its item does the rest."""

    def __init__(
        self,
        context: Context,
        board: Board,
        examiner: Examiner,
        kind: Shown,
        question: Question,
        session: Session,
        on_mark: Callable[[Marking], bool] = lambda _: False,
        in_editor: bool = False,
        attempt: Attempt | None = None,
    ) -> None:
        """Take what asking needs.

        Args:
            context: whose deck the question is from.
            board: the screen.
            examiner: knows the key and grades.
            kind: of the item.
            question: to be asked.
            session: it is asked in.
            on_mark: marks the question's item; whether it is not to be asked any more.
            in_editor: whether lines of code are written in the learner's editor from the first.
            attempt: what was done at the question before; nothing if left out.
        """
        self.context = context
        self.board = board
        self.examiner = examiner
        self.kind = kind
        self.question = question
        self.session = session
        self.on_mark = on_mark
        self.progress = session.progress
        self.moment = Moment.BEFORE
        self.in_editor = in_editor
        self.attempt = Attempt() if attempt is None else attempt
        self.ungraded: KbError | None = None
        """Why the last answer got no grade, where it got none."""
        self._labels: Collection[str] = ()
        self._is_typed = False
        self._own_keys: tuple[tuple[str, ...], ...] = ()

    @property
    def style(self) -> Style:
        """How blocks are to look."""
        number, context = self.question.card.number, self.context
        return style_for(self.board.out, self.board.say, number, context.library.by_number, context.address)

    def show_question(self) -> None:
        """How far the session is, the entry's title, what is asked, and what the kind shows beside."""
        question, say, style, out = self.question, self.board.say, self.style, self.board.out
        title = language_text(question.entry.summary.titles, say.language)
        standing = ((question.is_again, "once more"), (question.is_new, "new"), (question.is_early, "early"))
        state = next((word for holds, word in standing if holds), "due")
        name = f"{question.card.number}." + (f" {title}" if self.kind.shows_title else "")
        self.board.show(
            [
                [],
                *progress_lines(self.progress, say(state), out, say, style.width),
                *wrap([(name, "dim")], style.width),
                [],
                *lay_out(question.item.wording(say.language).question, style),
            ]
        )
        self.board.paint(self.kind.asked_lines(self))

    # What the learner may do meanwhile

    def offer(self, *own: tuple[str, ...], labels: Collection[str] = (), is_typed: bool = False) -> None:
        """Show the keys that work now: the question's own, then the commands that are worth a place.

        Args:
            own: keys that are no commands, each with what it does, and a sentence for the help where that needs one.
            labels: keys that name options: a command of that letter wants its colon.
            is_typed: whether a line is typed, where every command wants it.
        """
        self._own_keys, self._labels, self._is_typed = own, labels, is_typed
        named = [row for row in self.commands() if self.moment in row.named]
        self.board.keys(*((key, name) for key, name, *_ in own), *((self.key_of(row), row.name) for row in named))

    def commands(self) -> list[Command]:
        """Those that work now."""
        return [row for row in COMMANDS if self.moment in row.when and self.has(row)]

    def has(self, row: Command) -> bool:
        """Whether a command is one for items of this kind."""
        return not row.is_own or row.letter in self.kind.own_commands

    def key_of(self, row: Command) -> str:
        """How a command is typed here."""
        return f":{row.letter}" if self._is_typed or row.letter in self._labels else row.letter

    def key(self) -> str:
        """The next key that is no command.

        Raises:
            Wish, Leave: the key was a command for that.
        """
        while not (key := self._own(self.board.read_key())):
            pass
        return key

    def key_within(self, seconds: float) -> str:
        """The same, or nothing if none comes in time.

        Raises:
            Wish, Leave: the key was a command for that.
        """
        return self._own(self.board.read_key_within(seconds, redraws=True))

    def _own(self, key: str) -> str:
        """A key that is no command, or one that the kind's own asking does; any other is done, and nothing remains."""
        if key == END:
            raise Leave
        if len(key) != 1:  # none, Enter, an arrow
            return key
        if key.lower() in self._labels:
            return key.lower()
        letter = key
        if key == ":":
            if not (letter := self.board.read_command()):
                self.show_keys()
                return ""
        elif (row := command_of(key)) is None or not self.has(row):
            return key
        if self._is_kinds(letter):
            return letter
        self.do(letter)
        return ""

    def _is_kinds(self, letter: str) -> bool:
        """Whether a command is done by the asking of the item's kind."""
        row = command_of(letter)
        return row is not None and row.do is None and self.has(row) and self.moment in row.when

    def command(self, line: str) -> bool:
        """Whether a typed line was a command, which is then done; or one that does not exist, which is told.

        Raises:
            Wish, Leave: it was one for that.
        """
        text = narrow(line.strip())
        if text == "?":
            self.do(text)
        elif _COMMAND.fullmatch(text):
            self.do(text[1:])
        else:
            return False
        return True

    def do(self, letter: str) -> None:
        """Do a command, or say why not.

        Raises:
            Wish, Leave: it was one for that.
        """
        row = command_of(letter)
        if row is None or not self.has(row) or row.do is None:
            self.tell(self.board.say("there is no command :{letter}; :? names those that there are", letter=letter))
        elif self.moment not in row.when:
            (when,) = row.when
            self.tell(self.board.say("{key} {works}", key=self.key_of(row), works=self.board.say(when.value)))
        else:
            row.do(self)

    def mark(self, marking: Marking) -> None:
        """Mark the question's item.

        Raises:
            LeftOut: it is not to be asked any more, and was not answered yet.
        """
        if self.on_mark(marking) and self.moment is Moment.BEFORE:
            raise LeftOut
        self.show_keys()

    def tell(self, text: str) -> None:
        """Say in a line what a key does not do."""
        self.board.show(wrap([(text, "warn")], self.board.out.width))
        self.show_keys()

    def show_keys(self) -> None:
        """The keys once more, under what was shown; a line that is typed has its prompt there."""
        if not self._is_typed:
            self.board.settle()  # a key that is held says its one thing once
            self.board.show_keys()

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
            self.ungraded = Stopped()
        except KbError as error:
            self.ungraded = error
        finally:
            self.board.drop_keys()  # no key that was pressed meanwhile answers what comes next
        self.board.tell(self.ungraded)
        return None

    def show_hint(self) -> None:
        """The next rung of the ladder; a rung that is shown is help, and the ladder's end is none."""
        board, say = self.board, self.board.say
        try:
            hint = self.kind.hint(self.examiner, self.question, self.attempt.rungs + 1, say)
        except NoKey:
            raise
        except KeyboardInterrupt:
            board.tell(Stopped())
            hint = None
        except KbError as error:
            board.tell(error)
            hint = None
        else:
            if hint is None:
                board.print([(say("there is no further hint"), "warn")])
        if hint is not None:
            self.attempt.rungs += 1
            self.attempt.helps += 1
            self.attempt.struck |= {hint.struck} - {0}
            self.attempt.marked -= self.attempt.struck
            name = say("hint {number}", number=self.attempt.rungs)
            board.show([[], [(name, "dim")], *lay_out(hint.blocks, self.style), []])
        self.show_keys()

    def show_help(self) -> None:
        """What every key does that works now, as it is typed here."""
        say, width = self.board.say, self.board.out.width
        rows = [
            *((key, texts[-1]) for key, *texts in self._own_keys),
            *((self.key_of(row), row.help) for row in self.commands()),
        ]
        lines: list[Line] = [[]]
        column = max(len(key) for key, _ in rows)
        for key, what in rows:
            lines += wrap([(say.of(Message(what)), "")], width, f"  {key:<{column}}  ")
        if not self._is_typed:
            lines += wrap([(say("every command also works behind a colon, everywhere: :h"), "dim")], width)
        self.board.show([*lines, []])
        self.show_keys()

    def open_entry(self) -> None:
        """The whole entry, then the scene again."""
        from kb.screen.entry_lines import entry_page

        context, board = self.context, self.board
        number = self.question.card.number
        self.attempt.helps += self.moment is Moment.BEFORE
        page = entry_page(
            number, context.library, context.records, context.torch, board.out, board.say, context.address
        )
        with board.lent():
            board.out.page(page)
        board.redraw()

    def switch_language(self) -> None:
        """Go on in the next of the deck's languages: the scene and its keys again, in that one."""
        self.board.say = switched(self.board.say, self.context.library.deck.languages)
        self.board.redraw()

    def run_proof(self) -> None:
        """Run what shows the key to be right, its output as it comes."""
        board, snippet = self.board, self.question.entry.snippet
        try:
            job = self.examiner.proof(self.question)
        except NoKey as error:
            board.tell(error)
            return
        if job is None:
            self.tell(board.say("nothing to run"))
            return
        board.show([*code_lines(job.source or "", "python", self.style), []])
        if board.is_cut:  # who leaves in the middle of it wants no run either
            self.show_keys()
            return
        waiting = Waiting(board, self.examiner.stop)
        try:
            done = waiting.result_of(lambda: self.examiner.run(job, waiting.print))
        except (KeyboardInterrupt, Stopped):  # before it ran
            done = None
        board.drop_keys()
        if done is None or done.outcome is Outcome.INTERRUPTED:
            self.tell(board.say("stopped"))
            return
        source = job.source or (snippet.source if snippet else "")
        board.out.print(run_summary(done, source, board.out, board.say))
        self.show_keys()
