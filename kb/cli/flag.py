"""``kb flag``: questions to look at later."""

from kb.cli.marking import Items, Off, mark_named
from kb.cli.options import DeckDir, Json, Lang

EXAMPLES = {
    "kb flag 61/its-id": "flag a question; in a quiz the key ! does it",
    "kb flag 61/its-id --off": "it is done with",
}


def command(items: Items, off: Off = False, as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Flag a question, to look at it later; it is asked as before. kb list --flagged names them."""
    mark_named(items, ["flag"], not off, as_json, deck, lang)
