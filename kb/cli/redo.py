"""``kb redo``: what was taken back counts again."""

import time

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError

EXAMPLES = {
    "kb redo": "let it count again",
}


def command(deck: DeckDir = None, lang: Lang = None, as_json: Json = False) -> None:
    """Let what kb undo or kb reset took back last count again."""
    from quiz.undo_lines import given_lines

    desk = open_desk(deck, lang)
    given = desk.log.redo(time.time())
    if not given:
        raise KbError("nothing was taken back", "kb undo takes the last answer back")
    if as_json:
        show_json({"counted": len(given), "items": list(dict.fromkeys(one.item for one in given))})
    else:
        desk.out.print(given_lines(given, desk.say, desk.out.width))
