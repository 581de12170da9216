"""``kb undo``: the last answer taken back."""

import time

from kb.cli.opening import open_desk
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError


def command(deck: DeckDir = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take the last answer back, also tomorrow."""
    desk = open_desk(deck, lang)
    taken = desk.progress.undo(time.time()) if desk.places.progress.exists() else None
    if taken is None:
        raise KbError(desk.say("nothing to take back"), "kb quiz asks")
    if as_json:
        show_json({"item": taken.item})
    else:
        desk.out.print([[(desk.say("taken back: {item}", item=taken.item), "")]])
