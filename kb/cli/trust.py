"""``kb trust``: whether the code of a deck may run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang, Yes
from kb.cli.output import show_json
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from kb.context import Context

EXAMPLES = {
    "kb trust mydeck": "show what of it would run, and ask",
    "kb trust mydeck --code": "show every line of that",
    "kb trust mydeck --always": "whatever changes in it: for a deck that you write yourself",
    "kb trust mydeck --withdraw": "nothing of it runs any more",
    "kb trust": "list the decks that you trust",
}


def command(
    deck: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The deck; all that you trust if left out.")
    ] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Show every line that would be trusted, and do not ask.")
    ] = False,
    always: Annotated[bool, typer.Option("--always", help="Trust what changes in it later, too.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Trust nothing of it any more.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    named: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Let a deck's code run. Shows it and asks first; nothing of it runs before."""
    from kb.places import home_path

    deck = deck or named
    if withdraw and (code or always):
        raise UsageError("--withdraw goes alone", "leave --code and --always out")
    if deck is None:
        if code or always or withdraw:
            raise UsageError("no deck is named", "kb trust mydeck")
        list_trusted(open_context(None, lang), as_json)
        return
    context = open_context(home_path(deck), lang)
    if withdraw:
        withdraw_shown(context, as_json)
    elif code:
        show_code(context)
    else:
        give_shown(context, always, yes, as_json)


def list_trusted(context: "Context", as_json: bool) -> None:
    """Show which decks are trusted."""
    from kb.deck.trust import kept_decks

    kept = kept_decks(context.places.trust)
    if as_json:
        decks = [{"deck": one["deck"], "always": one["always"], "entries": len(one["code"])} for one in kept]
        show_json({"decks": decks})
        return
    for one in kept:
        what = (
            context.say("whatever changes")
            if one["always"]
            else context.say("{count} {count:entry|entries}", count=len(one["code"]))
        )
        context.out.print([[(one["deck"], "code"), (f": {what}", "")]])
    if not kept:
        context.err.tell([(context.say("no deck but the built-in one is trusted"), "")])


def withdraw_shown(context: "Context", as_json: bool) -> None:
    """Trust nothing of a deck any more."""
    had_any = context.trust.withdraw()
    if as_json:
        show_json({"deck": str(context.trust.deck), "withdrawn": had_any})
    elif had_any:
        context.err.tell([("✓ ", "good"), (context.say("nothing of {deck} runs", deck=context.trust.deck), "")])
    else:
        context.err.tell([(context.say("nothing of {deck} was trusted", deck=context.trust.deck), "")])


def show_code(context: "Context") -> None:
    """Show every line that is not trusted yet."""
    from kb.cli.trusting import code_lines, strange_entries

    context.out.page(code_lines(strange_entries(context, context.library.by_number)))


def give_shown(context: "Context", always: bool, yes: bool, as_json: bool) -> None:
    """Show what would be trusted, ask, and remember the answer.

    Raises:
        KbError: nobody is there who could be asked, or the answer was no.
    """
    from kb.cli.trusting import can_ask, confirmed, strange_entries, strange_lines

    trust = context.trust
    strange = [] if trust.is_whole else strange_entries(context, context.library.by_number)
    if not as_json and strange:
        context.err.print(strange_lines(context, strange))
    is_wanted = bool(strange) or (always and not trust.is_whole)
    if is_wanted and not yes:
        if as_json or not can_ask(context):
            raise KbError("kb trust asks first, and there is no terminal", "give --yes if you mean it")
        if not confirmed(context):
            raise KbError("nothing is trusted that was not before", "kb trust {deck:typed} asks again", deck=trust.deck)
    if is_wanted:
        trust.give(strange, always)
    if as_json:
        show_json({"deck": str(trust.deck), "always": trust.is_whole, "trusted": [entry.number for entry in strange]})
        return
    told = "the code of {deck} may run, whatever changes" if trust.is_whole else "the code of {deck} may run as it is"
    context.err.tell([("✓ ", "good"), (context.say(told, deck=trust.deck), "")])
