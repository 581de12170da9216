"""Asking for code: lines typed at the prompt or written in the learner's own editor, as often as it takes."""

from kb.deck.script import Hole, Snippet
from kb.screen.keys import END
from kb.screen.layout import wrap
from quiz.asking import Asking
from quiz.board import Leave
from quiz.code_input import Typed
from quiz.code_trying import Trying
from quiz.commands import GiveUp, command_of
from quiz.grade import Grade
from quiz.kinds.kind import Reply
from quiz.options import narrow
from quiz.own_editor import OwnEditor


def ask_code(asking: Asking, snippet: Snippet, hole: Hole) -> Reply:
    """Take lines for a hole until they are right or the learner gives up.

    Raises:
        Wish, Leave: the learner wants something else.
    """
    trying = Trying(asking, snippet, hole)
    editor = OwnEditor(trying)
    is_in_editor = asking.in_editor
    reply: Reply | None = None
    try:
        while (reply := editor.take() if is_in_editor else take_typed(trying)) is None:
            is_in_editor = not is_in_editor
        editor.draft.remove()
    except GiveUp:
        reply = Reply(trying.attempt.lines, Grade(False))
        editor.draft.remove()
    finally:
        if reply is None:
            editor.close()
    return reply


def take_typed(trying: Trying) -> Reply | None:
    """Lines typed at the prompt; None if the learner wants the editor.

    Raises:
        Wish, Leave: the learner wants something else.
    """
    board, asking, last = trying.board, trying.asking, Typed("")
    offered = ""
    while True:
        asking.offer(("Enter Enter", "confirm"), is_typed=True)
        typed = board.read_lines(board.say("Your lines"), trying.attempt.lines)
        trying.attempt.lines = typed.lines
        if typed.command == ":e":
            return None
        if typed.command == END:
            if last == typed:
                raise Leave
            text = board.say("Ctrl-D again leaves, and what is typed here goes with it")
            board.show(wrap([(text, "warn")], board.out.width))
        elif typed.command:
            trying.command(typed.command)
        elif typed.lines != offered and (row := command_of(narrow(typed.lines))) and asking.has(row):
            # As where an answer is one line: q alone is nobody's code, and if it is, Enter says so.
            offered = typed.lines
            text = board.say(
                "{key} is the command; Enter Enter gives “{line}” as the answer", key=asking.key_of(row), line=offered
            )
            board.show(wrap([(text, "warn")], board.out.width))
        elif reply := trying.tried(typed.lines):
            return reply
        last = typed
