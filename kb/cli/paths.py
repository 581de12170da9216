"""``kb paths``: where things lie, and what isolates the code that is run."""

import os

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.screen.layout import Line, wrap

EXAMPLES = {
    "kb paths": "where deck, answers, copies and cache lie, and what isolates the code that is run",
}

WORDS = "off, namespaces, landlock"
NONE = "none: code runs as you, with your files and your network"


def command(as_json: Json = False, deck: DeckDir = None, lang: Lang = None) -> None:
    """Show where things lie, and what isolates the code that is run."""
    from kb.run.folder import find_temporary_folder
    from kb.run.isolation import OFF, ONLY, VARIABLE, find_isolation

    context = open_context(deck, lang)
    wanted = os.environ.get(VARIABLE, "")
    if wanted.lower() not in ("", OFF, *ONLY):
        what = context.say("{name}={value} means nothing; write {words}", name=VARIABLE, value=wanted, words=WORDS)
        context.err.tell([(f"kb: {what}", "warn")])
    isolation = find_isolation(find_temporary_folder(), os.environ).names
    places = {
        "deck": context.deck_path.absolute(),
        "progress": context.places.logs,
        "copies": context.places.mine,
        "cache": context.places.cache,
    }
    if as_json:
        show_json({**{name: str(path) for name, path in places.items()}, "isolation": isolation})
    else:
        context.out.print(
            [
                [(context.say("{name}: ", name=context.say(name)), "dim"), (str(path), "")]
                for name, path in places.items()
            ]
        )
        told = ", ".join(isolation) or context.say(NONE)
        named: Line = [(context.say("{name}: ", name=context.say("isolation")), "dim"), (told, "")]
        context.out.print(wrap(named, context.out.width))
