"""``kb paths``: where things lie."""

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json

EXAMPLES = {
    "kb paths": "where deck, answers, copies and cache lie",
}


def command(as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Show where things lie."""
    context = open_context(deck, lang)
    places = {
        "deck": context.deck_path.absolute(),
        "progress": context.places.logs,
        "copies": context.places.mine,
        "cache": context.places.cache,
    }
    if as_json:
        show_json({name: str(path) for name, path in places.items()})
    else:
        context.out.print([[(f"{context.say(name)}: ", "dim"), (str(path), "")] for name, path in places.items()])
