"""``kb suspend``: questions that are not asked any more."""

from kb.cli.marking import Items, Off, mark_named
from kb.cli.options import DeckDir, Json, Lang

EXAMPLES = {
    "kb suspend 61/its-id": "never be asked this again; in a quiz the key x does it",
    "kb suspend 61": "none of the questions of entry 61",
    "kb suspend 61/its-id --off": "be asked it again, also if it was buried for today",
}


def command(items: Items, off: Off = False, as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Be asked a question never again, until that is taken back; kb list --suspended names them."""
    mark_named(items, ["suspend", "bury"], not off, as_json, deck, lang)
