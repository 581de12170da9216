"""``kb undo``: the last answer taken back."""

import sys
import time

import typer

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang, Yes
from kb.cli.output import show_json
from kb.errors import KbError

EXAMPLES = {
    "kb undo": "take the last answer back; asks first",
}


def command(yes: Yes = False, deck: DeckDir = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take the last answer back, also tomorrow. Names it and asks first; kb redo lets it count again."""
    from kb.cli.confirming import confirmed
    from quiz.undo_lines import answer_text, taken_lines

    desk = open_desk(deck, lang)
    say = desk.say
    last = desk.log.last()
    if last is None:
        raise KbError("nothing to take back", "kb quiz asks")
    if sys.stdin.isatty() and not (yes or as_json):
        question = say("Take back {answer}?", answer=answer_text(last, say))
        if not confirmed(desk, question):
            raise typer.Exit(1)
    taken = desk.log.undo(time.time(), last.key)
    if taken is None:
        raise KbError("nothing to take back", "kb quiz asks")
    if as_json:
        show_json({"item": taken.item, "given": taken.given, "at": taken.at})
    else:
        desk.out.print(taken_lines(taken, say, desk.out.width))
