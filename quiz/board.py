"""Board: the learner's screen during a session.

Nothing that was not read yet scrolls away, and after a change of the terminal's size or Ctrl-Z the scene is drawn anew.
While the board is open (``with board:``) keys are taken and none is shown, also while nothing reads them; what was
pressed before a question was there answers nothing.
"""

import signal
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kb.errors import KbError
from kb.screen.keys import BACKSPACE, END, ENTER, ESCAPE, Keyboard, key_lines
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal
from kb.screen.width import width_of
from quiz.options import narrow

if TYPE_CHECKING:
    from quiz.code_input import Typed

PAUSE = 0.3
"""Seconds without a key after something new was shown, before keys count again: nobody reads faster."""

REPEAT_DELAY = 0.7
"""Seconds that a key is held before a terminal repeats it, at most."""


class Leave(Exception):  # noqa: N818 a wish of the learner's, no error
    """The learner ends the session."""


class Board:
    """Prints a session's scenes and takes keys and typed lines."""

    def __init__(self, out: Terminal, say: Speech, clock: Callable[[], float] = time.monotonic) -> None:
        self.out = out
        self.say = say
        """The language of the moment: a key changes it."""
        self.scene: Callable[[], None] = lambda: None
        """Draws what is on the screen."""
        self._keys: tuple[tuple[str, str], ...] = ()
        self._keyboard = Keyboard()
        self._page: list[Line] = []
        """Lines shown since the learner pressed a key."""
        self.is_cut = False
        """Whether the learner left what is shown before its end: nothing more of it is, up to the next prompt."""
        self._painted = self._below = 0
        """Lines of a picture that can still be drawn over, and of keys under it."""
        self._clock = clock
        self._last, self._last_at = "", 0.0
        """The key that came last, and when by the clock; it may still be held."""
        self._deaf_until = 0.0
        """Until then that key counts as held."""

    def __enter__(self) -> "Board":
        self._keyboard.__enter__()
        self._mark_pastes(True)
        return self

    def __exit__(self, *_: object) -> None:
        self._mark_pastes(False)
        self._keyboard.__exit__()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The terminal as it was before, for somebody else who reads from it: a line's editor, a pager, a program."""
        self.__exit__()
        try:
            yield
        finally:
            with suppress(termios.error):  # the terminal is gone
                self.__enter__()
            self._page.clear()  # all that stood there before was read

    def _mark_pastes(self, is_on: bool) -> None:
        """Have the terminal say what is pasted: no key of a paste is meant for a question."""
        if self.out.can_redraw:
            with suppress(OSError):  # the terminal is gone
                self.out.write("\x1b[?2004h" if is_on else "\x1b[?2004l")
                self.out.stream.flush()

    def begin(self, scene: Callable[[], None]) -> None:
        """A new scene, on a screen whose lines have all been read. What was pressed before it is forgotten."""
        self.drop_keys()
        self._page.clear()
        self.is_cut = False
        self.scene = scene
        scene()

    def drop_keys(self) -> None:
        """Forget what was pressed while something else was on the screen, or nothing was asked."""
        self._keyboard.drop()

    def settle(self, may_repeat: bool = True) -> None:
        """Wait until no key is pressed any more: something new is there to be read, and neither a key that is held nor
        one that was pressed before it could be read answers it. The line of keys comes when keys count.

        Args:
            may_repeat: whether the key that was pressed last may be pressed again at once. If not, it is not heard
                until it would repeat itself; Enter, which goes on, is waited for as long.
        """
        self.drop_keys()
        self.is_cut = False
        self._deaf_until = 0.0 if may_repeat else self._last_at + REPEAT_DELAY
        pause = max(PAUSE, self._deaf_until - self._clock()) if self._last == ENTER else PAUSE
        while self._keyboard.read_within(pause) not in ("", END):
            pause = PAUSE

    def print(self, *lines: Line) -> None:
        """Print lines that are short by themselves."""
        self.show(lines)

    def tell(self, error: KbError) -> None:
        """Say in one line what went wrong; the session goes on."""
        self.show(wrap([(f"kb: {self.say.error(error)}", "warn")], self.out.width))

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines; before the first of what was not read yet scrolls away, wait for a key: that for leaving ends
        these lines and all that would follow up to the prompt, and not the session.

        Raises:
            Leave: the terminal is gone, or Ctrl-D was pressed.
        """
        self._painted = 0
        for line in lines:
            if len(self._page) >= self.out.height - 2 and not self.is_cut:
                self._wait_for_more()
            if self.is_cut:
                break
            self.out.print([line])
            self._page.append(line)

    def _wait_for_more(self) -> None:
        def prompt() -> None:
            self.out.write(more_line(self.say, self.out.width))
            self.out.stream.flush()

        def redraw() -> None:
            self._mark_pastes(True)
            self.out.write("\n")
            self.out.print(self._page)
            prompt()

        prompt()
        try:
            key = narrow(self._keyboard.read(redraw))
        except KeyboardInterrupt:
            key = ESCAPE
        self.out.write("\r\x1b[2K" if self.out.can_redraw else "\n")
        if key == END:
            raise Leave
        self.is_cut = key in ("q", "Q", ESCAPE)
        self._page.clear()

    def paint(self, lines: list[Line]) -> None:
        """Show lines in the place of those that were painted last, with the keys below them; further down where nothing
        may be drawn over, or something else was shown since."""
        height = self._painted + self._below
        if self._painted and height < self.out.height and self.out.can_redraw:
            self.out.write(f"\x1b[{height}A\r\x1b[J")
            self.out.print(lines)
        else:
            self.show(lines)
        self._painted, self._below = 0 if self.is_cut else len(lines), 0

    def keys(self, *keys: tuple[str, str]) -> None:
        """Show the keys that work now, each with what it does, at the bottom."""
        self._keys = keys
        self.show_keys()

    def show_keys(self) -> None:
        """The keys that work now, once more."""
        self.is_cut = False
        lines = key_lines(self._keys, self.say, self.out.width)
        self._below += len(lines)
        self.out.print(lines)

    def redraw(self) -> None:
        """The present scene again: the terminal has another size, or the program was away."""
        self._mark_pastes(True)
        self._page.clear()
        self.is_cut = False
        self._painted = 0  # of another width
        self.scene()
        self.show_keys()

    def read_key(self) -> str:
        """The next key: a name, or a character that can be seen, in the width in which keys are named. One that is
        still held does not count."""
        while True:
            key = narrow(self._keyboard.read(self.redraw))
            if key.isprintable() and not self._is_held(key):
                self._page.clear()
                return key

    def _is_held(self, key: str) -> bool:
        is_held = key == self._last != END and self._clock() < self._deaf_until
        self._last, self._last_at = key, self._clock()
        return is_held

    def read_command(self) -> str:
        """The key that follows a colon; nothing if it was thought better of."""
        self.out.write(":" if self.out.can_redraw else ":\n")
        self.out.stream.flush()
        key = self.read_key()
        if self.out.can_redraw:
            self.out.write("\r\x1b[2K")
            self.out.stream.flush()
        return "" if key in (ENTER, ESCAPE, BACKSPACE) else key

    def read_key_within(self, seconds: float, redraws: bool = False) -> str:
        """The next key, or nothing if none comes in time, or one that cannot be seen.

        Args:
            seconds: how long to wait.
            redraws: whether the scene is drawn anew where that is due.
        """
        key = self._keyboard.read_within(seconds, self.redraw if redraws else None)
        if key and redraws:
            self._page.clear()
        return key if key.isprintable() else ""

    def read_line(self, prompt: str, before: str = "") -> str:
        """A typed line.

        Args:
            prompt: what stands before it.
            before: what stands in it already.

        Raises:
            Leave: Ctrl-D was pressed.
        """
        # Loading readline gives input() its editing keys.
        import readline

        encoding = self.out.stream.encoding or "ascii"
        prompt = prompt.encode(encoding, "replace").decode(encoding)
        descriptor = sys.stdin.fileno()
        modes: list[Any] = []

        def begin() -> None:
            modes[:] = termios.tcgetattr(descriptor)
            readline.insert_text(before)
            readline.redisplay()

        def resume(*_: object) -> None:
            # After Ctrl-Z and fg the shell's own modes are there, and its lines on the screen.
            with suppress(OSError, termios.error):  # a terminal that goes away sends this too
                self.out.write("\n")
                self.redraw()
                self.out.write(prompt + readline.get_line_buffer())
                self.out.stream.flush()
                if modes:
                    termios.tcsetattr(descriptor, termios.TCSADRAIN, modes)

        with self.lent():
            handler = signal.signal(signal.SIGCONT, resume)
            readline.set_pre_input_hook(begin)
            try:
                return input(prompt)
            except EOFError:
                raise Leave from None
            except UnicodeDecodeError as error:  # bytes that are no text were typed
                return error.object.decode("utf-8", "replace")
            finally:
                readline.set_pre_input_hook()
                signal.signal(signal.SIGCONT, handler)
                self._line_ended()

    def read_lines(self, prompt: str, before: str) -> "Typed":
        """Several typed lines, beginning with those of an earlier try, or a command among them.

        Raises:
            Leave: Ctrl-D was pressed where nothing was typed.
        """
        from quiz.code_input import type_lines  # deferred: prompt_toolkit takes 100 ms, and code items alone need it

        with self.lent():
            given = type_lines(prompt, before, self.redraw, self.out.can_redraw)
        self._line_ended()
        if given is None:
            raise Leave
        return given

    def _line_ended(self) -> None:
        self._page.clear()
        self._painted = 0
        self._last, self._last_at = ENTER, self._clock()


def more_line(say: Speech, width: int) -> str:
    """What stands below lines of which there are more, with the keys where they have room."""
    line = f"— {say('more · any key · q skips the rest')} —"
    return line if width_of(line) < width else f"— {say('more')} —"
