"""Board: the learner's screen during a session.

Nothing that was not read yet scrolls away, and after a change of the terminal's size or Ctrl-Z the scene is drawn anew.
"""

from collections.abc import Callable, Iterable

from kb.screen.keys import END, Keyboard, key_line
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from kb.screen.terminal import Terminal


class Leave(Exception):  # noqa: N818 a wish of the learner's, no error
    """The learner ends the session."""


class Board:
    """Prints a session's scenes and takes keys and typed lines."""

    def __init__(self, out: Terminal, say: Speech) -> None:
        self.out = out
        self.say = say
        """The language of the moment: a key changes it."""
        self.scene: Callable[[], None] = lambda: None
        """Draws what is on the screen."""
        self._keys: tuple[tuple[str, str], ...] = ()
        self._keyboard = Keyboard()
        self._rows = 0
        """Lines shown since the learner pressed a key."""

    def begin(self, scene: Callable[[], None]) -> None:
        """A new scene, on a screen whose lines have all been read."""
        self._rows = 0
        self.scene = scene
        scene()

    def print(self, *lines: Line) -> None:
        """Print lines that are short by themselves."""
        self.show(lines)

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines; before the first of what was not read yet scrolls away, wait for a key.

        Raises:
            Leave: the key was that for leaving.
        """
        for line in lines:
            if self._rows >= self.out.height - 2:
                self.out.write(f"— {self.say('more')} —")
                self.out.stream.flush()
                key = self._keyboard.read()
                self.out.write("\r\x1b[2K")
                if key in ("q", END):
                    raise Leave
                self._rows = 0
            self.out.print([line])
            self._rows += 1

    def overwrite(self, text: str) -> None:
        """Put a text in the place of the present line."""
        self.out.write("\r\x1b[2K" + text)
        self.out.stream.flush()

    def keys(self, *keys: tuple[str, str]) -> None:
        """Show the keys that work now, each with what it does, at the bottom."""
        self._keys = keys
        self.show_keys()

    def show_keys(self) -> None:
        """The keys that work now, once more."""
        self.out.print(wrap(key_line(self._keys, self.say), self.out.width))

    def redraw(self) -> None:
        """The present scene again: the terminal has another size, or the program was away."""
        self._rows = 0
        self.scene()
        self.show_keys()

    def read_key(self) -> str:
        """The next key."""
        key = self._keyboard.read(self.redraw)
        self._rows = 0
        return key

    def read_line(self, prompt: str) -> str:
        """A typed line.

        Raises:
            Leave: Ctrl-D was pressed.
        """
        # Loading readline gives input() its editing keys.
        import readline  # noqa: F401

        try:
            return input(prompt)
        except EOFError:
            raise Leave from None
        finally:
            self._rows = 0

    def read_lines(self, prompt: str, before: str) -> str:
        """Several typed lines, beginning with those of an earlier try.

        Raises:
            Leave: Ctrl-D was pressed.
        """
        from quiz.code_input import type_lines  # deferred: prompt_toolkit takes 100 ms, and code items alone need it

        given = type_lines(prompt, before)
        self._rows = 0
        if given is None:
            raise Leave
        return given
