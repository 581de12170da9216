"""The command line: a table of commands, of which the one that is asked for is loaded; and every error in one line.

A command is the function ``command`` of the file that has its name. It opens what it needs, asks, and shows.
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

from kb.cli.opening import open_desk
from kb.errors import INTERRUPTED, KbError

COMMANDS = {
    "search": "Find entries; a bare number opens that entry.",
    "explain": "Read a traceback or an error message, and name the entries that explain it.",
    "show": "Show an entry.",
    "list": "List all topics by chapter.",
    "run": "Run an entry's snippet and tell what came of it.",
    "warm": "Keep a worker with torch imported, so that kb run starts at once.",
    "quiz": "Be asked: due questions first, then new ones.",
    "undo": "Take the last answer back, also tomorrow. Names it and asks first; kb redo lets it count again.",
    "redo": "Let what kb undo or kb reset took back last count again.",
    "stats": "Show how well you remember: retention, what is due when, days, the weakest areas and entries.",
    "optimize": (
        "Fit the schedule to your own log; the default stays unless the fit predicts your later answers better."
    ),
    "reset": (
        "Forget progress, of everything or of some entries. Shows what goes and asks first; kb redo brings it back."
    ),
    "log": "Show where your answers lie; merge them with another folder, take a copy in, or check them.",
    "verify": "Run everything that can be run, and see that what must fail fails.",
    "check": "Check the form of a deck, without running anything.",
    "paths": "Show where things lie.",
}
"""Every command with its help as the list of all shows it. A test holds them against the files and their docstrings."""


class Commands(TyperGroup):
    """The commands of the table. Help, completion and guesses at a misspelt name need no more than the table."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that arguments begin with, loaded."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load(found.name or ""), rest

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """What the arguments say."""
        with telling_interrupts():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with telling_interrupts():
            return super().invoke(ctx)


@contextmanager
def telling_interrupts() -> Iterator[None]:
    """Ctrl-C that nobody handled is told: typer would make an exit code of it, and no word."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Abort from error


def load(name: str) -> Any:
    """A command with its options, from the file that has its name."""
    own = typer.Typer(add_completion=False, rich_markup_mode=None)
    own.command(name)(import_module(f"kb.cli.{name}").command)
    return typer.main.get_command(own)


app = typer.Typer(
    name="kb",
    cls=Commands,
    help="An executable PyTorch knowledge base: search it, run it, be asked.",
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,  # rich would cost every --help 40 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def home(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """An executable PyTorch knowledge base: search it, run it, be asked."""
    if version:
        from importlib.metadata import version as installed

        print(f"kb {installed('torch-kb')}")
    elif context.invoked_subcommand is None:
        if not sys.stdout.isatty():
            print(context.get_help())
            return
        from quiz.home import show_home

        show_home(open_desk(None, None), time.time())


def run_app(arguments: list[str]) -> int:
    """Run a command; returns the exit code. Every error is one line on stderr, and a code that tells its kind."""
    try:
        code = app(arguments, prog_name="kb", standalone_mode=False)
        sys.stdout.flush()
    except KbError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted; nothing is lost", INTERRUPTED)
    except typer.TyperException as error:  # bad usage
        command = getattr(getattr(error, "ctx", None), "command_path", "kb")
        message = error.format_message().rstrip(".").replace("\n", " ")
        return _fail(f"{message[:1].lower()}{message[1:]}; {command} --help shows what is possible", 2)
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}; free space or mend permissions", 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    sys.stdout.flush()
    print(f"kb: {' '.join(message.split())}", file=sys.stderr)
    return code
