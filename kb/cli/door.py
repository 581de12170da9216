"""Door: where a command line comes in, and where whatever goes wrong becomes one line and an exit code."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from kb.cli.arguments import arranged
from kb.cli.finding import find, plain_words
from kb.cli.streams import let_go
from kb.errors import INTERRUPTED, KbError

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Somebody ends the program, the terminal's window is closed."""


class Ended(BaseException):
    """A signal that ends the program: what is open is closed on the way out, the terminal's modes among it."""


def run_app(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code, or minus the signal that is to end the process.

    Every error is one line on stderr, and a code that tells its kind.
    """
    words, is_plain = arranged(arguments)
    if is_plain:
        os.environ["KB_PLAIN"] = "1"
    own = os.getpid()

    def end(number: int, _: object) -> NoReturn:
        if os.getpid() != own:
            os._exit(128 + number)  # a child that is about to become something else has nothing to put in order
        for other in ENDING:
            signal.signal(other, signal.SIG_IGN)  # another one while things are put in order is one too many
        raise Ended(number)

    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, end)
    try:
        code = _run(words)
    except Ended as ended:
        code = -int(ended.args[0])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            let_go(stream)
        except (OSError, ValueError):
            let_go(stream)
            code = code or 1  # what could not be written is lost, and the exit code says so
    return code


def _run(words: Sequence[str]) -> int:
    """Run a command; what goes wrong is said."""
    try:
        code = _done(words)
        sys.stdout.flush()
    except BrokenPipeError:
        let_go(sys.stdout)  # whoever read the output has enough
        return 0
    except KbError as error:
        return _fail(error, words)
    except KeyboardInterrupt:
        return _fail(_interruption(), words)
    except OSError as error:
        return _fail(_system_error(error), words)
    except Exception as error:
        if os.environ.get("KB_TRACEBACK"):
            raise
        return _fail(_mistake(error), words)
    return code


def _done(words: Sequence[str]) -> int:
    """Run a command; plain words are searched for without the parser, which takes as long as the search."""
    if (text := plain_words(words)) is not None:
        return find(" ".join(text))
    from kb.cli.parsing import run_parsed

    return run_parsed(words)


def _fail(error: KbError, words: Sequence[str]) -> int:
    """Say what is wrong, in one line and in the reader's language."""
    from kb.screen.language import spoken_language  # most commands end well
    from kb.screen.layout import wrap
    from kb.screen.messages import Speech
    from kb.screen.terminal import Terminal
    from kb.screen.width import visible

    text = visible(" ".join(Speech(spoken_language(words, os.environ)).error(error).split()))
    terminal = Terminal(sys.stderr)
    # One line; where a terminal is narrower it is broken between words.
    lines = wrap([(f"kb: {text}", "")], terminal.width)
    try:
        sys.stdout.flush()
    except OSError:
        let_go(sys.stdout)
    with suppress(OSError):  # nobody may be there to read it; the exit code tells
        terminal.print(lines)
    return error.exit_code


def _mistake(error: Exception) -> KbError:
    """What no other line here expects: a mistake of the program's own, which is told as one."""
    return KbError(
        "a mistake of the program's own: {kind}: {reason}",
        "nothing that was saved is lost; KB_TRACEBACK=1 shows where it is",
        kind=type(error).__name__,
        reason=str(error)[:200],
    )


def _interruption() -> KbError:
    """Ctrl-C."""
    error = KbError("interrupted", "nothing is lost")
    error.exit_code = INTERRUPTED
    return error


def _system_error(error: OSError) -> KbError:
    """What the system refused."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return KbError("the system refuses: {reason}", "free space or mend permissions", reason=reason)
    return KbError("{path}: {reason}", "free space or mend permissions", path=error.filename, reason=reason)
