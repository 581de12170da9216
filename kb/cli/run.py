"""``kb run``: a snippet executed, and what came of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.completion import one_of
from kb.cli.opening import addressed, open_context
from kb.cli.options import DeckDir, EntryWords, Json, Lang
from kb.cli.output import show_json
from kb.errors import UsageError
from kb.run.device import BOTH, CHOICES, CPU, check_device

if TYPE_CHECKING:
    from kb.cli.two_devices import Both
    from kb.context import Context
    from kb.deck.script import Snippet
    from kb.run.job import Run

EXAMPLES = {
    "kb run 61": "run the snippet of entry 61",
    "kb run lstm inside": "run the one that these words find",
    "kb run 61 --edit": "change a copy of your own in $EDITOR, then run it",
    "kb run 61 --mine --watch": "run your copy again whenever it is saved",
    "kb run 61 --device both": "on the CPU and on the GPU, compared",
}


def command(
    entry: EntryWords,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="DEVICE",
            help="cpu, cuda, mps, auto, or both: run twice and compare.",
            autocompletion=one_of(*CHOICES, BOTH),
        ),
    ] = CPU,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long it may take.")] = None,
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
    from kb.cli.live import Wish, run_shown
    from kb.cli.trusting import ask_trust

    check_device(device, (*CHOICES, BOTH))
    if timeout is not None and not timeout > 0:
        raise UsageError("--timeout {timeout:g} is no time", "give seconds above 0", timeout=timeout)
    if as_json and (watch or edit or diff):
        raise UsageError("--json goes with a plain run", "leave --watch, --edit and --diff out")
    if watch and device == BOTH:
        raise UsageError("--watch runs on one device at a time", "name one; the key d changes it")
    entry, deck = addressed(entry, deck)
    context = open_context(deck, lang)
    number = context.chosen_one(entry)
    if edit or not mine:
        ask_trust(context, [number], may_ask=not as_json)
    wish = Wish(device, timeout, mine or edit, not no_plot)
    if edit:
        edit_copy(context, number)
    if diff:
        show_changes(context, number)
    elif watch:
        from kb.cli.watching import watch_shown

        watch_shown(context, number, wish)
    else:
        done: Both | Run
        facts: dict[str, bool] = {}
        if device == BOTH:
            from kb.cli.two_devices import run_both

            done = run_both(context, number, wish, is_silent=as_json)
        else:
            done = run_shown(context, number, wish, is_silent=as_json)
            facts["checked"] = bool(done.executed)  # if not, it says no more than that the script came to its end
        if as_json:
            show_json({"entry": number, **done.to_json(), **facts})
        raise typer.Exit(done.exit_status)


def edit_copy(context: "Context", number: int) -> None:
    """Open the learner's copy of a snippet in their editor; it is made if there is none. Where it lies is said if they
    changed nothing: they may be looking for it."""
    from kb.cli.own_copies import edit_own, own_copy

    summary, original = context.library.summary(number), original_of(context, number)
    before = text_of(own_copy(context.places.mine, summary)) or original.source
    path = edit_own(context.places.mine, summary, original, os.environ)
    if text_of(path) == before:
        told = context.say("nothing was changed; your copy is {path}", path=path)
        context.err.tell([(told, "dim")])


def text_of(path: Path) -> str:
    """What a copy holds; nothing if it cannot be read, which is told when it is run."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def show_changes(context: "Context", number: int) -> None:
    """Print what the learner's copy changes."""
    from kb.cli.own_copies import difference, read_own

    original = original_of(context, number)
    mine = read_own(context.places.mine, context.library.summary(number), context.address)
    if changed := difference(original, mine, context.out.width):
        context.out.print(changed)
    else:
        context.err.tell([(context.say("no changes"), "dim")])


def original_of(context: "Context", number: int) -> "Snippet":
    """The deck's snippet.

    Raises:
        KbError: the entry has none.
    """
    original = context.library.entry(number).snippet
    if original is None:
        raise context.without_snippet(number)
    return original
