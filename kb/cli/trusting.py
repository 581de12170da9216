"""Trusting at the terminal: what of a deck would run is shown, and its reader is asked whether it may."""

import os
import sys
from collections.abc import Iterable, Sequence

from kb.cli.confirming import confirmed as asked
from kb.context import Context
from kb.deck.entry import Entry
from kb.deck.trust import Untrusted, imported_names, scripts_of
from kb.run.folder import find_temporary_folder
from kb.run.isolation import find_isolation
from kb.screen.layout import Line, wrap

MOST = 12
"""Entries that are named one by one."""


def ask_trust(context: Context, numbers: Iterable[int], may_ask: bool = True) -> None:
    """See that the entries' code may run; whoever sits at a terminal is asked about what is new.

    Raises:
        Untrusted: it may not.
    """
    if context.trust.is_whole:
        return
    strange = strange_entries(context, numbers)
    if not strange:
        return
    if not (may_ask and can_ask(context)):
        raise Untrusted(context.trust.deck)
    context.err.print(strange_lines(context, strange))
    if not confirmed(context):
        raise Untrusted(context.trust.deck)
    context.trust.give(strange)


def can_ask(context: Context) -> bool:
    """Whether somebody is there who can answer."""
    return sys.stdin.isatty() and context.err.is_terminal


def confirmed(context: Context) -> bool:
    """Ask whether the code that was shown may run."""
    return asked(context, context.say("Trust it, and let it run?"))


def strange_entries(context: Context, numbers: Iterable[int]) -> list[Entry]:
    """Those whose code is new, or has changed since it was trusted."""
    return [entry for entry in map(context.library.entry, numbers) if not context.trust.covers(entry)]


def strange_lines(context: Context, strange: Sequence[Entry], shows_all: bool = False) -> list[Line]:
    """What would be trusted: how much of which entries, and what it imports."""
    say, trust, width = context.say, context.trust, context.err.width
    lines: list[Line] = [
        [(str(trust.deck), "code"), (": ", ""), (say("code that is not trusted yet"), "warn")],
    ]
    shown = strange if shows_all else strange[:MOST]
    for entry in shown:
        scripts = scripts_of(entry)
        count = sum(len(script.splitlines()) for script in scripts)
        state = say("changed since it was trusted") if trust.knows(entry) else say("never trusted")
        size = say("{scripts} {scripts:script|scripts}, {count} {count:line|lines}", scripts=len(scripts), count=count)
        title = entry.summary.title(say.language)
        lines += wrap([(f"{entry.number}. {title}", ""), (f"  {size}, {state}", "dim")], width, "  ")
    if len(strange) > len(shown):
        lines.append([(say("{count} more {count:entry|entries}", count=len(strange) - len(shown)), "dim")])
    if names := imported_names(strange):
        lines += wrap([(say("It imports: {names}", names=", ".join(names)), "")], width, "  ")
    if not any(find_isolation(find_temporary_folder(), os.environ)):
        what = say("Nothing isolates it on this system: it runs as you, with your files and your network.")
        lines += wrap([(what, "warn")], width, "  ")
    lines += wrap([(say("kb trust {deck:typed} --code shows every line", deck=trust.deck), "dim")], width, "  ")
    return lines


def code_lines(strange: Iterable[Entry]) -> list[Line]:
    """Every line of it."""
    lines: list[Line] = []
    for entry in strange:
        for script in scripts_of(entry):
            lines += [[(f"── {entry.number}", "heading")], *([(line, "code")] for line in script.splitlines()), []]
    return lines
