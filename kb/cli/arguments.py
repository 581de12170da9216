"""Arguments: a command line put into the order in which its options are read."""

import re
from collections.abc import Mapping, Sequence

COMMON = {"--json": False, "--plain": False, "--deck": True, "--lang": True}
"""Options of every command, and whether a value follows; they may stand before the command, too. ``--plain`` is the
same as ``KB_PLAIN=1``, and is taken away before a command sees its options."""


def arranged(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """A command line whose command comes first, and whether ``--plain`` was in it.

    Options of every command may stand before it: ``kb --lang zh list``.
    """
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    words = [*(word for word in arguments[:end] if word != "--plain"), *arguments[end:]]
    before: list[str] = []
    while words and (name := words[0].partition("=")[0]) in COMMON:
        before += [words.pop(0)]
        if COMMON[name] and "=" not in before[-1]:
            before += words[:1]
            words = words[1:]
    if words and not words[0].startswith("-"):
        return [words[0], *before, *words[1:]], "--plain" in arguments[:end]
    return [*before, *words], "--plain" in arguments[:end]


def with_dashes(arguments: Sequence[str], own: Mapping[str, bool]) -> list[str]:
    """A command's arguments with its options first, then ``--`` and every other word, whatever it begins with;
    with its options alone where the last of them lacks its value.

    Args:
        arguments: as they were typed.
        own: the command's long options, and those of one letter that it takes; whether a value follows each.
    """
    known = {"-h": False, "--help": False, **COMMON, **own}
    options: list[str] = []
    words: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name = word.partition("=")[0]
        if word == "--":
            words += waiting
            break
        if name in known:
            options.append(word)
            if known[name] and name == word:
                if not waiting or waiting[0] == "--" or waiting[0] in known:
                    return options  # the parser tells that it needs a value; `--` would be taken for one
                options.append(waiting.pop(0))
        elif word.startswith("--") or (word[:2] in known and re.fullmatch(r"=?\d+", word[2:])):
            options.append(word)  # an unknown one is told; `-n3` is an option with its value
        else:
            words.append(word)
    return [*options, "--", *words]
