"""The command line: a table of commands, of which the one that is asked for is loaded.

A command is the function ``command`` of the file that has its name, its examples are ``EXAMPLES`` there, and an
``arrange`` puts its arguments into an order that can be read. It opens what it needs, asks, and shows.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from kb.cli.opening import open_desk, other_decks
from kb.cli.options import DeckDir, Json, Lang
from kb.cli.streams import let_go
from kb.errors import UsageError

ROOMS = {
    "Find and read": {
        "search": "Find entries; a bare number opens that entry.",
        "show": "Show an entry.",
        "list": "List all topics by chapter.",
        "explain": "Read a log, a traceback or an error message; tell cause, check and cure.",
    },
    "Run": {
        "run": "Run an entry's snippet and tell what came of it.",
        "warm": "Keep a worker with torch imported, so that kb run starts at once.",
    },
    "Be asked": {
        "learn": "Go through what you do not know yet: read an entry in short, run it, be asked about it.",
        "quiz": "Be asked: due questions first, then new ones.",
        "stats": (
            "Show how well you remember: what was right, what was kept, what is known now; by area, kind and entry."
        ),
        "undo": "Take the last answer back, also tomorrow. Names it and asks first; kb redo lets it count again.",
        "redo": "Let what kb undo or kb reset took back last count again.",
        "reset": (
            "Forget progress, of everything or of some entries. Shows what goes and asks first; kb redo brings it back."
        ),
        "suspend": "Be asked a question never again, until that is taken back; kb list --suspended names them.",
        "flag": "Flag a question, to look at it later; it is asked as before. kb list --flagged names them.",
        "log": "Show where your answers lie; merge them with another folder, take a copy in, or check them.",
        "optimize": (
            "Fit the schedule to your own log; the default stays unless the fit predicts your later answers better."
        ),
    },
    "Write a deck": {
        "decks": "List your own decks: kb search looks there, too, and mydeck:12 is an entry of one.",
        "trust": "Let a deck's code run. Shows it and asks first; nothing of it runs before.",
        "new": "Write a new entry that passes the check, and says in every part what belongs there.",
        "import": "Make entries of notes in Markdown; what lies in the deck already is never changed.",
        "check": "Check the form of a deck, without running anything.",
        "verify": "Run everything that can be run, and see that what must fail fails.",
        "export": "Write a deck, or some of its entries, in a form that other programs read.",
    },
    "About kb": {
        "help": "Explain a command, or a topic: keys, search, format, wire.",
        "paths": "Show where things lie, and what isolates the code that is run.",
    },
}
"""Every command with its help, by what it is for. A test holds them against the files and their docstrings."""

COMMANDS = {name: text for room in ROOMS.values() for name, text in room.items()}

SHORTEST_SLIP = 2
"""Letters up to which a name is like any other."""

SUMMARY = "An executable PyTorch knowledge base: search it, run it, be asked."

EXAMPLES = {
    "kb search gradient explodes": "find entries by words, in English or Chinese",
    "kb show 61": "read entry 61; its snippet runs with kb run 61",
    "kb learn": "go through what you do not know yet",
    "kb quiz": "be asked what is due, then what is new",
    "python train.py 2>&1 | kb explain": "tell the cause of an error, and its cure",
    "kb help keys": "a page on keys; others are search, format and wire",
}


class Documented(TyperCommand):
    """A command whose help is laid out by ``kb.cli.usage``."""

    def get_help(self, ctx: Any) -> str:
        """The help, as it is printed."""
        return help_text(self.name or "", self)


class Commands(TyperGroup):
    """The commands of the table. Help, completion and guesses at a misspelt name need no more than the table."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def get_help(self, ctx: Any) -> str:
        """The help, as it is printed."""
        return help_text("", self)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that arguments begin with, loaded.

        Raises:
            UsageError: there is none of that name.
        """
        name, *rest = args
        if name in COMMANDS:
            return name, load(name), arranged_for(name, rest)
        if name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if near := nearest_command(name):
            raise UsageError("no command {name!r}", "did you mean kb {near}? kb --help lists all", name=name, near=near)
        raise UsageError("no command {name!r}", "kb --help lists all; kb search finds entries", name=name)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """What the arguments say."""
        with telling_ends():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with telling_ends():
            return super().invoke(ctx)


def nearest_command(name: str) -> str:
    """The command that was probably meant: one slip away, two letters that changed places among them, or much like it;
    empty if there is none."""
    from difflib import get_close_matches  # 20 ms that a command that is there does not need

    from rapidfuzz.distance import OSA

    slips = {command: OSA.distance(name, command) for command in COMMANDS}
    best = min(slips, key=slips.__getitem__)
    if len(name) > SHORTEST_SLIP and slips[best] == 1:
        return best
    return next(iter(get_close_matches(name, COMMANDS, n=1, cutoff=0.8)), "")


@contextmanager
def telling_ends() -> Iterator[None]:
    """Ctrl-C that nobody handled is told, and a reader that has enough is no failure: typer would make an exit code of
    either, and no word."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Abort from error
    except BrokenPipeError:
        let_go(sys.stdout)
        raise typer.Exit(0) from None


def load(name: str) -> Any:
    """A command with its options, from the file that has its name."""
    own = typer.Typer(add_completion=False, rich_markup_mode=None)
    own.command(name, cls=Documented)(import_module(f"kb.cli.{name}").command)
    return typer.main.get_command(own)


def arranged_for(name: str, arguments: list[str]) -> list[str]:
    """A command's arguments in an order that can be read."""
    arrange = getattr(import_module(f"kb.cli.{name}"), "arrange", None)
    return arrange(arguments) if arrange else arguments


def help_text(name: str, command: Any) -> str:
    """The help of a command, or of all if it has no name, as this terminal shows it."""
    from kb.cli.usage import WIDTH, command_lines, overview_lines  # what runs a command needs none of this
    from kb.screen.language import spoken_language
    from kb.screen.messages import Speech
    from kb.screen.terminal import Terminal

    terminal, say = Terminal(sys.stdout), Speech(spoken_language(sys.argv[1:], os.environ))
    width = min(terminal.width, WIDTH)
    if name:
        module = import_module(f"kb.cli.{name}")
        examples, terms = getattr(module, "EXAMPLES", {}), getattr(module, "TERMS", {})
        lines = command_lines(command, name, examples, width, say, terms)
    else:
        lines = overview_lines(SUMMARY, EXAMPLES, ROOMS, width, say)
    return "\n".join(terminal.styled(line) for line in lines)


app = typer.Typer(
    name="kb",
    cls=Commands,
    help=SUMMARY,
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,  # rich would cost every --help 40 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def home(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """An executable PyTorch knowledge base: search it, run it, be asked."""
    if version:
        from importlib.metadata import version as installed

        print(f"kb {installed('torch-kb')}")
    elif context.invoked_subcommand is None:
        if not (as_json or sys.stdout.isatty()):
            print(context.get_help())
            return
        from quiz.home import home_json, show_home, show_others

        desk, now = open_desk(deck, lang), time.time()
        if as_json:
            from kb.cli.output import show_json

            show_json(home_json(desk, now))
        else:
            show_home(desk, now)
            show_others(desk, {name: open_desk(path, lang) for name, path in other_decks(deck).items()}, now)
