"""Input of several lines: at the prompt with colours and indentation, or in the learner's own editor."""

import os
import signal
import sys
import tempfile
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kb.screen.editor import open_editor

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings


def type_lines(prompt: str, before: str, redraw: Callable[[], None], can_redraw: bool) -> str | None:
    """Lines typed at the prompt, ended by an empty one; a line that begins with a colon ends the input at once.

    Args:
        prompt: what stands above the lines.
        before: lines to begin with, from an earlier try.
        redraw: shows what stands above the prompt, after Ctrl-Z and fg.
        can_redraw: whether lines may be drawn over while they are typed.

    Returns:
        The lines; None if the learner pressed Ctrl-D.
    """
    # Deferred: 100 ms, for code items alone.
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application.current import get_app_or_none
    from prompt_toolkit.filters import Always
    from prompt_toolkit.input.vt100 import raw_mode
    from prompt_toolkit.lexers import PygmentsLexer
    from prompt_toolkit.utils import is_dumb_terminal
    from pygments.lexers.python import PythonLexer

    session: PromptSession[str] = PromptSession(
        multiline=Always(), key_bindings=_bindings(), lexer=PygmentsLexer(PythonLexer), enable_suspend=True
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
        return session.prompt(f"{prompt} >\n", default=before).rstrip()
    except EOFError:
        return None
    finally:
        signal.signal(signal.SIGCONT, handler)
        os.environ["TERM"] = term


def _bindings() -> "KeyBindings":
    """Enter ends a command and an empty line, and goes on with the indentation; Tab indents."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        document = buffer.document
        is_command = document.line_count == 1 and document.text.lstrip().startswith(":")
        if is_command or (document.is_cursor_at_the_end and not document.current_line.strip()):
            buffer.validate_and_handle()
        else:
            indent = document.current_line[: len(document.current_line) - len(document.current_line.lstrip())]
            deeper = "    " if document.current_line_before_cursor.rstrip().endswith(":") else ""
            buffer.insert_text("\n" + indent + deeper)

    @bindings.add("tab")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("    ")

    return bindings


def edit_lines(before: str, environ: Mapping[str, str]) -> str:
    """Lines written in the learner's editor.

    Raises:
        KbError: there is no editor, or it failed.
    """
    handle, name = tempfile.mkstemp(suffix=".py", prefix="kb-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(before)
        open_editor(Path(name), environ)
        return Path(name).read_text(encoding="utf-8", errors="replace").rstrip()
    finally:
        Path(name).unlink(missing_ok=True)
