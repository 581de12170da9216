"""``kb run``: a snippet executed, and what came of it."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.opening import open_context
from kb.cli.options import DEVICES, DeckDir, EntryWord, Json, Lang
from kb.cli.output import show_json
from kb.errors import INTERRUPTED, KbError, UsageError

if TYPE_CHECKING:
    from kb.cli.execute import Wish
    from kb.context import Context
    from kb.deck.script import Snippet
    from kb.run.job import Run

TIMED_OUT = 124
"""The exit code after a time limit, as ``timeout`` has it."""


def command(
    entry: EntryWord,
    device: Annotated[
        str, typer.Option("--device", help="cpu, cuda, mps, auto, or both: run twice and compare.")
    ] = "cpu",
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds until it is killed.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever the file is saved.")] = False,
    edit: Annotated[bool, typer.Option("--edit", help="Open a copy of your own in $EDITOR, then run it.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Run your own copy.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what your copy changes.")] = False,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="No curve under the output.")] = False,
    as_json: Json = False,
    deck: DeckDir = None,
    lang: Lang = None,
) -> None:
    """Run an entry's snippet and tell what came of it."""
    from kb.cli.execute import Wish, check_device, run_shown, watch_shown

    check_device(device, (*DEVICES, "both"))
    if timeout is not None and not timeout > 0:
        raise UsageError(f"--timeout {timeout:g} is no time", "give seconds above 0")
    if as_json and (watch or edit or diff):
        raise UsageError("--json goes with a plain run", "leave --watch, --edit and --diff out")
    if watch and device == "both":
        raise UsageError("--watch runs on one device at a time", "name one; the key d changes it")
    context = open_context(deck, lang)
    number = context.number(entry)
    wish = Wish(device, timeout, mine or edit, not no_plot)
    if edit:
        edit_copy(context, number)
    if diff:
        show_changes(context, number)
    elif watch:
        watch_shown(context, number, wish)
    elif device == "both":
        raise typer.Exit(run_on_both(context, number, wish, as_json))
    else:
        done = run_shown(context, number, wish, is_silent=as_json)
        if as_json:
            show_json({"entry": number, **done.to_json()})
        raise typer.Exit(exit_code(done))


def edit_copy(context: "Context", number: int) -> None:
    """Open the learner's copy of a snippet in their editor; it is made if there is none."""
    from kb.cli.own_copies import edit_own

    edit_own(context.places.mine, context.library.summary(number), original_of(context, number), os.environ)


def show_changes(context: "Context", number: int) -> None:
    """Print what the learner's copy changes."""
    from kb.cli.own_copies import difference, read_own

    original = original_of(context, number)
    mine = read_own(context.places.mine, context.library.summary(number))
    context.out.print(difference(original, mine, context.out.width))


def original_of(context: "Context", number: int) -> "Snippet":
    """The deck's snippet.

    Raises:
        KbError: the entry has none.
    """
    original = context.library.entry(number).snippet
    if original is None:
        raise KbError(f"entry {number} has no snippet", f"kb show {number} shows its text")
    return original


def run_on_both(context: "Context", number: int, wish: "Wish", as_json: bool) -> int:
    """Run on the CPU and on the accelerator, and compare; the exit code."""
    from kb.cli.execute import run_both

    runs, differences = run_both(context, number, wish, is_silent=as_json)
    if as_json:
        rows = [{"line": one.line, "ours": one.ours, "theirs": one.theirs} for one in differences]
        show_json({"entry": number, "runs": [done.to_json() for done in runs], "differences": rows})
    return 1 if differences else max(exit_code(done) for done in runs)


def exit_code(done: "Run") -> int:
    """The command's own exit code for a run."""
    from kb.run.job import Outcome

    if done.outcome is Outcome.TIMED_OUT:
        return TIMED_OUT
    if done.outcome is Outcome.INTERRUPTED:
        return INTERRUPTED
    return 0 if done.passed else 1
