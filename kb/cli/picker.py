"""Picker: search while typing, on a terminal."""

from kb.context import Context
from kb.screen.hit_lines import hit_lines
from kb.screen.keys import BACKSPACE, DOWN, END, ENTER, ESCAPE, UP, Keyboard, key_lines
from kb.screen.layout import NO_WRAP, Line, clip

ACTIONS = {"r": "run", "q": "quiz"}
"""What a letter does to the entry that is pointed at."""

MOST_TYPED = 2_000
"""Characters of a query at most: a pasted log's first ones say enough."""

LINES = 5
"""Hits at a time where nothing is redrawn."""


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
        out.print(hit_lines(hits, context.records, context.torch, out, say) or [[(say("nothing found"), "dim")]])


class _Picker:
    """What was typed, and which hit is pointed at."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.keyboard = Keyboard(on_paste=self.paste)
        self.text = ""
        self.place = -1
        """The hit that is pointed at; -1 while the reader types."""
        self.numbers: list[int] = []

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
        room = max(1, (out.height - 3) // 2)
        hits = context.searcher.search(self.text, room, context.say.language, is_typing=True).hits
        self.numbers = [hit.summary.number for hit in hits]
        self.place = min(self.place, len(self.numbers) - 1)
        lines: list[Line] = [[("> ", "strong"), (clip(self.text, max(4, out.width - 3)), ""), ("▏", "dim")]]
        for at, hit in enumerate(hits):
            shown = hit_lines([hit], context.records, context.torch, out, context.say)
            if at == self.place:
                shown[0] = [
                    (">", "key"),
                    *((text[1:] if part == 0 else text, "key") for part, (text, _) in enumerate(shown[0])),
                ]
            lines += shown
        if self.text.strip() and not hits:
            lines.append([(context.say("nothing found"), "dim")])
        keys = (
            [("Enter", "show"), ("r", "run"), ("q", "ask"), ("↑", "back"), ("Esc", "quit")]
            if self.place >= 0
            else [("Enter", "show"), ("↓", "choose"), ("Esc", "quit")]
        )
        body = lines[: max(1, out.height - 2)]
        out.write("\x1b[H\x1b[2J")
        out.print(body)
        while len(keys) > 1 and len(key_lines(keys, context.say, out.width - 1)) > 1:
            del keys[-2]  # the way out is the last to go
        (line,) = key_lines(keys, context.say, NO_WRAP)
        out.write(f"\x1b[{out.height};1H" + out.styled(line))
        out.stream.flush()
