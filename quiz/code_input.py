"""Input of several lines at the prompt, with colours and indentation; and the commands that are typed among them."""

import os
import re
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kb.screen.keys import END
from quiz.options import narrow

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding import KeyBindings

# No line of Python begins with a colon, but for a slice that goes on there. An input method may give the wide ones.
_COMMAND = re.compile(r"\s*[:：]([A-Za-z一-鿿?？!！]+)\s*")
_HELP = re.compile(r"\s*[?？]\s*")
"""Nor is this one, which asks for help wherever a line is typed."""


class Typed(NamedTuple):
    """What was typed at the prompt."""

    lines: str
    """Without the line of the command, if there was one."""
    command: str = ""
    """As ``:h``; END for Ctrl-D behind lines; empty if the lines are the answer."""


def split_command(text: str, row: int, before: str = "") -> Typed | None:
    """Lines and the command among them, if there is one.

    Args:
        text: what stands at the prompt.
        row: of the line that was ended, from 0: a command has it for itself.
        before: lines that stood there already: a command may be typed right behind them.
    """
    lines = text.split("\n")
    if found := _COMMAND.fullmatch(lines[row]):
        return Typed("\n".join([*lines[:row], *lines[row + 1 :]]).rstrip(), f":{narrow(found[1])}")
    if _HELP.fullmatch(lines[row]):
        return Typed("\n".join([*lines[:row], *lines[row + 1 :]]).rstrip(), ":?")
    if before and text.startswith(before) and (found := _COMMAND.fullmatch(text[len(before) :])):
        return Typed(before.rstrip(), f":{narrow(found[1])}")
    return None


def type_lines(prompt: str, before: str, redraw: Callable[[], None], can_redraw: bool) -> Typed | None:
    """Lines typed at the prompt, ended by an empty one, or by a line that is a command.

    Args:
        prompt: what stands above the lines.
        before: lines to begin with, from an earlier try.
        redraw: shows what stands above the prompt, after Ctrl-Z and fg.
        can_redraw: whether lines may be drawn over while they are typed.

    Returns:
        What was typed; None if Ctrl-D was pressed where nothing was.
    """
    # Deferred: 100 ms, for code items alone.
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application.current import get_app_or_none
    from prompt_toolkit.filters import Always
    from prompt_toolkit.input.vt100 import raw_mode
    from prompt_toolkit.lexers import PygmentsLexer
    from prompt_toolkit.utils import is_dumb_terminal
    from pygments.lexers.python import PythonLexer

    commands: list[Typed] = []
    session: PromptSession[str] = PromptSession(
        multiline=Always(),
        key_bindings=_bindings(before, commands.append),
        lexer=PygmentsLexer(PythonLexer),
        enable_suspend=True,
    )

    def resume(*_: object) -> None:
        app = get_app_or_none()
        if app is None or app.loop is None:
            return
        with suppress(termios.error):  # a terminal that goes away sends this too
            # The shell's own modes are there; what was before it is restored in the end.
            raw_mode(sys.stdin.fileno()).__enter__()

        def draw() -> None:
            try:
                app.output.write("\n")
                app.output.flush()
                redraw()
            except Exception as error:  # the learner leaves, at a scene that is longer than the screen
                app.exit(exception=error)
            app.renderer.reset()
            app.invalidate()
            if is_dumb_terminal():  # there the prompt is written once, and then what is typed
                sys.stdout.write(f"{prompt} >\n{app.current_buffer.text}")
                sys.stdout.flush()

        app.loop.call_soon_threadsafe(draw)

    handler = signal.signal(signal.SIGCONT, resume)
    term = os.environ.get("TERM", "")
    if not can_redraw:
        os.environ["TERM"] = "dumb"  # prompt_toolkit's own way of drawing nothing over
    try:
        given = session.prompt(f"{prompt} >\n", default=before).rstrip()
        return commands[-1] if commands else Typed(given)
    except EOFError:
        return None
    finally:
        signal.signal(signal.SIGCONT, handler)
        os.environ["TERM"] = term


def _bindings(before: str, on_command: Callable[[Typed], None]) -> "KeyBindings":
    """Enter ends a command and an empty line, and goes on with the indentation; Tab indents; Ctrl-D leaves."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    bindings = KeyBindings()

    def end(buffer: "Buffer", command: Typed) -> None:
        on_command(command)
        buffer.validate_and_handle()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        document = buffer.document
        if command := split_command(document.text, document.cursor_position_row, before):
            end(buffer, command)
        elif document.is_cursor_at_the_end and not document.current_line.strip():
            buffer.validate_and_handle()
        else:
            indent = document.current_line[: len(document.current_line) - len(document.current_line.lstrip())]
            deeper = "    " if document.current_line_before_cursor.rstrip().endswith(":") else ""
            buffer.insert_text("\n" + indent + deeper)

    @bindings.add("tab")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("    ")

    @bindings.add("c-d")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if not buffer.text.strip():
            event.app.exit(exception=EOFError())
        elif buffer.document.is_cursor_at_the_end:
            end(buffer, Typed(buffer.text.rstrip(), END))
        else:
            buffer.delete()

    return bindings
