"""``kb explain``: from an error message to the entries that explain it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.arguments import with_dashes
from kb.cli.opening import open_context
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import KbError, UsageError
from kb.places import home_path

LOGS = (".log", ".txt", ".out", ".err", ".py", ".ipynb")
"""How the name of a file ends that an error may stand in."""

EXAMPLES = {
    "python train.py 2>&1 | kb explain": "explain what a program printed",
    "kb explain mat1 and mat2 shapes cannot be multiplied": "explain a message",
    "kb explain < train.log": "explain a log",
}


def arrange(arguments: list[str]) -> list[str]:
    """A message may begin with a dash."""
    return with_dashes(arguments, {})


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="MESSAGE...", help="An error message; without one, standard input is read."),
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Read a log, a traceback or an error message; tell cause, check and cure."""
    from kb.search.explain import Explainer

    if words and len(words) == 1:
        refuse_path(words[0])
    text = " ".join(words) if words else printed_before()
    context = open_context(deck, lang)
    say = context.say
    found = Explainer(context.searcher).explain(text, say.language)
    is_helped = bool(found.explained or found.guesses)
    if as_json:
        show_json(found.to_json(say.language))
    elif is_helped:
        from kb.screen.explanation_lines import explanation_lines

        context.out.print(explanation_lines(found, context.records, context.torch, context.out, say, context.address))
    elif not found.root and not text.strip():
        raise KbError("nothing was printed to explain", "pipe a traceback into it, with 2>&1")
    elif not found.root:
        raise KbError("no error and no warning in this text", "pipe a traceback into it, with 2>&1")
    else:
        shown = found.root if len(found.root) < 120 else f"{found.root[:120]}…"
        raise KbError("no entry explains {error!r}", "kb search takes any words of it", error=shown)
    raise typer.Exit(0 if is_helped else 1)


def refuse_path(word: str) -> None:
    """The name of a file is no message, and would be explained as one.

    Raises:
        UsageError: it is one.
    """
    from kb.deck.manifest import is_file

    path = home_path(Path(word))
    if is_file(path):
        raise UsageError("{name} is a file, not a message", "kb explain < {path:typed}", name=word, path=path)
    if " " not in word and ("/" in word or path.suffix.lower() in LOGS):
        raise UsageError("no file {name}", "give a log with kb explain < FILE, or the words of a message", name=word)


def printed_before() -> str:
    """What another program printed, from the pipe.

    Raises:
        UsageError: there is no pipe.
    """
    if sys.stdin.isatty():
        raise UsageError("no error to explain", "python train.py 2>&1 | kb explain, or kb explain 'the message'")
    from kb.search.log_text import decoded

    return decoded(sys.stdin.buffer.read())
