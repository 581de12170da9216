"""Parsing: a command line read by typer, and what typer finds wrong with one, in our words."""

import re
from collections.abc import Sequence
from typing import Any

import typer

from kb.cli.app import COMMANDS, app
from kb.errors import UsageError


def run_parsed(words: Sequence[str]) -> int:
    """Read a command line and run its command; returns the exit code.

    Raises:
        UsageError: it cannot be read.
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        code = app(words, prog_name="kb", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        raise _usage_error(error, words) from None
    return code if isinstance(code, int) else 0


def _usage_error(error: Any, words: Sequence[str]) -> UsageError:
    """What typer found wrong with a command line, in our words: it says it in English alone."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else f"kb {words[0]}" if words[:1] and words[0] in COMMANDS else "kb"
    parameter = getattr(error, "param", None)
    name = parameter and (typed_name(parameter, words) if parameter.param_type_name == "option" else parameter.metavar)
    match type(error).__name__:
        case "NoSuchOption" if near := _nearest_option(error):
            return UsageError(
                "{command} has no option {name}",
                "did you mean {near}?",
                command=command,
                name=error.option_name,
                near=near,
            )
        case "NoSuchOption":
            return UsageError(
                "{command} has no option {name}",
                "{command} --help lists all",
                command=command,
                name=error.option_name,
            )
        case "MissingParameter":
            return UsageError("{command} needs {name}", "{command} --help shows how", command=command, name=name)
        case "BadOptionUsage" if "does not take" in error.message:
            return UsageError(
                "{name} takes no value", "{command} --help shows how", command=command, name=error.option_name
            )
        case "BadOptionUsage":
            return UsageError(
                "{name} needs a value", "{command} --help shows how", command=command, name=error.option_name
            )
        case "BadParameter" if parameter is not None:
            return _bad_value(name, parameter.type, command)
    if extra := re.match(r"Got unexpected extra argument\S* \((.*)\)", error.format_message()):
        what = "{words} is more than {command} takes"
        return UsageError(what, "{command} --help shows how", command=command, words=extra[1])
    return UsageError(
        "{command} cannot be read: {reason}",
        "{command} --help shows how",
        command=command,
        reason=error.format_message().rstrip("."),
    )


def _nearest_option(error: Any) -> str:
    """The option that was probably meant: of those that the parser finds near, and of the one that it never sees."""
    from difflib import get_close_matches  # deferred, as in app.py

    near = list(error.possibilities or ())
    found = get_close_matches(error.option_name, [*near, "--plain"], n=1, cutoff=0.0 if near else 0.8)
    return found[0] if found else ""


def typed_name(option: Any, words: Sequence[str]) -> str:
    """An option by the name that it was typed by."""
    longest = sorted(option.opts, key=len, reverse=True)
    typed = (name for name in longest if any(_is_named(word, name) for word in words))
    return str(next(typed, option.opts[-1]))


def _is_named(word: str, name: str) -> bool:
    """Whether a word is an option, with or without a value in it."""
    return word == name or word.startswith(f"{name}=" if name.startswith("--") else name)


def _bad_value(name: str | None, wanted: Any, command: str) -> UsageError:
    """A value that is no number, or none of those that an option takes."""
    least, most = getattr(wanted, "min", None), getattr(wanted, "max", None)
    is_whole = "int" in wanted.name
    if least is not None and most is not None:
        what = "{name} takes a whole number from {least} to {most}"
    elif least is not None:
        what = "{name} takes a whole number of {least} or more"
    elif is_whole:
        what = "{name} takes a whole number"
    else:
        what = "{name} takes a number"
    return UsageError(what, "{command} --help shows how", name=name, least=least, most=most, command=command)
