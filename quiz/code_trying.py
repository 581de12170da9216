"""Trying code: what becomes of lines for a hole, wherever they were written."""

from kb.deck.script import Hole, Snippet
from kb.deck.text import bare_lines
from kb.errors import KbError
from kb.screen.layout import Line, code_lines, wrap
from quiz.asking import Asking
from quiz.door import CODE_LIMIT, admit
from quiz.kinds.kind import Reply
from quiz.pasted_code import Taken, find_fault, take_lines
from quiz.rejection_lines import fault_lines, rejection_lines
from quiz.surroundings import BLANK, blanked, hole_marks


class Trying:
    """The tries at one hole."""

    def __init__(self, asking: Asking, snippet: Snippet, hole: Hole) -> None:
        self.asking = asking
        self.board = asking.board
        self.attempt = asking.attempt
        """With the learner's lines as they stand, and how many were rejected."""
        self.snippet = snippet
        self.hole = hole
        self.reason: list[Line] = []
        """Why the last one was."""

    def command(self, command: str) -> None:
        """Do what a command says.

        Raises:
            Wish, Leave: it was one for that.
        """
        if command == ":w":
            self.show_whole()
        else:
            self.asking.command(command)

    def tried(self, given: str) -> Reply | None:
        """What becomes of lines as they were given; None if they were not right, which is told."""
        try:
            return self.graded(take_lines(admit(given, CODE_LIMIT), self.snippet, self.hole.name))
        except KbError as error:
            self.board.tell(error)
            return None

    def graded(self, taken: Taken) -> Reply | None:
        """What becomes of lines; None if they were not right, which is told.

        Raises:
            NoKey: no lines can be graded here.
        """
        asking, board, say = self.asking, self.board, self.board.say
        if not taken.lines.strip():
            board.print([(say("an answer is empty"), "warn")])
            return None
        if taken.notes:
            text = say("taken: {what}", what="; ".join(say.of(note) for note in taken.notes))
            board.show(wrap([(text, "dim")], board.out.width))
        self.attempt.lines = taken.lines
        if fault := find_fault(taken.lines):  # nothing was tried: it says nothing about what the learner knows
            self.reason = fault_lines(fault, taken.lines, board.out, say)
            board.show(self.reason)
            return None
        board.print([(say("checking") + " …", "dim")])
        grade = asking.graded(taken.lines)
        if grade is None:
            return None
        if grade.correct:
            self.attempt.helps += self.attempt.tries
            return Reply(taken.lines, grade)
        self.attempt.tries += 1
        self.reason = rejection_lines(grade, taken.lines, self.snippet, self.hole, board.out, say)
        board.show(self.reason)
        return None

    def show_whole(self) -> None:
        """The whole snippet with the learner's lines in the hole, then the scene again."""
        board = self.board
        lines = bare_lines(blanked(self.snippet, self.hole.name))
        opened, closed = hole_marks(lines, self.hole.name)
        lines[opened + 1 : closed] = self.hole.indented(self.attempt.lines or BLANK)
        page = code_lines("\n".join(lines), "python", self.asking.style)
        with board.lent():
            board.out.page(page)
        board.redraw()
