"""Picker: search while typing, on a terminal."""

from typing import TYPE_CHECKING

from kb.context import Context
from kb.screen.hit_lines import hit_parts
from kb.screen.keys import BACKSPACE, DOWN, END, ENTER, ESCAPE, UP, Keyboard, key_lines
from kb.screen.layout import NO_WRAP, Line, clip

if TYPE_CHECKING:
    from kb.search.searcher import Hit  # for its name alone

ACTIONS = {"r": "run", "q": "quiz"}
"""What a letter does to the entry that is pointed at."""

MOST_TYPED = 2_000
"""Characters of a query at most: a pasted log's first ones say enough."""

LINES = 5
"""Hits at a time where nothing is redrawn."""

HITS = 20
"""Hits at most where the list scrolls."""

POINTER = "> "
"""Stands before the entry that is pointed at: colours may not be shown."""


def pick(context: Context) -> tuple[str, int] | None:
    """Let the reader type and choose.

    Returns:
        ``show``, ``run`` or ``quiz``, and the entry's number; None if nothing was chosen.
    """
    out = context.out
    if not out.can_redraw:
        return _pick_by_lines(context)
    # Another screen, after which this one comes back as it was; and pastes are marked, so that no line end of theirs is
    # Enter.
    out.write("\x1b[?1049h\x1b[?2004h")
    try:
        picker = _Picker(context)
        with picker.keyboard:
            return picker.run()
    finally:
        out.write("\x1b[?2004l\x1b[?1049l")
        out.stream.flush()


def _pick_by_lines(context: Context) -> tuple[str, int] | None:
    """The same where nothing may be redrawn: a line of words, the hits, and so on until a number is typed."""
    import readline  # noqa: F401 gives input() its editing keys

    say, out = context.say, context.out
    while True:
        try:
            text = input(f"{say('words, or the number of an entry; nothing to quit')}: ").strip()
        except EOFError:
            return None
        if not text:
            return None
        if text.isdecimal():
            return "show", context.chosen_one([text])
        hits = context.searcher.search(text, LINES, say.language).hits
        parts = hit_parts(hits, context.records, context.torch, out.width, say)
        out.print([line for part in parts for line in part] or [[(say("nothing found"), "dim")]])


class _Picker:
    """What was typed, and which hit is pointed at."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.keyboard = Keyboard(on_paste=self.paste)
        self.text = ""
        self.place = -1
        """The hit that is pointed at; -1 while the reader types."""
        self.numbers: list[int] = []
        """The entries that were found, those on one subject after each other."""
        self._hits: tuple[Hit, ...] = ()
        self._found_for: str | None = None
        self._first = 0
        """The uppermost entry that is shown."""

    def run(self) -> tuple[str, int] | None:
        while True:
            self.draw()
            key = self.keyboard.read(self.draw)
            if key in (ESCAPE, END):
                return None
            if key == ENTER:
                if self.numbers:
                    return "show", self.numbers[max(0, self.place)]
            elif key == DOWN:
                self.place = min(self.place + 1, len(self.numbers) - 1)
            elif key == UP:
                self.place = max(-1, self.place - 1)
            elif self.place >= 0 and key in ACTIONS and self.numbers:
                return ACTIONS[key], self.numbers[self.place]
            elif key == BACKSPACE:
                self.text, self.place = self.text[:-1], -1
            elif key == "\x15":  # Ctrl-U
                self.text, self.place = "", -1
            elif key.isprintable() and len(key) == 1:
                self.text, self.place = self.text + key, -1

    def paste(self, text: str) -> None:
        """What was pasted is typed, its lines as one."""
        self.text, self.place = (self.text + " ".join(text.split()))[:MOST_TYPED], -1
        self.draw()

    def draw(self) -> None:
        context, out = self.context, self.context.out
        self.find()
        lines: list[Line] = [[("> ", "strong"), (clip(self.text, max(4, out.width - 3)), ""), ("▏", "dim")]]
        lines += self.shown(max(1, out.height - 2))
        if self.text.strip() and not self.numbers:
            lines.append([(context.say("nothing found"), "dim")])
        keys = (
            [("Enter", "show"), ("r", "run"), ("q", "ask"), ("↑", "back"), ("Esc", "quit")]
            if self.place >= 0
            else [("Enter", "show"), ("↓", "choose"), ("Esc", "quit")]
        )
        out.write("\x1b[H\x1b[2J")
        out.print(lines[: max(1, out.height - 1)])
        while len(keys) > 1 and len(key_lines(keys, context.say, out.width - 1)) > 1:
            del keys[-2]  # the way out is the last to go
        (line,) = key_lines(keys, context.say, NO_WRAP)
        out.write(f"\x1b[{out.height};1H" + out.styled(line))
        out.stream.flush()

    def find(self) -> None:
        """Search for what was typed, unless it is what was searched for last."""
        if self.text == self._found_for:
            return
        self._found_for, self._first = self.text, 0
        self._hits = self.context.searcher.search(self.text, HITS, self.context.say.language, is_typing=True).hits
        self.numbers = [number for hit in self._hits for number in (hit.summary.number, *hit.also)]
        self.place = min(self.place, len(self.numbers) - 1)

    def shown(self, room: int) -> list[Line]:
        """The entries that a number of lines holds, the one that is pointed at among them."""
        context = self.context
        width = context.out.width - len(POINTER)
        parts = hit_parts(self._hits, context.records, context.torch, width, context.say)
        self._first = min(self._first, max(0, self.place))
        while self._first < self.place and sum(map(len, parts[self._first : self.place + 1])) > room:
            self._first += 1
        lines: list[Line] = []
        for at, (title, *rest) in enumerate(parts[self._first :], self._first):
            if at == self.place:
                lines.append([(POINTER, "key"), *((text, "key") for text, _ in title)])
            else:
                lines.append([(" " * len(POINTER), ""), *title])
            lines += [[(" " * len(POINTER), ""), *line] for line in rest]
        return lines[:room]
