"""The built-in deck's known messages: every example makes the installed torch print its message, and what it prints is
found, with that message first; what the processor here cannot raise names where its wording stands."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.search.known_messages import KnownMessage, Role, read_messages
from kb.search.log_text import LogText
from kb.search.message_scan import Scanner, root_first
from tests.conftest import CONTENT

MESSAGES, COMPLAINTS = read_messages(read_deck(CONTENT)[0])
SHARDS = 8

LEAST = 150
"""Wordings that the deck knows at least."""

PROGRAM = "  1 import torch\n"
"""A line of the program around it, as tracebacks show them."""

# One process for many examples: the import of torch takes longer than any of them.
PLAYER = textwrap.dedent(
    """
    import contextlib, io, json, os, sys, tempfile, traceback, warnings

    told = {}
    for name, source in json.load(sys.stdin).items():
        errors, where = io.StringIO(), os.getcwd()
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stderr(errors),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("always")
            os.chdir(folder)
            try:
                exec(compile(source, "example.py", "exec"), {"__name__": "__main__"})
            except BaseException:
                traceback.print_exc(file=errors)
            finally:
                os.chdir(where)
        told[name] = errors.getvalue()
    sys.__stdout__.write("\\n" + json.dumps(told))
    sys.__stdout__.flush()
    os._exit(0)  # whatever threads an example has left
    """
)


def test_the_file_is_in_order() -> None:
    """Nothing is wrong with it, it knows enough, and each message is run or says where it stands."""
    assert COMPLAINTS == []
    assert sum(len(one.patterns) for one in MESSAGES) >= LEAST
    assert [one.id for one in MESSAGES if not (one.example or one.source)] == []
    assert len({one.id for one in MESSAGES}) == len(MESSAGES)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_examples(shard: int, tmp_path: Path) -> None:
    """An error is found first; a warning, and what hands on or follows from another error, is found."""
    chosen = [one for one in MESSAGES if one.example][shard::SHARDS]
    done = subprocess.run(
        [sys.executable, "-c", PLAYER],
        input=json.dumps({one.id: one.example for one in chosen}),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    scanner = Scanner(MESSAGES)
    assert [(one.id, told[one.id][-300:]) for one in chosen if not is_found(one, scanner, PROGRAM + told[one.id])] == []


def is_found(message: KnownMessage, scanner: Scanner, text: str) -> bool:
    """Whether what was printed is read as the message."""
    log = LogText(text)
    ids = [found.known.id if found.known else "" for found in root_first(scanner.scan(log), log)]
    return message.id in ids and (ids[0] == message.id or message.role is not Role.ERROR)
