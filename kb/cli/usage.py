"""Usage: what ``--help`` shows of a command: what it does, how it is called, examples, options. Nothing is cut."""

from collections.abc import Mapping, Sequence
from typing import Any

from kb.cli.arguments import COMMON
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from kb.screen.width import width_of

WIDTH = 88
"""Cells of a line at most."""

MOST_NAME = 26
"""Cells of a name at most that stands beside what it means; what means something longer goes on the next line."""

PLAIN = ("--plain", "Nothing is redrawn, nothing told by colour or position alone; KB_PLAIN=1 does the same.")


def command_lines(
    command: Any,
    name: str,
    examples: Mapping[str, str],
    width: int,
    say: Speech,
    terms: Mapping[str, str] | None = None,
) -> list[Line]:
    """The help of one command.

    Args:
        command: as typer made it.
        name: as it is typed.
        examples: command lines, and what each does.
        width: cells of a line.
        say: the reader's language.
        terms: what is printed, and what each of it means.
    """
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    own = [one for one in options if not set(one.opts) & COMMON.keys()]
    common = [one for one in options if set(one.opts) & COMMON.keys()]
    pieces = " ".join(one.metavar for one in arguments)
    usage = f"kb {name} {pieces} [{say('OPTIONS')}]".replace("  ", " ")
    lines = [*wrap([(say(command.help), "")], width), [], *wrap([(usage, "code")], width, say("Usage: ")), []]
    lines += example_lines(examples, width, say)
    if arguments:
        rows = [(one.metavar, say(one.help)) for one in arguments]
        lines += [[(say("Arguments"), "heading")], *table_lines(rows, width), []]
    if own:
        lines += [[(say("Options"), "heading")], *table_lines([_row(one, say) for one in own], width), []]
    if terms:
        rows = [(say(term), say(meaning)) for term, meaning in terms.items()]
        lines += [[(say("What is shown"), "heading")], *table_lines(rows, width), []]
    rows = [*(_row(one, say) for one in common), (PLAIN[0], say(PLAIN[1])), ("-h, --help", say("Show this text."))]
    return [*lines, [(say("Options of every command"), "heading")], *table_lines(rows, width)]


def example_lines(examples: Mapping[str, str], width: int, say: Speech) -> list[Line]:
    """Command lines with what each does; nothing if there are none."""
    if not examples:
        return []
    rows = [(line, say(what)) for line, what in examples.items()]
    return [[(say("Examples"), "heading")], *table_lines(rows, width, most=38), []]


def table_lines(rows: Sequence[tuple[str, str]], width: int, most: int = MOST_NAME) -> list[Line]:
    """Names in one column, what they mean in the next; below it where the name is too long or the screen too narrow."""
    longest = max((width_of(name) for name, _ in rows if width_of(name) <= most), default=0)
    column = min(longest, most) + 4
    is_narrow = width - column < 24
    lines: list[Line] = []
    for name, what in rows:
        if is_narrow or width_of(name) > longest:
            lines += wrap([(name, "code")], width, "  ")
            lines += wrap([(what, "")], width, " " * (4 if is_narrow else column)) if what else []
        else:
            first, *more = wrap([(what, "")], width - column)
            pad = " " * (column - 2 - width_of(name))
            lines.append([("  ", ""), (name, "code"), (pad, ""), *first])
            lines += [[(" " * column, ""), *line] for line in more]
    return lines


def _row(option: Any, say: Speech) -> tuple[str, str]:
    """An option's names with its value's, and what it does."""
    names = ", ".join(sorted(option.opts, key=len))
    value = "" if option.is_flag else f" {option.metavar or say('VALUE')}"
    return names + value, say(option.help)


def overview_lines(
    summary: str, examples: Mapping[str, str], rooms: Mapping[str, Mapping[str, str]], width: int, say: Speech
) -> list[Line]:
    """The help of the whole program.

    Args:
        summary: what it is.
        examples: command lines, and what each does.
        rooms: its commands with their help, by what they are for.
        width: cells of a line.
        say: the reader's language.
    """
    lines = [*wrap([(say(summary), "")], width), []]
    lines += [*wrap([(f"kb {say('COMMAND')} [{say('OPTIONS')}]", "code")], width, say("Usage: ")), []]
    lines += example_lines(examples, width, say)
    for room, commands in rooms.items():
        lines += [[(say(room), "heading")]]
        lines += [*table_lines([(name, say(text)) for name, text in commands.items()], width), []]
    lines += [[(say("Options"), "heading")]]
    return [*lines, *table_lines([(name, say(what)) for name, what in ALWAYS.items()], width)]


ALWAYS = {
    "--json": "One JSON object on stdout.",
    "--deck DIR": "Another deck than the built-in one; KB_DECK names it too.",
    "--lang LANG": "Language: en, zh; KB_LANG names it too.",
    "--plain": PLAIN[1],
    "--version": "Show the version.",
    "--install-completion": "Let bash, zsh or fish complete commands, entries and options with Tab.",
    "-h, --help": "Show this text; kb COMMAND --help shows a command's.",
}
"""Options that may stand before the command or after it, but for the last three."""
