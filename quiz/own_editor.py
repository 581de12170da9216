"""The learner's own editor: lines for a hole, with the whole snippet around them, graded whenever they are saved."""

import os
import subprocess
import sys
import termios

from kb.errors import KbError
from kb.screen.editor import check_end, chosen_editor, start_editor
from kb.screen.keys import ENTER
from kb.screen.language import language_text
from kb.screen.layout import lay_out, wrap
from quiz.code_trying import Trying
from quiz.draft import Draft, draft_path
from quiz.kinds.kind import Reply

LOOK = 0.1
"""Seconds between two looks at a file that is being edited."""

LINE_EDITORS = ("ed", "ex", "red")
"""Editors that read lines from the terminal: nothing may be shown or read there while they run."""

COMMENT_WIDTH = 88
"""Cells of a line of the comments on top of a draft."""


class OwnEditor:
    """Takes lines for a hole from a draft in the learner's editor."""

    def __init__(self, trying: Trying) -> None:
        self.trying = trying
        self.asking = trying.asking
        self.board = trying.board
        folder = self.asking.context.places.data / "drafts"
        entry = self.asking.question.entry.summary.folder
        self.draft = Draft(draft_path(folder, entry, trying.hole.name), trying.snippet, trying.hole)
        self.is_open = False
        """Whether the learner has opened the draft."""

    def take(self) -> Reply | None:
        """Take lines until they are right or the learner gives up; None if the prompt is to be used.

        Raises:
            Wish, Leave: the learner wants something else.
        """
        board = self.board
        reply, is_there = self.opened()
        if not is_there:
            return None
        if reply is None:
            self.asking.offer(("Enter", "open it again"), ("p", "type here instead"))
        while reply is None:
            key = self.asking.key_within(LOOK)
            if key == "p":
                return None
            if key in (ENTER, "e"):
                reply, _ = self.opened()
            elif key == "w":
                self.trying.show_whole()
            elif self.draft.is_saved():
                reply = self.of_draft()
            else:
                continue
            if reply is None:
                board.show_keys()
        return reply

    def opened(self) -> tuple[Reply | None, bool]:
        """What becomes of the draft once it was opened, and whether it could be: if not, it is told."""
        try:
            command = chosen_editor(os.environ)
            self.write_draft()
            return self.open(command), True
        except KbError as error:
            self.board.tell(error)
            return None, False

    def close(self) -> None:
        """Say where the draft is: it was not graded. One in which nothing is written goes."""
        if not self.is_open:
            return
        if self.draft.is_blank():
            self.draft.remove()
            return
        text = self.board.say("your lines are kept in {path}", path=self.draft.path)
        self.board.out.print([[], *wrap([(text, "")], self.board.out.width)])

    def write_draft(self) -> None:
        """Make the file ready, with what is asked, and why the last try was rejected, as comments on top.

        Raises:
            KbError: it cannot be written.
        """
        say = self.board.say
        if not self.is_open and not self.trying.attempt.lines and (kept := self.draft.kept()):
            self.trying.attempt.lines = kept
            self.board.print([(say("your lines of last time are in it"), "dim")])
        question = self.asking.question
        style = self.asking.style._replace(width=COMMENT_WIDTH, is_plain=True)
        title = f"{question.card.number}. {language_text(question.entry.summary.titles, say.language)}"
        what = say(
            "Write your lines between # hole: {name} and # end, then save: they are run.", name=self.trying.hole.name
        )
        parts = [
            wrap([(title, "")], COMMENT_WIDTH),
            lay_out(question.item.wording(say.language).question, style),
            self.trying.reason,
            wrap([(what, "")], COMMENT_WIDTH),
        ]
        lines = [line for part in parts if part for line in (*part, [])]
        heading = "\n".join(f"# {''.join(text for text, _ in line)}".rstrip() for line in lines)
        self.draft.write(self.trying.attempt.lines, heading.rstrip("#\n") + "\n\n")
        self.is_open = True

    def open(self, command: list[str]) -> Reply | None:
        """Open the draft and wait until it is saved or the editor is left; what becomes of the lines.

        An editor that takes the terminal for itself is waited for until it gives it back. One that leaves it alone has
        a window of its own: it may stay open.

        Raises:
            KbError: the editor does not start, or ends with an error.
        """
        board, say = self.board, self.board.say
        text = say("{path} is open in {editor}: save it, and it is graded", path=self.draft.path, editor=command[0])
        board.show(wrap([(text, "dim")], board.out.width))
        process = None
        with board.lent():
            try:
                process = start_editor(command, self.draft.path)
                is_saved = self._wait_for_save(process, os.path.basename(command[0]) in LINE_EDITORS)  # noqa: PTH119
            except KeyboardInterrupt:  # the editor got it, too
                is_saved = False
        board.drop_keys()
        is_saved = is_saved or self.draft.is_changed()
        if process is not None and process.poll():
            check_end(command, process.returncode)
        return self.of_draft() if is_saved else None

    def _wait_for_save(self, process: "subprocess.Popen[bytes]", uses_terminal: bool) -> bool:
        """Whether the draft was saved by an editor with a window of its own; False once the editor has ended."""
        while True:
            try:
                process.wait(LOOK)
            except subprocess.TimeoutExpired:
                pass
            else:
                return False
            if self.draft.is_saved() and not uses_terminal and _edits_lines():
                return True

    def of_draft(self) -> Reply | None:
        """What becomes of the lines in the draft."""
        board, say = self.board, self.board.say
        try:
            found = self.draft.read()
        except KbError as error:
            board.tell(error)
            return None
        if found.outside:
            text = say("what you changed outside the hole does not count: line {line}", line=found.outside)
            board.show(wrap([(text, "warn")], board.out.width))
        return self.trying.graded(found.taken)


def _edits_lines() -> bool:
    """Whether the terminal is as a shell has it: no program has taken it for itself."""
    try:
        return bool(termios.tcgetattr(sys.stdin.fileno())[3] & termios.ICANON)
    except termios.error:
        return False
