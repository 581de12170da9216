"""``kb help``: a command explained, or a page on a topic."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.completion import one_of
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.output import show_json
from kb.errors import UsageError

TOPICS = ("keys", "search", "format", "wire")
"""Pages that lie in ``topics``, in every language. ``search`` is a command, too: its page comes first."""

EXAMPLES = {
    "kb help keys": "what every key does",
    "kb help search": "what may be searched for, and how",
    "kb help format": "how entries are written",
    "kb help wire": "how a program drives the quiz",
    "kb help run": "a command; the same as kb run --help",
}


def command(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]", help="keys, search, format, wire, or a command.", autocompletion=one_of(*TOPICS)
        ),
    ] = None,
    as_json: Json = False,
    deck: DeckDir = None,  # noqa: ARG001 every command takes it
    lang: Lang = None,
) -> None:
    """Explain a command, or a topic: keys, search, format, wire."""
    from kb.screen.language import spoken_language

    language = spoken_language(["--lang", lang] if lang else [], os.environ)
    if topic in TOPICS:
        source = (Path(__file__).parent / "topics" / f"{topic}.{language}.md").read_text(encoding="utf-8")
        if as_json:
            show_json({"topic": topic, "markdown": source})
        else:
            show_page(source)
        return
    text = help_of(topic)
    if as_json:
        show_json({"topic": topic, "text": text})
    else:
        print(text)


def show_page(source: str) -> None:
    """Print a page, through the pager where it is longer than the screen."""
    from kb.deck.markdown import read_markdown
    from kb.screen.highlight import python_lines
    from kb.screen.layout import Style, lay_out
    from kb.screen.terminal import Terminal

    out = Terminal(sys.stdout)
    style = Style(min(out.width, 100), not out.has_colours, lambda span: [(span.text, "link")], python_lines)
    out.page(lay_out(read_markdown(source).blocks, style))


def help_of(name: str | None) -> str:
    """The help of a command, or of all.

    Raises:
        UsageError: there is neither a topic nor a command of that name.
    """
    from kb.cli.app import COMMANDS, app, help_text, load

    if name is None:
        return help_text("", typer.main.get_command(app))
    if name not in COMMANDS:
        raise UsageError(
            "no help on {name!r}",
            "topics are {known}; kb --help lists the commands",
            name=name,
            known=", ".join(TOPICS),
        )
    return help_text(name, load(name))
