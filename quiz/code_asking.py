"""Asking for code: lines typed at the prompt or written in the learner's own editor, as often as it takes."""

from kb.deck.script import Hole, Snippet
from kb.screen.keys import END
from kb.screen.layout import wrap
from quiz.asking import Asking
from quiz.board import Leave
from quiz.code_input import Typed
from quiz.code_trying import Skip, Trying
from quiz.kinds.kind import Reply
from quiz.own_editor import OwnEditor

_KEYS = (
    *(("Enter Enter", "confirm"), (":e", "$EDITOR"), (":h", "hint"), (":t", "task"), (":s", "skip")),
    *((":g", "give up"), (":?", "help"), (":q", "quit")),
)


def ask_code(asking: Asking, snippet: Snippet, hole: Hole) -> Reply | None:
    """Take lines for a hole until they are right or the learner gives up; None if the question is skipped."""
    trying = Trying(asking, snippet, hole)
    editor = OwnEditor(trying)
    is_in_editor = asking.in_editor
    reply: Reply | None = None
    try:
        while (reply := editor.take() if is_in_editor else take_typed(trying)) is None:
            is_in_editor = not is_in_editor
        editor.draft.remove()
    except Skip:
        pass
    finally:
        if reply is None:
            editor.close()
    return reply


def take_typed(trying: Trying) -> Reply | None:
    """Lines typed at the prompt; None if the learner wants the editor.

    Raises:
        Skip, Leave, Undo, Redo: the learner wants that.
    """
    board, last = trying.board, Typed("")
    while True:
        board.keys(*_KEYS)
        typed = board.read_lines(board.say("Your lines"), trying.lines)
        trying.lines = typed.lines
        if typed.command == ":e":
            return None
        if typed.command == END:
            if last == typed:
                raise Leave
            text = board.say("Ctrl-D again leaves, and what is typed here goes with it")
            board.show(wrap([(text, "warn")], board.out.width))
        elif reply := trying.command(typed.command) if typed.command else trying.tried(typed.lines):
            return reply
        last = typed
