"""``kb search``: from words to the entries that hold them."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.arguments import with_dashes
from kb.cli.finding import find
from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_entry

if TYPE_CHECKING:
    from kb.context import Context

EXAMPLES = {
    "kb search lstm": "entries on LSTM, in both languages",
    "kb search 梯度 消失": "the same in Chinese",
    "kb search lstm -cell": "with lstm and without cell",
    "kb search '\"hidden state\"' level:2": "a phrase, of one level",
    "kb search nn.CrossEntropyLoss": "an API name, whole or in part",
    "kb search": "search while typing, at a terminal",
}


def arrange(arguments: list[str]) -> list[str]:
    """Words that begin with a dash are words, wherever they stand."""
    return with_dashes(arguments, {"--limit": True, "-n": True, "--all": False, "--open": False})


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS...",
            help='Words in any language, "a phrase", -word, tag:, area:, api:, level:. None: search while typing.',
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", min=1, help="How many hits at most, however far below the first."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that match, each entry by itself.")] = False,
    open_first: Annotated[bool, typer.Option("--open", help="Show the first hit.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Find entries; a bare number opens that entry."""
    text = " ".join(_quoted(word) for word in words or [])
    if not text.strip() and not words and not as_json and sys.stdin.isatty() and sys.stdout.isatty():
        search_while_typing(open_context(deck, lang))
        return
    raise typer.Exit(find(text, limit, every, open_first, as_json, deck, lang))


def _quoted(word: str) -> str:
    """A word as the query has it: what a shell kept together behind a dash is a phrase that must not be there."""
    is_phrase = word.startswith("-") and " " in word.strip() and '"' not in word
    return f'-"{word[1:]}"' if is_phrase else word


def search_while_typing(context: "Context") -> None:
    """Let the reader type and choose, and do what is chosen."""
    import gc

    from kb.cli.picker import pick

    gc.enable()  # it goes on for as long as somebody types
    chosen = pick(context)
    if chosen is None:
        return
    action, number = chosen
    if action == "run":
        from kb.cli.live import Wish, run_shown

        raise typer.Exit(run_shown(context, number, Wish(), is_silent=False).exit_status)
    if action == "quiz":
        from kb.cli.quiz import command as quiz

        quiz([str(number)], lang=context.say.language, deck=context.deck_path)  # it ends by raising
    show_entry(context, number)
